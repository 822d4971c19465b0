/**
 * Fields of these kinds and properties of AWS. ACK writes `kmsKeyID`, `snapshotARNs` and `type_` where AWS writes `KmsKeyId`, `SnapshotArns` and
 * `Type`; but for a few names that is one rule, and which fields there are the schema of the kind says. So a field is said once.
 */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import type { AckKind, AckObject } from './kinds/kinds.ts'

/** `userGroupIDsToAdd` is `UserGroupIdsToAdd`. */
const awsName = (field: string): string =>
  `${field[0]!.toUpperCase()}${field.slice(1)}`
    .replace(/_$/, '')
    .replaceAll(/ID(s?)(?=[A-Z]|$)/g, 'Id$1')
    .replaceAll(/ARN(s?)(?=[A-Z]|$)/g, 'Arn$1')

const toAws = (value: Json): Json => {
  if (Array.isArray(value)) return (value as readonly Json[]).map(toAws)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([field, each]) => [awsName(field), toAws(each)]))
}

/** On everything that is made, as ACK marks it. */
const OWN_TAGS = (namespace: string) => [
  { key: 'services.k8s.aws/controller-version', value: 'elasticache-larder' },
  { key: 'services.k8s.aws/namespace', value: namespace },
]

/** Properties, without the name of the thing, without secrets, and with the names in place of references. */
export function propertiesOf(
  { id, references, renamed = {}, secrets }: AckKind,
  { spec = {}, metadata }: AckObject,
  resolved: JsonObject,
): JsonObject {
  const left = new Set([id, 'tags', ...references.map(({ field }) => field)])
  const plain = Object.entries({ ...withoutSecrets(spec, secrets), ...resolved }).filter(([field]) => !left.has(field))
  const given = (spec['tags'] ?? []) as readonly Json[]
  const tags = [...OWN_TAGS(metadata.namespace ?? ''), ...given]
  return Object.fromEntries([
    ...plain.map(([field, value]) => [renamed[field] ?? awsName(field), toAws(value)] as const),
    ['Tags', toAws(tags)],
  ])
}

function withoutSecrets(spec: JsonObject, secrets: AckKind['secrets']): JsonObject {
  return secrets.reduce((rest, { path }) => without(rest, path), spec)
}

function without(whole: JsonObject, [step = '', ...rest]: readonly string[]): JsonObject {
  const { [step]: there, ...others } = whole
  if (there === undefined) return whole
  return rest.length > 0 && isObject(there) ? { ...others, [step]: without(there, rest) } : others
}

/** The place of a secret among the properties: a JSON Pointer, `/Passwords/0`. */
export const placeOfSecret = (path: readonly string[], index: number | undefined): string =>
  `/${[...path.map(awsName), ...(index === undefined ? [] : [String(index)])].join('/')}`

/** The field of a property, for who wrote the object: `AtRestEncryptionEnabled` is `atRestEncryptionEnabled`. */
export function fieldOf({ type, renamed = {} }: AckKind, property: string): string {
  const fields = propertiesIn(type.spec.schema)
  return Object.keys(fields).find((field) => (renamed[field] ?? awsName(field)) === property) ?? property
}

const propertiesIn = (schema: JsonObject): Readonly<Record<string, JsonObject>> =>
  (schema['properties'] ?? {}) as Readonly<Record<string, JsonObject>>

/** What AWS describes, as far as the status of the kind has fields for it. */
export function statusFields({ type, described = {} }: AckKind, description: JsonObject): JsonObject {
  const { conditions: _conditions, ackResourceMetadata: _metadata, ...fields } = propertiesIn(type.status.schema)
  const elsewhere = Object.entries(described).flatMap(([field, name]) =>
    description[name] === undefined ? [] : [[field, description[name]] as const],
  )
  return { ...read(fields, description), ...Object.fromEntries(elsewhere) }
}

function read(fields: Readonly<Record<string, JsonObject>>, description: JsonObject): JsonObject {
  const found = Object.entries(fields).flatMap(([field, schema]) => {
    const value = description[awsName(field)]
    return value === undefined || value === null ? [] : [[field, readValue(schema, value)] as const]
  })
  return Object.fromEntries(found)
}

function readValue(schema: JsonObject, value: Json): Json {
  const items = schema['items']
  if (Array.isArray(value) && isObject(items)) return (value as readonly Json[]).map((each) => readValue(items, each))
  return isObject(value) && isObject(schema['properties']) ? read(propertiesIn(schema), value) : value
}

/** Where the kind has what AWS calls its status; some have none. */
export const stateField = ({ type }: AckKind): string | undefined =>
  ['status', 'snapshotStatus'].find((field) => Object.hasOwn(propertiesIn(type.status.schema), field))
