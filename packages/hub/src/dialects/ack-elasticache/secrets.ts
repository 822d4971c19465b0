/**
 * Secrets that an object names: passwords. They go from the Secret to AWS and nowhere else; here they are only looked at, so that what AWS would refuse
 * is said with the name of the field, and never with the value.
 *
 * A Secret is read with the rights of the hub, so an object names those of its own namespace. ACK reads any Secret of the cluster that somebody names, and who
 * may write a User would have the password of anybody's database in a cache of their own.
 */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { secretType } from '@larder/engine/client/builtin'
import type { WantedService, Blocked, Neighbours } from '../../resource-door/resource-door.ts'
import type { AckKind, AckObject } from './kinds/kinds.ts'
import { placeOfSecret } from './properties.ts'

interface NamedSecret {
  /** `spec.passwords[0]` */
  readonly field: string
  readonly name: string
  readonly namespace: string
  readonly key: string
  readonly at: string
}

type ParametersFrom = NonNullable<WantedService['parametersFrom']>

export const SECRET_TROUBLE = { terminal: 'SecretNotUsable', recoverable: 'SecretNotFound' } as const

export function namedSecrets(kind: AckKind, { spec = {}, metadata }: AckObject): readonly NamedSecret[] {
  return kind.secrets.flatMap(({ path, many }) => {
    const value = path.reduce<Json | undefined>((at, step) => (isObject(at) ? at[step] : undefined), spec)
    if (value === undefined) return []
    const all = (many ? value : [value]) as readonly JsonObject[]
    return all.map((each, i): NamedSecret => {
      const { name = '', namespace = metadata.namespace, key = '' } = each as Readonly<Record<string, string>>
      const field = `spec.${path.join('.')}${many ? `[${i}]` : ''}`
      return { field, name, namespace: namespace ?? '', key, at: placeOfSecret(path, many ? i : undefined) }
    })
  })
}

export function secretsWanted(kind: AckKind, object: AckObject, neighbours: Neighbours): ParametersFrom | Blocked {
  const named = namedSecrets(kind, object)
  for (const each of named) {
    const trouble = secretTrouble(each, object, neighbours)
    if (trouble) return trouble
  }
  return named.map(({ name, namespace, key, at }) => ({ secretKeyRef: { name, namespace, key }, at }))
}

const blocked = (of: keyof typeof SECRET_TROUBLE, message: string): Blocked => ({
  blocked: { reason: SECRET_TROUBLE[of], message },
})

/** As AWS takes passwords and tokens. */
const PASSWORD = /^[\x21-\x7e]{16,128}$/
const OPAQUE = 'Opaque'

function secretTrouble(
  { field, name, namespace, key }: NamedSecret,
  { metadata }: AckObject,
  { cache }: Neighbours,
): Blocked | undefined {
  if (name === '') return blocked('terminal', `${field}.name is required`)
  if (namespace !== metadata.namespace) {
    return blocked('terminal', `${field}.namespace: is ${metadata.namespace}; Secrets of other namespaces are not read`)
  }
  const secret = cache(secretType).get(name, namespace)
  if (!secret) return blocked('recoverable', `${field}: kubernetes secret not found: ${namespace}/${name}`)
  if ((secret.type ?? OPAQUE) !== OPAQUE) {
    return blocked(
      'recoverable',
      `${field}: only opaque secrets can be used, and ${namespace}/${name} is of type ${secret.type}`,
    )
  }
  const value = secret.data?.[key]
  if (value === undefined) {
    return blocked('recoverable', `${field}: kubernetes secret not found: ${namespace}/${name} has no key ${key}`)
  }
  if (PASSWORD.test(Buffer.from(value, 'base64').toString())) return undefined
  return blocked(
    'terminal',
    `${field}: what ${namespace}/${name} has is no password for ElastiCache: 16 to 128 printable characters, without blanks`,
  )
}
