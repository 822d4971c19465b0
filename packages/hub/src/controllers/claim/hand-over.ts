/**
 * Credentials whose claim cannot wait for them to be revoked: the namespace goes and the backend is dead. They are written into the
 * instance before the claim goes, and the instance's own controller revokes them when the backend is back.
 */
import { isObject, type Json } from '@larder/engine/base/json'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim, ClaimCredential } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'

/** On an instance: a JSON list of `{id, role}`; ids and roles are no secrets. */
const TO_REVOKE = 'larder.dev/to-revoke'

export type Left = Pick<ClaimCredential, 'id' | 'role'>

/** What is left to be revoked; an annotation that somebody made unreadable says nothing. */
export function leftOf({ metadata }: Instance): readonly Left[] {
  const text = metadata.annotations?.[TO_REVOKE]
  if (text === undefined) return []
  const list = parse(text)
  return Array.isArray(list) ? list.filter(isLeft) : []
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}

const isLeft = (each: Json): each is Json & Left => isObject(each) && typeof each['id'] === 'string'

/** A change of the annotation, for a merge patch. */
export const leaving = (left: readonly Left[]) => ({
  [TO_REVOKE]: left.length === 0 ? null : JSON.stringify(left.map(({ id, role }) => ({ id, role }))),
})

/** Throws Conflict when another claim hands over at the same time. */
export async function handOver({ client }: Pass<Claim>, held: Instance, credentials: readonly Left[]): Promise<void> {
  const { name, namespace } = held.metadata
  const instances = client.of(instanceKind)
  const instance = await instances.find(name, namespace)
  if (!instance) return
  const known = leftOf(instance)
  const fresh = credentials.filter(({ id }) => !known.some((each) => each.id === id))
  if (fresh.length === 0) return
  const { resourceVersion } = instance.metadata
  const annotations = leaving([...known, ...fresh])
  await instances.patch(name, { metadata: { resourceVersion, annotations } }, { namespace })
}
