/** What a class of a pool says: which objects are its members. */
import { invalid, type Json, type JsonSchema } from '@larder/kit'

export interface PoolRecipe {
  readonly apiVersion: string
  readonly kind: string
  /** As a list call takes it; absent: all. */
  readonly labels?: string
  /** Absent: every namespace. */
  readonly namespaces?: readonly string[]
  readonly fieldSelector?: string
}

const text: JsonSchema = { type: 'string', minLength: 1, maxLength: 253 }

const requirement: JsonSchema = {
  type: 'object',
  required: ['key', 'operator'],
  properties: {
    key: text,
    operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
    values: { type: 'array', items: { type: 'string' } },
  },
}

export const recipeSchema: JsonSchema = {
  type: 'object',
  required: ['apiVersion', 'kind', 'selector'],
  properties: {
    apiVersion: { ...text, description: 'Of the members: `v1`.' },
    kind: { ...text, description: 'Of the members: `Secret`, or any kind whose objects have status.binding.name.' },
    selector: {
      type: 'object',
      description: 'The labels that make an object a member. `{}`: every object of the kind.',
      properties: {
        matchLabels: { type: 'object', additionalProperties: { type: 'string' } },
        matchExpressions: { type: 'array', items: requirement },
      },
    },
    namespaces: { type: 'array', items: text, description: 'Where members are looked for. Absent: everywhere.' },
    fieldSelector: { ...text, description: 'Narrows the members further, by fields that the API can select by.' },
  },
}

interface Said {
  readonly apiVersion?: Json
  readonly kind?: Json
  readonly selector?: Selector
  readonly namespaces?: readonly string[]
  readonly fieldSelector?: string
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

/** The hub has checked the schema; what a driver is told by others it checks itself. Throws `invalid`. */
export function readRecipe(recipe: Json): PoolRecipe {
  const { apiVersion, kind, selector, namespaces, fieldSelector } = (recipe ?? {}) as Said
  if (typeof apiVersion !== 'string')
    throw invalid('recipe.apiVersion', 'recipe.apiVersion: the apiVersion of the members')
  if (typeof kind !== 'string') throw invalid('recipe.kind', 'recipe.kind: the kind of the members')
  const labels = selector && labelText(selector)
  return {
    apiVersion,
    kind,
    ...(labels !== undefined && labels !== '' && { labels }),
    ...(namespaces && { namespaces }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  }
}

function labelText({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  const exact = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  const others = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`
  })
  return [...exact, ...others].join(',')
}
