import type { ResourceClient } from '../client/client.ts'
import type { KubeObject } from '../machinery/object.ts'

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false
}

/** Rejects with Conflict when the object has changed: a merge patch replaces the whole list, also what others added. */
export function addFinalizer<T extends KubeObject>(
  client: ResourceClient<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  return write(client, object, [...(object.metadata.finalizers ?? []), finalizer])
}

/** With the last finalizer the server deletes the object; the answer then is its last state. */
export function removeFinalizer<T extends KubeObject>(
  client: ResourceClient<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  return write(
    client,
    object,
    (object.metadata.finalizers ?? []).filter((f) => f !== finalizer),
  )
}

function write<T extends KubeObject>(client: ResourceClient<T>, object: T, finalizers: string[]): Promise<T> {
  const { name, namespace, resourceVersion } = object.metadata
  return client.patch(name, { metadata: { finalizers, resourceVersion } }, { namespace })
}
