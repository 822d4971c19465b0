/** What the store keeps in memory of an object, and how field selectors read objects. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import type { KubeObject } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import type { Index } from '../../storage/store.ts'
import { awaited } from './dependents.ts'
import { collectionOf, EVENTS } from './keys.ts'

/**
 * Events have ten selectable fields and come by the thousand: in memory stay those that `kubectl describe` asks for and
 * that tell objects apart; the rest is read from the few documents that are left.
 */
const INDEXED_OF_EVENTS = ['involvedObject.name', 'involvedObject.uid']

/** Values of selectable fields are kept up to this length; the index must not become a second copy of the objects. */
const MAX_INDEXED_LENGTH = 256

/** The selectable fields of a resource that can be told from the index alone. `custom`: the fields may change under the objects. */
export function indexedFields(resource: Resource, custom: boolean): ReadonlySet<string> {
  if (custom || !isStoredAsItself(resource)) return NONE
  let fields = indexed.get(resource)
  if (!fields) {
    fields = new Set(collectionOf(resource) === EVENTS ? INDEXED_OF_EVENTS : Object.keys(resource.selectableFields))
    indexed.set(resource, fields)
  }
  return fields
}

const NONE: ReadonlySet<string> = new Set()
const indexed = new WeakMap<Resource, ReadonlySet<string>>()

export function isStoredAsItself(resource: Resource): boolean {
  const { storage } = resource
  return storage.version === resource.version && storage.group === resource.group
}

export function indexOf(storage: Resource, custom: boolean, object: KubeObject): Index {
  const { uid = '', labels, ownerReferences } = object.metadata
  const awaits = awaited(object.metadata)
  const fields = fieldsOf(storage, custom, object)
  return {
    uid,
    ...(labels !== undefined && { labels }),
    ...(ownerReferences !== undefined &&
      ownerReferences.length > 0 && { owners: ownerReferences.map((owner) => owner.uid) }),
    ...(awaits !== undefined && { awaits }),
    ...(fields !== undefined && { fields }),
  }
}

function fieldsOf(storage: Resource, custom: boolean, object: KubeObject): Record<string, string> | undefined {
  let fields: Record<string, string> | undefined
  for (const label of indexedFields(storage, custom)) {
    const value = readField(object, storage.selectableFields[label]!)
    if (value !== '') (fields ??= {})[label] = value.slice(0, MAX_INDEXED_LENGTH)
  }
  return fields
}

/** The value as field selectors compare it; '' when it is absent. */
export function readField(object: KubeObject, path: readonly string[]): string {
  let at: Json | undefined = object as unknown as JsonObject
  for (const part of path) at = isObject(at) ? at[part] : undefined
  if (typeof at === 'string') return at
  return typeof at === 'number' || typeof at === 'boolean' || typeof at === 'bigint' ? String(at) : ''
}

/** Whether the index may have cut the value. */
export const isCut = (value: string): boolean => value.length >= MAX_INDEXED_LENGTH
