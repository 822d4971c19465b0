/**
 * Parameters of a claim whose values are in Secrets beside it. A claim names Secrets of its own namespace alone: they are read with the
 * rights of the hub, and whoever writes a claim need not be one who may read Secrets of others.
 */
import type { JsonObject } from '@larder/engine/base/json'
import { secretType } from '@larder/engine/client/builtin'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { placeAt, pointerProblem } from '../../model/place.ts'

export type ParametersFrom = NonNullable<Claim['spec']['parametersFrom']>

export interface Placed {
  /** With the secrets in their places: never written anywhere. */
  readonly parameters: JsonObject
  readonly secrets: readonly string[]
}

/** `NAMESPACE/NAME` of every Secret that the claim refers to: values for an index. */
export const secretsOfClaim = ({ spec, metadata }: Claim): readonly string[] =>
  [...(spec.parametersFrom ?? []), ...(spec.binding?.parametersFrom ?? [])].map(
    ({ secretKeyRef }) => `${metadata.namespace}/${secretKeyRef.name}`,
  )

/** `field` is where the list stands, `spec.parametersFrom`. Throws `Stalled` when one cannot be had. */
export function placeSecrets(
  { cache, object }: Pick<Pass<Claim>, 'cache' | 'object'>,
  parameters: JsonObject,
  from: ParametersFrom,
  field: string,
): Placed {
  const { namespace = '' } = object.metadata
  let placed = parameters
  const secrets: string[] = []
  for (const [i, { secretKeyRef, at }] of from.entries()) {
    const { name, key } = secretKeyRef
    const where = `${field}[${i}]`
    const wrong = pointerProblem(at)
    if (wrong !== undefined) throw new Stalled('ParametersInvalid', `${where}.at: ${wrong}`)
    if ((secretKeyRef.namespace ?? namespace) !== namespace) {
      const message = `${where}.secretKeyRef.namespace: must be ${namespace}, the namespace of the claim`
      throw new Stalled('ParametersInvalid', message)
    }
    const value = cache(secretType).get(name, namespace)?.data?.[key]
    if (value === undefined) {
      throw new Stalled('SecretNotFound', `${where}: there is no Secret ${namespace}/${name} with a key ${key}`)
    }
    const text = Buffer.from(value, 'base64').toString()
    secrets.push(text)
    placed = placeAt(placed, at, text)
  }
  return { parameters: placed, secrets }
}
