/** By which labels and names what a composition makes is known again, also by a hub that remembers nothing. */
import { createHash } from 'node:crypto'
import type { Json, Ref } from '@larder/kit'

/** Of everything that is made: whose it is. */
export const INSTANCE_LABEL = 'composition.larder.dev/instance'
/** Its id in the recipe. */
export const RESOURCE_LABEL = 'composition.larder.dev/resource'
/** Of what is made for one claim. */
export const CREDENTIAL_LABEL = 'composition.larder.dev/credential'
/** The id itself, which may be no value of a label. */
export const CREDENTIAL_ANNOTATION = 'composition.larder.dev/credential-id'
/** What was applied, as a fingerprint: a field that a recipe has no more is seen by nothing else. */
export const APPLIED_ANNOTATION = 'composition.larder.dev/applied'
/** Fields that others apply to the same objects stay theirs. */
export const FIELD_MANAGER = 'larder-composition'

const LABEL_VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

export const labelValue = (id: string): string => (LABEL_VALUE.test(id) ? id : `h-${hashOf(id)}`)

/** A name for things outside: 23 characters, begins with a letter, and is the same for the same id. */
export const shortName = (...ids: readonly string[]): string => `larder-${hashOf(ids.join(' '))}`

export const keyOf = ({ apiVersion, kind, namespace = '', name }: Ref): string =>
  `${apiVersion} ${kind} ${namespace}/${name}`

/** `ReplicationGroup services/redis`. */
export const told = ({ kind, namespace, name }: Ref): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

/** Equal for equal values, whatever the order of their fields. */
export const fingerprint = (value: Json | undefined): string => hashOf(canonical(value))

function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonical(item)).join(',')}]`
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`
}
