/** What is to be in which bucket. */
import { checkShape, invalid } from '@larder/kit'
import type { Json, JsonSchema, Want } from '@larder/kit'
import { digestOf } from '../naming.ts'
import { asText, render, type Values } from '../template.ts'

interface ObjectRecipe {
  readonly object: {
    readonly bucket: string
    /** Absent: the name outside. */
    readonly key?: string
    readonly content: string
    readonly contentType?: string
  }
  /** Keys of the Secret; absent: all outputs. */
  readonly binding?: { readonly [key: string]: string }
}

const text = { type: 'string' }

export const OBJECT_RECIPE_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    object: {
      type: 'object',
      properties: { bucket: text, key: text, content: text, contentType: text },
      required: ['bucket', 'content'],
    },
    binding: { type: 'object', additionalProperties: text },
  },
  required: ['object'],
}

export interface Place {
  readonly bucket: string
  readonly key: string
}

export interface WantedObject extends Place {
  readonly content: string
  readonly contentType: string
  /** Of content and type. */
  readonly digest: string
  readonly binding: ObjectRecipe['binding']
  readonly values: Values
}

const MAX_KEY_BYTES = 1024
/** As CloudFormation reads it, and a browser shows it. */
const DEFAULT_TYPE = 'text/plain; charset=utf-8'

/** @throws DriverError `invalid` that names the first wrong field. */
export function wantedObject(want: Want): WantedObject {
  const [first] = checkShape(OBJECT_RECIPE_SCHEMA, want.recipe, 'recipe')
  if (first) throw invalid(first.path, `${first.path} ${first.message}`)
  const { object, binding } = want.recipe as unknown as ObjectRecipe
  const { door, apiVersion, kind, namespace, name: origin, uid } = want.origin
  const name = want.name ?? `larder-${want.id}`
  const values: Values = {
    instance: { id: want.id, name },
    plan: { name: want.plan?.name ?? '' },
    origin: given({ door, apiVersion, kind, namespace, name: origin, uid }),
    parameter: want.parameters,
  }
  const textOf = (field: keyof ObjectRecipe['object']): string | undefined => {
    const value = render(object[field] ?? '', values, `recipe.object.${field}`)
    return value === undefined ? undefined : asText(value, `recipe.object.${field}`)
  }
  const bucket = textOf('bucket') ?? ''
  const key = textOf('key') || name
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw invalid('recipe.object.bucket', `recipe.object.bucket: ${JSON.stringify(bucket)} is no name of a bucket`)
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw invalid('recipe.object.key', `recipe.object.key has more than ${MAX_KEY_BYTES} bytes`)
  const content = textOf('content') ?? ''
  const contentType = textOf('contentType') || DEFAULT_TYPE
  return { bucket, key, content, contentType, digest: digestOf(contentType, content), binding, values }
}

const given = (fields: Readonly<Record<string, string | undefined>>): Json =>
  Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined))
