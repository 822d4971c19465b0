/**
 * Who owns which fields: the entries of `metadata.managedFields`.
 *
 * An owner is a manager with an operation and a subresource. `Apply` owners own what they last applied; `Update` owners (all other
 * writes) own what they changed, one entry for each apiVersion, at most ten of them: the oldest are merged into one.
 * Rules and names are those of apimachinery's `managedfields`.
 */
import { equalJson, isObject, stringifyJson, type Json, type JsonObject } from '../../base/json.ts'
import type { Comparison } from './compare.ts'
import { difference, isEmptySet, NO_FIELDS, readFieldSet, union, type FieldSet } from './field-set.ts'

export interface Owner {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  /** RFC 3339 in whole seconds. */
  readonly time?: string
  readonly fieldsType: 'FieldsV1'
  readonly fieldsV1: FieldSet
  readonly subresource?: string
}

export type Identity = Pick<Owner, 'manager' | 'operation' | 'apiVersion' | 'subresource'>

/** Before the first apply somebody unknown made the object. */
export const BEFORE_FIRST_APPLY = 'before-first-apply'
const ANCIENT_CHANGES = 'ancient-changes'
const MAX_UPDATE_OWNERS = 10

/** The entries of a stored object, which nobody but this module has written. */
export function storedOwners(metadata: JsonObject): readonly Owner[] {
  return (metadata['managedFields'] ?? []) as unknown as readonly Owner[]
}

export function ownersAsJson(owners: readonly Owner[]): readonly Json[] {
  return owners as unknown as readonly Json[]
}

type GivenOwners =
  /** Nothing was said, or nothing that can be read. */
  | { readonly type: 'none' }
  /** `[{}]`: ownership is to be forgotten. */
  | { readonly type: 'reset' }
  | { readonly type: 'owners'; readonly owners: readonly Owner[] }

/** Entries that a writer put into the object. */
function readOwners(json: Json | undefined): GivenOwners {
  if (!Array.isArray(json) || json.length === 0) return { type: 'none' }
  const entries = json as readonly Json[]
  if (entries.length === 1 && equalJson(entries[0], {})) return { type: 'reset' }
  const owners = new Map<string, Owner>()
  for (const entry of entries) {
    const owner = readOwner(entry)
    if (!owner) return { type: 'none' }
    owners.set(idOf(owner), owner)
  }
  return { type: 'owners', owners: sorted([...owners.values()]) }
}

/**
 * The owners that a write starts from: those that the writer put into `metadata.managedFields`, else the stored ones. Writes to a
 * subresource cannot set them. An object without owners gets none by an ordinary write, until somebody applies to it.
 */
export function ownersBeforeWrite(
  stored: readonly Owner[],
  given: Json | undefined,
  subresource: string | undefined,
): readonly Owner[] {
  const read = subresource === undefined ? readOwners(given) : ({ type: 'none' } as const)
  if (read.type === 'none') return stored
  return read.type === 'reset' ? [] : read.owners
}

function readOwner(json: Json): Owner | undefined {
  if (!isObject(json)) return undefined
  const { manager = '', operation, apiVersion, time, fieldsType, fieldsV1 = {}, subresource } = json
  const isTyped = typeof manager === 'string' && typeof apiVersion === 'string' && apiVersion !== ''
  if (!isTyped || (operation !== 'Apply' && operation !== 'Update') || fieldsType !== 'FieldsV1') return undefined
  const set = readFieldSet(fieldsV1)
  if (!set) return undefined
  return {
    manager,
    operation,
    apiVersion,
    ...(typeof time === 'string' && { time }),
    fieldsType,
    fieldsV1: set,
    ...(typeof subresource === 'string' && subresource !== '' && { subresource }),
  }
}

/** Equal for entries of one owner. An applier is the same at every version. */
export function idOf({ manager, operation, apiVersion, subresource }: Identity): string {
  return stringifyJson([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource ?? ''])
}

export function isOwner(owner: Owner, identity: Identity): boolean {
  return (
    owner.manager === identity.manager &&
    owner.operation === identity.operation &&
    owner.subresource === identity.subresource &&
    (owner.operation === 'Apply' || owner.apiVersion === identity.apiVersion)
  )
}

export function ownerOf(identity: Identity, fieldsV1: FieldSet, time: string | undefined): Owner {
  const { manager, operation, apiVersion, subresource } = identity
  return {
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource !== undefined && { subresource }),
  }
}

/** The owners without these fields; who has none left is none. */
export function withoutFields(owners: readonly Owner[], fields: FieldSet): readonly Owner[] {
  if (isEmptySet(fields)) return owners
  const left: Owner[] = []
  for (const owner of owners) {
    const fieldsV1 = difference(owner.fieldsV1, fields)
    if (fieldsV1 === owner.fieldsV1) left.push(owner)
    else if (!isEmptySet(fieldsV1)) left.push({ ...owner, fieldsV1 })
  }
  return left
}

/** The owners after an ordinary write: whoever changed a field owns it, alone. `owners` itself when nothing changed. */
export function ownersAfterUpdate(
  owners: readonly Owner[],
  comparison: Comparison,
  identity: Identity,
  time: string,
): readonly Owner[] {
  const taken = union(comparison.modified, comparison.added)
  if (isEmptySet(taken)) return withoutFields(owners, comparison.removed)
  const mine = owners.find((owner) => isOwner(owner, identity))
  const others = withoutFields(
    mine ? owners.filter((owner) => owner !== mine) : owners,
    union(taken, comparison.removed),
  )
  const kept = mine ? difference(mine.fieldsV1, comparison.removed) : NO_FIELDS
  return sorted(capped([...others, ownerOf(identity, union(kept, taken), time)]))
}

/** Merges the oldest updaters, by version, until there are few enough. */
function capped(owners: readonly Owner[]): readonly Owner[] {
  if (owners.length <= MAX_UPDATE_OWNERS) return owners
  const updaters = owners.filter(({ operation }) => operation === 'Update').sort(byAge)
  let count = updaters.length
  if (count <= MAX_UPDATE_OWNERS) return owners
  const left = new Set(owners)
  const buckets = new Map<string, Owner>()
  for (const updater of updaters) {
    if (count <= MAX_UPDATE_OWNERS) break
    if (!left.has(updater)) continue
    const { apiVersion, time } = updater
    const bucket = buckets.get(apiVersion)
    if (bucket) {
      const ancient = { manager: ANCIENT_CHANGES, operation: 'Update', apiVersion } as const
      // That of an earlier time too, which need not be among the oldest: a second one would be the same owner twice.
      const earlier = [...left].filter((owner) => isOwner(owner, ancient))
      const parts = new Set([bucket, updater, ...earlier])
      let fields = NO_FIELDS
      for (const part of parts) {
        left.delete(part)
        fields = union(fields, part.fieldsV1)
      }
      const merged = ownerOf(ancient, fields, time)
      left.add(merged)
      buckets.set(apiVersion, merged)
      count -= parts.size - 1
    } else buckets.set(apiVersion, updater)
  }
  return [...left]
}

function byAge(a: Owner, b: Owner): number {
  return compareTexts(a.time ?? '', b.time ?? '') || compareTexts(idOf(a), idOf(b))
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** By operation, time, manager, apiVersion, subresource. */
export function sorted(owners: readonly Owner[]): readonly Owner[] {
  if (owners.length < 2) return owners
  return [...owners].sort(
    (a, b) =>
      compareTexts(a.operation, b.operation) ||
      compareTexts(a.time ?? '', b.time ?? '') ||
      compareTexts(a.manager, b.manager) ||
      compareTexts(a.apiVersion, b.apiVersion) ||
      compareTexts(a.subresource ?? '', b.subresource ?? ''),
  )
}
