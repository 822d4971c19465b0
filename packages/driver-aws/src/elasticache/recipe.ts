import { checkShape, DURATION_PATTERN, invalid } from '@larder/kit'
import type { Json, JsonSchema } from '@larder/kit'

/** Exactly one of `cache` and `resource`. */
export interface ElasticacheRecipe {
  /** A whole cache: replication group, user group, a user for each claim. Its fields are in cache/settings.ts. */
  cache?: { readonly [field: string]: Json }
  /** One resource of AWS, as AWS describes it. Its types are in resource/types.ts. */
  resource?: { readonly type: string; readonly [field: string]: Json }
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
    resource: { ...anything, properties: { type: text }, required: ['type'] },
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
  const parsed = recipe as ElasticacheRecipe
  if ((parsed.cache === undefined) === (parsed.resource === undefined)) {
    throw invalid('recipe.cache', 'recipe.cache or recipe.resource is required, and not both')
  }
  return parsed
}
