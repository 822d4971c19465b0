import { checkShape, DURATION_PATTERN, invalid, isRecord } from '@larder/kit'
import type { Json, JsonSchema } from '@larder/kit'

/** The types that one resource may have. */
const RESOURCE_TYPES = [
  'CacheParameterGroup',
  'CacheSubnetGroup',
  'ReplicationGroup',
  'Snapshot',
  'User',
  'UserGroup',
] as const

export type ResourceType = (typeof RESOURCE_TYPES)[number]

/** Exactly one of `cache` and `resource`. */
export interface ElasticacheRecipe {
  /** A whole cache: replication group, user group, a user for each claim. Its fields are in cache/settings.ts. */
  cache?: { readonly [field: string]: Json }
  /** One resource of AWS. */
  resource?: {
    readonly type: ResourceType
    /** By AWS's own names, with placeholders; absent: the parameters are the properties. Which there are stands in resource/. */
    readonly properties?: { readonly [name: string]: Json }
    /** Ids of instances of whose data it may be made; what is nobody's may always be (resource/sources.ts). */
    readonly sources?: readonly string[]
  }
  /** Of a cache: role and access string. */
  roles?: { readonly [role: string]: string }
  /** Keys of the Secret. */
  binding?: { readonly [key: string]: string }
  tags?: { readonly [key: string]: string }
  /** How long it usually takes until it is there. */
  usually?: string
}

const text = { type: 'string' }
const textByName = { type: 'object', additionalProperties: text }
const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

export const ELASTICACHE_RECIPE_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    cache: anything,
    resource: {
      type: 'object',
      properties: {
        type: { type: 'string', enum: RESOURCE_TYPES },
        properties: anything,
        sources: { type: 'array', items: text },
      },
      required: ['type'],
    },
    roles: textByName,
    binding: textByName,
    tags: textByName,
    usually: { type: 'string', pattern: DURATION_PATTERN },
  },
}

/** @throws DriverError `invalid` that names the first wrong field. */
export function parseElasticacheRecipe(recipe: Json): ElasticacheRecipe {
  const [first] = checkShape(ELASTICACHE_RECIPE_SCHEMA, recipe, 'recipe')
  if (first) throw invalid(first.path, `${first.path} ${first.message}`)
  const parsed = recipe as unknown as ElasticacheRecipe
  if ((parsed.cache === undefined) === (parsed.resource === undefined)) {
    throw invalid('recipe.cache', 'recipe.cache or recipe.resource is required, and not both')
  }
  return parsed
}

/** Whether it asks for one resource; a recipe that cannot be read asks for a cache, and is refused there. */
export const isResource = (recipe: Json): boolean => isRecord(recipe) && recipe['resource'] !== undefined
