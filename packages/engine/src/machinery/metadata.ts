/**
 * `metadata` of any object: what belongs there, and what its values may be.
 *
 * Two steps, as for the rest of an object. `normalizeMetadata` settles the shape: unknown fields go (and are named), nulls
 * mean absent, wrong types are problems. `validateMetadata` judges the values, with the rules and texts of
 * apimachinery's `ValidateObjectMeta` and `ValidateObjectMetaUpdate`.
 */
import { equalJson, isObject, setOwn, type Json, type JsonObject } from '../base/json.ts'
import { dnsLabelProblems, dnsSubdomainProblems, labelValueProblems, qualifiedNameProblems } from './names.ts'
import { forbiddenField, invalidType, invalidValue, requiredValue, tooLong } from './problems.ts'
import type { FieldProblem } from './status.ts'
import { parseTime } from './time.ts'

type FieldType = 'string' | 'integer' | 'time' | 'boolean' | 'strings' | 'stringMap' | 'owners' | 'objects'

const META_FIELDS: ReadonlyMap<string, FieldType> = new Map([
  ['name', 'string'],
  ['generateName', 'string'],
  ['namespace', 'string'],
  ['selfLink', 'string'],
  ['uid', 'string'],
  ['resourceVersion', 'string'],
  ['generation', 'integer'],
  ['creationTimestamp', 'time'],
  ['deletionTimestamp', 'time'],
  ['deletionGracePeriodSeconds', 'integer'],
  ['labels', 'stringMap'],
  ['annotations', 'stringMap'],
  ['ownerReferences', 'owners'],
  ['finalizers', 'strings'],
  ['managedFields', 'objects'],
])

const OWNER_FIELDS: ReadonlyMap<string, FieldType> = new Map([
  ['apiVersion', 'string'],
  ['kind', 'string'],
  ['name', 'string'],
  ['uid', 'string'],
  ['controller', 'boolean'],
  ['blockOwnerDeletion', 'boolean'],
])

export interface NormalizedMetadata {
  readonly metadata: JsonObject
  /** Paths of fields that were dropped, `metadata.foo`. */
  readonly unknown: readonly string[]
  readonly problems: readonly FieldProblem[]
}

/** `path` is where the metadata stands, for embedded resources. */
export function normalizeMetadata(json: Json | undefined, path = 'metadata'): NormalizedMetadata {
  const reader = new MetadataReader()
  const metadata = json === undefined || json === null ? {} : reader.object(json, path, META_FIELDS)
  return { metadata: metadata ?? {}, unknown: reader.unknown, problems: reader.problems }
}

class MetadataReader {
  readonly unknown: string[] = []
  readonly problems: FieldProblem[] = []

  object(json: Json, path: string, fields: ReadonlyMap<string, FieldType>): JsonObject | undefined {
    if (!isObject(json)) return this.#wrong(path, json, 'an object')
    const result: Record<string, Json> = {}
    for (const [key, value] of Object.entries(json)) {
      const type = fields.get(key)
      if (type === undefined) {
        this.unknown.push(`${path}.${key}`)
        continue
      }
      if (value === null) continue
      const read = this.#value(value, `${path}.${key}`, type)
      if (read !== undefined) result[key] = read
    }
    return result
  }

  #value(json: Json, path: string, type: FieldType): Json | undefined {
    switch (type) {
      case 'string':
        return typeof json === 'string' ? json : this.#wrong(path, json, 'a string')
      case 'boolean':
        return typeof json === 'boolean' ? json : this.#wrong(path, json, 'a boolean')
      case 'integer':
        return Number.isInteger(json) || typeof json === 'bigint' ? json : this.#wrong(path, json, 'an integer')
      case 'time':
        if (typeof json === 'string' && parseTime(json)) return json
        return this.#wrong(path, json, 'a time in RFC 3339, like 2006-01-02T15:04:05Z')
      case 'strings':
        return this.#list(json, path, (item, at) => this.#value(item, at, 'string'))
      case 'owners':
        return this.#list(json, path, (item, at) => this.object(item, at, OWNER_FIELDS))
      case 'objects':
        return this.#list(json, path, (item, at) => (isObject(item) ? item : this.#wrong(at, item, 'an object')))
      case 'stringMap':
        break
    }
    return this.#stringMap(json, path)
  }

  #list(json: Json, path: string, read: (item: Json, path: string) => Json | undefined): Json | undefined {
    if (!Array.isArray(json)) return this.#wrong(path, json, 'a list')
    return json.map((item: Json, i) => read(item, `${path}[${i}]`)).filter((item) => item !== undefined)
  }

  /** A null value reads as '', as Go's decoder does. */
  #stringMap(json: Json, path: string): Json | undefined {
    if (!isObject(json)) return this.#wrong(path, json, 'an object')
    const result: Record<string, Json> = {}
    for (const [key, value] of Object.entries(json)) {
      if (value === null || typeof value === 'string') setOwn(result, key, value ?? '')
      else this.#wrong(`${path}.${key}`, value, 'a string')
    }
    return result
  }

  #wrong(path: string, json: Json, expected: string): undefined {
    this.problems.push(invalidType(path, json, `must be ${expected}`))
    return undefined
  }
}

export interface MetadataRules {
  readonly namespaced: boolean
  /** Reasons why a name is refused; DNS-1123 subdomains unless said otherwise. */
  readonly nameProblems?: (name: string) => readonly string[]
}

const MAX_ANNOTATION_BYTES = 256 * 1024

/** `metadata` must be normalized; `old` is the stored metadata on update. */
export function validateMetadata(
  metadata: JsonObject,
  rules: MetadataRules,
  old: JsonObject | undefined,
): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  if (old === undefined) problems.push(...nameProblems(metadata, rules))
  else problems.push(...changeProblems(metadata, old))
  problems.push(...labelProblems(metadata['labels']))
  problems.push(...annotationProblems(metadata['annotations']))
  problems.push(...ownerProblems(metadata['ownerReferences']))
  problems.push(...finalizerProblems(metadata['finalizers']))
  const { generation } = metadata
  if (isNumber(generation) && generation < 0) {
    problems.push(invalidValue('metadata.generation', generation, 'must be greater than or equal to 0'))
  }
  return problems
}

function nameProblems(metadata: JsonObject, rules: MetadataRules): FieldProblem[] {
  const problems: FieldProblem[] = []
  const judge = rules.nameProblems ?? dnsSubdomainProblems
  const { name, generateName, namespace } = metadata as Record<string, string | undefined>
  if (generateName) {
    // What follows is a letter or digit, so that a base may end with a dash.
    for (const why of judge(generateName.replace(/-$/, 'a'))) {
      problems.push(invalidValue('metadata.generateName', generateName, why))
    }
  }
  if (name) problems.push(...judge(name).map((why) => invalidValue('metadata.name', name, why)))
  else problems.push(requiredValue('metadata.name', 'name or generateName is required'))
  if (!rules.namespaced) {
    if (namespace) problems.push(forbiddenField('metadata.namespace', 'not allowed on this type'))
  } else if (namespace) {
    problems.push(...dnsLabelProblems(namespace).map((why) => invalidValue('metadata.namespace', namespace, why)))
  } else problems.push(requiredValue('metadata.namespace'))
  return problems
}

const IMMUTABLE = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

function changeProblems(metadata: JsonObject, old: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = []
  for (const field of IMMUTABLE) {
    if (!equalJson(metadata[field], old[field])) {
      problems.push(invalidValue(`metadata.${field}`, metadata[field] ?? null, 'field is immutable'))
    }
  }
  const { generation: next = 0 } = metadata
  const { generation: before } = old
  if (isNumber(before) && isNumber(next) && next < before) {
    problems.push(invalidValue('metadata.generation', next, 'must not be decremented'))
  }
  if (old['deletionTimestamp']) {
    const known = new Set(stringsOf(old['finalizers']))
    const added = stringsOf(metadata['finalizers']).filter((finalizer) => !known.has(finalizer))
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ')
      const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
      problems.push(forbiddenField('metadata.finalizers', why))
    }
  }
  return problems
}

function isNumber(value: Json | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

const stringsOf = (json: Json | undefined) => (json ?? []) as readonly string[]
const entriesOf = (json: Json | undefined) => Object.entries((json ?? {}) as Record<string, string>)

/** Labels of an object or of a selector; `path` is where they stand. */
export function labelProblems(labels: Json | undefined, path = 'metadata.labels'): FieldProblem[] {
  return entriesOf(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(key).map((why) => invalidValue(path, key, why)),
    ...labelValueProblems(value).map((why) => invalidValue(path, value, why)),
  ])
}

function annotationProblems(annotations: Json | undefined): FieldProblem[] {
  const path = 'metadata.annotations'
  const problems: FieldProblem[] = []
  let bytes = 0
  const encoder = new TextEncoder()
  for (const [key, value] of entriesOf(annotations)) {
    problems.push(...qualifiedNameProblems(key.toLowerCase()).map((why) => invalidValue(path, key, why)))
    bytes += encoder.encode(key).length + encoder.encode(value).length
  }
  if (bytes > MAX_ANNOTATION_BYTES) problems.push(tooLong(path, MAX_ANNOTATION_BYTES))
  return problems
}

function ownerProblems(owners: Json | undefined): FieldProblem[] {
  const path = 'metadata.ownerReferences'
  const problems: FieldProblem[] = []
  let controller: string | undefined
  for (const [i, owner] of ((owners ?? []) as readonly JsonObject[]).entries()) {
    const { apiVersion = '', kind = '', name = '', uid = '' } = owner as Record<string, string | undefined>
    if (!/^(?:[^/]+\/)?[^/]+$/.test(apiVersion)) {
      problems.push(invalidValue(`${path}[${i}].apiVersion`, apiVersion, 'version must not be empty'))
    }
    for (const [field, value] of Object.entries({ kind, name, uid })) {
      if (value === '') problems.push(invalidValue(`${path}[${i}].${field}`, value, 'must not be empty'))
    }
    if (kind === 'Event' && (apiVersion === 'v1' || apiVersion === 'events.k8s.io/v1')) {
      problems.push(invalidValue(path, owner, `${apiVersion}, Kind=${kind} is disallowed from being an owner`))
    }
    if (owner['controller'] !== true) continue
    if (controller !== undefined) {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`
      problems.push(invalidValue(path, owners, why))
    }
    controller = name
  }
  return problems
}

function finalizerProblems(finalizers: Json | undefined): FieldProblem[] {
  const path = 'metadata.finalizers'
  const list = stringsOf(finalizers)
  const problems = list.flatMap((item) => qualifiedNameProblems(item).map((why) => invalidValue(path, item, why)))
  if (list.includes('orphan') && list.includes('foregroundDeletion')) {
    problems.push(invalidValue(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  }
  return problems
}
