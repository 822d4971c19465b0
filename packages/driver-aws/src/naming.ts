/**
 * What things are called outside. Names derive from the instance's id alone, so that a create whose answer was lost is found again, and a
 * tag says whose a thing is: a name can be taken by somebody else, and what does not carry our tag is never changed.
 */
import { createHash } from 'node:crypto'
import { invalid } from '@larder/kit'
import type { Want } from '@larder/kit'

/** On everything that is made: the id of its instance. */
export const OWNER_TAG = 'larder.dev/id'

export interface NameRules {
  readonly what: string
  readonly max: number
  readonly pattern: RegExp
  /** For who reads the error. */
  readonly inWords: string
}

/** The name that a door dictates, or one that derives from the id and fits. */
export function nameOf({ id, name }: Pick<Want, 'id' | 'name'>, rules: NameRules): string {
  if (name === undefined) return derivedName(id, rules.max)
  if (name.length > rules.max || !rules.pattern.test(name)) {
    throw invalid(
      'externalName',
      `externalName ${JSON.stringify(name)} cannot be the name of ${rules.what}: ${rules.inWords}`,
    )
  }
  return name
}

const DIGEST_LENGTH = 20

/** Readable where the id is a uid; a digest where it would not fit or could meet another one. */
function derivedName(id: string, max: number): string {
  const readable = `larder-${id}`
  const fits = readable.length <= max && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id)
  return fits ? readable : `larder-${digestOf(id).slice(0, DIGEST_LENGTH)}`
}

/** Hex. The parts are kept apart. */
export const digestOf = (...parts: readonly string[]): string =>
  createHash('sha256')
    .update(parts.map((part) => `${part.length}:${part}`).join(''))
    .digest('hex')

/**
 * Why a thing that exists is not to be touched; undefined: it is of this instance, by its tag or because the instance takes what is there.
 * `owner`: the value of the tag. `thing`: in words, `a stack called jobs`.
 */
export function conflictOf(
  owner: string | undefined,
  { id, existing }: Pick<Want, 'id' | 'existing'>,
  thing: string,
): string | undefined {
  if (owner === undefined ? existing !== 'Refuse' : owner === id) return undefined
  const whose = owner === undefined ? `it has no tag ${OWNER_TAG}` : `its tag ${OWNER_TAG} is ${owner}`
  return `${thing} exists and is not of this instance: ${whose}`
}
