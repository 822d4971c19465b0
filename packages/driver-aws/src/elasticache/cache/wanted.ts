/** What one instance wants of ElastiCache, and what its parts are called. */
import { invalid } from '@larder/kit'
import type { Want } from '@larder/kit'
import { digestOf, OWNER_TAG } from '../../naming.ts'
import { renderTexts, type Values } from '../../template.ts'
import { parseElasticacheRecipe, type ElasticacheRecipe } from '../recipe.ts'
import { cacheSettings, type CacheSettings } from './settings.ts'

/** Of an instance, whatever its recipe says: enough to find what there is and to remove it. */
export interface CacheNames {
  /** Of the replication group. */
  readonly cache: string
  /** Of the user group; ids of users begin with it. */
  readonly access: string
  /** The user called `default` that each group of Redis must have; it may nothing. */
  readonly defaultUser: string
}

export interface WantedCache {
  readonly names: CacheNames
  readonly recipe: ElasticacheRecipe
  readonly settings: CacheSettings
  readonly tags: Readonly<Record<string, string>>
  /** For the texts of `binding`. */
  readonly values: Values
}

const MAX_LENGTH = 40
const DIGEST_LENGTH = 20
const CREDENTIAL_DIGEST_LENGTH = 12

export function cacheNames({ id, name }: Pick<Want, 'id' | 'name'>): CacheNames {
  const access = `larder-${digestOf(id).slice(0, DIGEST_LENGTH)}`
  // AWS keeps ids in lower case and compares them so.
  return { cache: name === undefined ? access : groupId(name.toLowerCase()), access, defaultUser: `${access}-default` }
}

function groupId(name: string): string {
  if (name.length <= MAX_LENGTH && /^[a-z](?:-?[a-z0-9])*$/.test(name)) return name
  throw invalid(
    'externalName',
    `externalName ${JSON.stringify(name)} cannot be the id of a replication group: at most ${MAX_LENGTH} letters, digits and single dashes, a letter first`,
  )
}

/** Also its name: unique, as names in a user group must be. */
export const userIdOf = ({ access }: CacheNames, credentialId: string): string =>
  `${access}-${digestOf(credentialId).slice(0, CREDENTIAL_DIGEST_LENGTH)}`

export function wantedCache(want: Want): WantedCache {
  const recipe = parseElasticacheRecipe(want.recipe)
  const names = cacheNames(want)
  const { door, namespace, name } = want.origin
  const values: Values = {
    instance: { id: want.id, name: names.cache },
    plan: { name: want.plan?.name ?? '' },
    origin: { door, ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }) },
    parameter: want.parameters,
  }
  return {
    names,
    recipe,
    settings: cacheSettings(recipe.cache ?? {}, values),
    tags: { ...renderTexts(recipe.tags ?? {}, values, 'recipe.tags'), [OWNER_TAG]: want.id },
    values,
  }
}
