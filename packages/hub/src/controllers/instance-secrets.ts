/**
 * Secrets that an instance refers to: parameters, and an account of its own. They are read when a driver is called and are written
 * nowhere else; the keyed hash of what is wanted covers them, so that a Secret that changes is a change of the instance.
 *
 * A Secret is named by whoever writes the instance and read with the rights of the hub. So an instance names Secrets of its own
 * namespace; only in a namespace of the platform, where instances of claims live, it may name others.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { Secret } from '@larder/engine/client/builtin'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Secrets } from '@larder/kit'
import type { Instance } from '../model/instance.ts'
import { placeAt, pointerProblem } from '../model/place.ts'

export type SecretReader = (namespace: string, name: string) => Secret | undefined

/** `NAMESPACE/NAME` of every Secret that it refers to: a value for indexes. */
export function secretsOf({ spec, metadata }: Instance): readonly string[] {
  const parameters = (spec.parametersFrom ?? []).map(
    ({ secretKeyRef }) => `${secretKeyRef.namespace ?? metadata.namespace}/${secretKeyRef.name}`,
  )
  return spec.credentialsRef ? [...parameters, `${metadata.namespace}/${spec.credentialsRef.name}`] : parameters
}

export interface SecretParameters {
  /** With the secrets in their places. */
  readonly parameters: JsonObject
  readonly secrets: readonly string[]
  /** Why some are not in their places. */
  readonly missing: Stalled | undefined
}

export function resolveParameters(instance: Instance, read: SecretReader, mayReadOthers: boolean): SecretParameters {
  const { spec, metadata } = instance
  let parameters: JsonObject = spec.parameters ?? {}
  const secrets: string[] = []
  for (const [i, { secretKeyRef, at }] of (spec.parametersFrom ?? []).entries()) {
    const { name, key, namespace = metadata.namespace ?? '' } = secretKeyRef
    const field = `spec.parametersFrom[${i}]`
    const missing = (reason: string, message: string) => ({
      parameters,
      secrets,
      missing: new Stalled(reason, message),
    })
    const wrong = pointerProblem(at)
    if (wrong !== undefined) return missing('ParametersInvalid', `${field}.at: ${wrong}`)
    if (namespace !== metadata.namespace && !mayReadOthers) {
      return missing('NotPermitted', `${field}.secretKeyRef.namespace: must be ${metadata.namespace}`)
    }
    const secret = read(namespace, name)
    if (!secret) return missing('SecretNotFound', `${field}: Secret ${namespace}/${name} does not exist`)
    const value = secret.data?.[key]
    if (value === undefined) return missing('SecretNotFound', `${field}: Secret ${namespace}/${name} has no key ${key}`)
    const text = Buffer.from(value, 'base64').toString()
    secrets.push(text)
    parameters = placeAt(parameters, at, text)
  }
  return { parameters, secrets, missing: undefined }
}

/** The account that is used instead of the backend's. */
export function ownCredentials({ spec, metadata }: Instance, read: SecretReader): Secrets | undefined {
  if (!spec.credentialsRef) return undefined
  const { namespace = '' } = metadata
  const { name } = spec.credentialsRef
  const secret = read(namespace, name)
  if (!secret) {
    throw new Stalled('CredentialsNotFound', `spec.credentialsRef: Secret ${namespace}/${name} does not exist`)
  }
  const entries = Object.entries(secret.data ?? {})
  return Object.fromEntries(entries.map(([key, value]) => [key, new Uint8Array(Buffer.from(value, 'base64'))]))
}
