import type { ResourceClient } from '../client/client.ts'
import type { KubeObject } from '../machinery/object.ts'

/** One, or several that come and go together. */
export type Finalizers = string | readonly string[]

const listOf = (finalizers: Finalizers): readonly string[] =>
  typeof finalizers === 'string' ? [finalizers] : finalizers

export function hasFinalizers(object: KubeObject, finalizers: Finalizers): boolean {
  return listOf(finalizers).every((each) => object.metadata.finalizers?.includes(each))
}

/** What keeps an object from going: somebody may have taken one of several away. */
export function hasFinalizerOf(object: KubeObject, finalizers: Finalizers): boolean {
  return listOf(finalizers).some((each) => object.metadata.finalizers?.includes(each))
}

/** Rejects with Conflict when the object has changed: a merge patch replaces the whole list, also what others added. */
export function addFinalizers<T extends KubeObject>(
  client: ResourceClient<T>,
  object: T,
  finalizers: Finalizers,
): Promise<T> {
  return write(client, object, [...new Set([...(object.metadata.finalizers ?? []), ...listOf(finalizers)])])
}

/** With the last finalizer the server deletes the object; the answer then is its last state. */
export function removeFinalizers<T extends KubeObject>(
  client: ResourceClient<T>,
  object: T,
  finalizers: Finalizers,
): Promise<T> {
  const ours = listOf(finalizers)
  return write(
    client,
    object,
    (object.metadata.finalizers ?? []).filter((each) => !ours.includes(each)),
  )
}

function write<T extends KubeObject>(client: ResourceClient<T>, object: T, finalizers: string[]): Promise<T> {
  const { name, namespace, resourceVersion } = object.metadata
  return client.patch(name, { metadata: { finalizers, resourceVersion } }, { namespace })
}
