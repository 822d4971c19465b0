/** What the store holds, followed commit by commit: the invariants and the users look at this, and the hubs never do. */
import type { Secret } from '@larder/engine/client/builtin'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Store } from '@larder/engine/storage/store'
import type { ClaimPolicy } from '../../../packages/hub/src/model/claim-policy.ts'
import type { Claim } from '../../../packages/hub/src/model/claim.ts'
import type { Class } from '../../../packages/hub/src/model/class.ts'
import type { Instance } from '../../../packages/hub/src/model/instance.ts'

/** One commit. `object` of a deletion is the last state. */
export interface Commit {
  readonly resource: string
  readonly object: KubeObject
  readonly previous: KubeObject | undefined
  readonly isDeletion: boolean
}

export interface View {
  readonly claims: ReadonlyMap<string, Claim>
  readonly instances: ReadonlyMap<string, Instance>
  /** By `namespace/name`, as everything below. */
  readonly secrets: ReadonlyMap<string, Secret>
  readonly policies: ReadonlyMap<string, ClaimPolicy>
  readonly classes: ReadonlyMap<string, Class>
  readonly namespaces: ReadonlyMap<string, KubeObject>
  readonly revisions: ReadonlyMap<string, KubeObject>
  /** Ids outside of what stays there, because its instance said so. */
  readonly retained: ReadonlySet<string>
  /** Writes of anything but leases and events. */
  readonly writes: number
  onCommit(listener: (commit: Commit) => void): void
}

const nameOf = ({ metadata }: KubeObject): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`

/** Claims and instances by uid, because names return. */
const keyOf = (resource: string, object: KubeObject): string =>
  resource === 'claims' || resource === 'instances' ? (object.metadata.uid ?? '') : nameOf(object)

const resourceOf = (key: string): string => key.split('/')[2] ?? ''

export function createView(store: Store): View {
  const maps = new Map<string, Map<string, KubeObject>>()
  const mapOf = <T extends KubeObject>(resource: string): Map<string, T> => {
    let map = maps.get(resource)
    if (!map) maps.set(resource, (map = new Map()))
    return map as Map<string, T>
  }
  const listeners: ((commit: Commit) => void)[] = []
  const retained = new Set<string>()
  let writes = 0

  for (const { key, document } of store.list({ prefix: '/' }).entries) {
    const resource = resourceOf(key)
    mapOf(resource).set(keyOf(resource, document.object), document.object)
  }
  store.watch({ prefix: '/', after: store.revision }, (events) => {
    for (const { key, type, document, previous } of events) {
      const resource = resourceOf(key)
      if (resource !== 'leases' && resource !== 'events') writes++
      const { object } = document
      const map = mapOf(resource)
      const isDeletion = type === 'delete'
      const { spec } = object as Instance
      if (isDeletion && resource === 'instances' && spec.reclaimPolicy === 'Retain') retained.add(spec.externalID ?? '')
      if (isDeletion) map.delete(keyOf(resource, object))
      else map.set(keyOf(resource, object), object)
      const commit = { resource, object, previous: previous?.document.object, isDeletion }
      for (const listener of listeners) listener(commit)
    }
  })

  return {
    claims: mapOf<Claim>('claims'),
    instances: mapOf<Instance>('instances'),
    secrets: mapOf<Secret>('secrets'),
    policies: mapOf<ClaimPolicy>('claimpolicies'),
    classes: mapOf<Class>('classes'),
    namespaces: mapOf('namespaces'),
    revisions: mapOf('controllerrevisions'),
    retained,
    get writes() {
      return writes
    },
    onCommit: (listener) => void listeners.push(listener),
  }
}

export const isGoing = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined

/** Living claims that use an instance, alone or with others. */
export const usersOf = (view: View, { metadata, spec }: Instance): readonly Claim[] =>
  [...view.claims.values()].filter(
    (claim) =>
      !isGoing(claim) &&
      (spec.claimRef?.uid === claim.metadata.uid ||
        (spec.sharing === 'Shared' && claim.status?.instanceRef?.uid === metadata.uid)),
  )

/** The instance that a claim has, alone or with others. */
export function instanceOf(view: View, { metadata, status }: Claim): Instance | undefined {
  const held = heldBy(view, metadata.uid ?? '')[0]
  if (held) return held
  const joined = view.instances.get(status?.instanceRef?.uid ?? '')
  return joined?.spec.sharing === 'Shared' ? joined : undefined
}

/** Instances that a claim holds. */
export function heldBy(view: View, uid: string): readonly Instance[] {
  return [...view.instances.values()].filter(({ spec }) => spec.claimRef?.uid === uid)
}

export const decoded = (secret: Secret, key: string): string | undefined => {
  const value = secret.data?.[key]
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
}
