/**
 * Credentials whose claim could not wait for them to be revoked: its namespace went and the backend was dead. They stand in an
 * annotation of the instance, written before the claim went, until the instance's own controller has revoked them.
 */
import { isObject, type Json } from '@larder/engine/base/json'
import type { ClaimCredential } from '../model/claim.ts'
import type { Instance } from '../model/instance.ts'

/** A JSON list of `{id, role}`; ids and roles are no secrets. */
const TO_REVOKE = 'larder.dev/to-revoke'

export type Left = Pick<ClaimCredential, 'id' | 'role'>

/** An annotation that somebody made unreadable says nothing. */
export function leftCredentials({ metadata }: Instance): readonly Left[] {
  const text = metadata.annotations?.[TO_REVOKE]
  const list = text === undefined ? undefined : parse(text)
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

/** The annotation with exactly these, for a merge patch. */
export const leftAnnotation = (left: readonly Left[]) => ({
  [TO_REVOKE]: left.length === 0 ? null : JSON.stringify(left.map(({ id, role }) => ({ id, role }))),
})
