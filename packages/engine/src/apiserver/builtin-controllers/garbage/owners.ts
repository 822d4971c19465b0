/** Whether an owner reference still holds its object: looked up live, by kind, place and uid. */
import { parseApiVersion, type OwnerReference } from '../../../machinery/object.ts'
import type { Resource } from '../../../machinery/shape.ts'
import type { Entry, Index, Store } from '../../../storage/store.ts'
import type { Resources } from '../../api.ts'
import { keyOf, NAMESPACES } from '../../core/keys.ts'

export type Standing =
  /** It is there. */
  | 'solid'
  /** It is there and waits in the foreground for its dependents to go. */
  | 'leaving'
  /** It is gone, or another has its name. */
  | 'dangling'
  /** Its kind is not served, or could never own this object: nothing follows from not finding it. */
  | 'unknown'

interface World {
  readonly store: Store
  readonly resources: Resources
}

/** Where an object is: its namespace, '' for a cluster-scoped one. */
function namespaceOfKey(key: string): string {
  const [, , , namespace, name] = key.split('/')
  return name === undefined ? '' : namespace!
}

/** A namespaced owner owns only in its namespace, a cluster-scoped one anywhere. */
export function isInReach(ownerKey: string, dependentKey: string): boolean {
  const namespace = namespaceOfKey(ownerKey)
  return namespace === '' || namespace === namespaceOfKey(dependentKey)
}

export function standingOf({ store, resources }: World, reference: OwnerReference, dependentKey: string): Standing {
  const resource = resourceOf(resources, reference)
  if (!resource) return 'unknown'
  const namespace = namespaceOfKey(dependentKey)
  if (resource.namespaced && namespace === '') return 'unknown'
  const owner = store.get(keyOf(resource, namespace, reference.name))
  if (owner?.index.uid !== reference.uid) return 'dangling'
  return owner.index.awaits === 'foreground' ? 'leaving' : 'solid'
}

/** Whether the owner exists where it cannot own the object: in another namespace, or in one at all. */
export function isElsewhere({ store, resources }: World, reference: OwnerReference, dependentKey: string): boolean {
  const resource = resourceOf(resources, reference)
  if (!resource?.namespaced) return false
  const here = namespaceOfKey(dependentKey)
  return store.list({ prefix: NAMESPACES }).entries.some(({ key }) => {
    const namespace = key.slice(NAMESPACES.length)
    if (namespace === here) return false
    return store.get(keyOf(resource, namespace, reference.name))?.index.uid === reference.uid
  })
}

function resourceOf(resources: Resources, { apiVersion, kind }: OwnerReference): Resource | undefined {
  const { group, version } = parseApiVersion(apiVersion)
  const resource = resources.findKind(group, version, kind)
  // Reviews have a kind and are never stored: that they cannot be found says nothing.
  return resource?.verbs.includes('get') ? resource : undefined
}

/** Dependents whose reference says that the owner must outlast them. */
export function blockingDependents(store: Store, owner: Entry): readonly Entry[] {
  const { uid } = owner.index
  return store
    .owned(uid)
    .filter((key) => key !== owner.key && isInReach(owner.key, key))
    .flatMap((key) => store.get(key) ?? [])
    .filter(({ document }) =>
      document.object.metadata.ownerReferences?.some((one) => one.uid === uid && one.blockOwnerDeletion === true),
    )
}

/**
 * Whether waiting for the dependent would be waiting for the owner itself: a cycle, all of whose members wait in the
 * foreground for the next, would never end.
 */
export function isCircular(store: Store, owner: Entry, dependent: Entry): boolean {
  const seen = new Set<string>()
  const open = [dependent]
  for (let one = open.pop(); one; one = open.pop()) {
    if (one.key === owner.key) return true
    if (seen.has(one.key) || !isWaiting(one.index)) continue
    seen.add(one.key)
    open.push(...blockingDependents(store, one))
  }
  return false
}

const isWaiting = ({ awaits }: Index): boolean => awaits === 'foreground'
