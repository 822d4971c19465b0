/** The Secret that an object makes: of its name, in its namespace, and gone when it goes. */
import type { Secret } from '@larder/engine/client/builtin'
import type { Informers } from '@larder/engine/client/informers'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject, OwnerReference } from '@larder/engine/machinery/object'
import { keyOf, type Key, type Pass } from '@larder/engine/runtime/pass'

export function ownerOf({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }
}

export function isOwned(secret: Secret, owner: KubeObject): boolean {
  return secret.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false
}

/** Wakes the object of a Secret's name, also for a Secret that is somebody else's: it may go. */
export const sameName =
  (type: ResourceType) =>
  (secret: KubeObject, informers: Informers): readonly Key[] => {
    const { name, namespace } = secret.metadata
    const object = informers.of(type).get(name, namespace)
    return object ? [keyOf(object)] : []
  }

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Those maps that hold something: an empty one is not stored, and would look like a difference for ever. */
export function unlessEmpty<T extends Readonly<Record<string, Readonly<Record<string, string>>>>>(maps: T): Partial<T> {
  return Object.fromEntries(Object.entries(maps).filter(([, map]) => Object.keys(map).length > 0)) as Partial<T>
}

/**
 * Asked before a Secret is made: news of its end may come before that of its owner's, and a Secret of an owner that is gone would be
 * collected and made again without end.
 */
export async function isStillThere<T extends KubeObject>({ object, client }: Pass<T>, type: ResourceType<T>) {
  const { name, namespace, uid } = object.metadata
  const now = await client.of(type).find(name, namespace)
  return now?.metadata.uid === uid && now?.metadata.deletionTimestamp === undefined
}
