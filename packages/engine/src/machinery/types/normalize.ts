/**
 * An object of a built-in kind as it would be stored, by the rules of upstream's Go structs.
 *
 * The same object may arrive as JSON, where an absent field is absent, and as protobuf, where every field that is no
 * pointer has a value. Both must be stored equal, or each no-op update through the other door would be a change. So:
 * - no pointer, omitempty: zero is dropped; pointer: zero is kept, absent stays absent;
 * - no pointer, no omitempty: a scalar is written even when zero; an embedded object is always there, as `{}`;
 * - an empty list or map is dropped, an explicit null too. (Upstream writes null for a few required lists; clients read
 *   both the same.)
 */
import { isObject, setOwn, type Json, type JsonObject } from '../../base/json.ts'
import type { FieldProblem } from '../status.ts'
import { applyDefaults } from './defaulting.ts'
import { normalizeScalar, wrongType, type Fault } from './scalars.ts'
import { structure, type Field, type FieldType, type Scalar, type Structure } from './types.ts'

export interface Normalized {
  readonly object: JsonObject
  readonly unknown: readonly string[]
  readonly problems: readonly FieldProblem[]
}

export interface NormalizeOptions {
  /** Leaves out upstream's defaults; for meta types and for tests. */
  readonly withoutDefaults?: boolean
}

/** Collects what was found on one walk. `path` is where the walk stands. */
interface Walk {
  readonly path: (string | number)[]
  readonly unknown: string[]
  readonly problems: FieldProblem[]
  readonly defaults: boolean
}

export function normalizeStructure(typeName: string, value: JsonObject, options: NormalizeOptions = {}): Normalized {
  const walk: Walk = { path: [], unknown: [], problems: [], defaults: options.withoutDefaults !== true }
  const object = normalizeObject(structure(typeName), value, walk)
  return { object, unknown: walk.unknown, problems: walk.problems }
}

function normalizeObject(type: Structure, value: JsonObject, walk: Walk): JsonObject {
  const result: Record<string, Json> = {}
  let known = 0
  for (const field of type.fields) {
    const given = value[field.name]
    if (given !== undefined) known++
    const kept = given === undefined || given === null ? absent(field, walk) : present(field, given, walk)
    if (kept !== undefined) result[field.name] = kept
  }
  if (known < Object.keys(value).length) reportUnknown(type, value, walk)
  if (walk.defaults) applyDefaults(type.name, result)
  return result
}

function reportUnknown(type: Structure, value: JsonObject, walk: Walk): void {
  for (const key of Object.keys(value)) if (!type.byName.has(key)) walk.unknown.push(formatKeyPath(walk.path, key))
}

function absent(field: Field, walk: Walk): Json | undefined {
  if (field.pointer) return undefined
  const { type } = field
  if (type.form === 'struct') return nested(field.name, () => normalizeObject(structure(type.name), {}, walk), walk)
  if (type.form !== 'scalar') return undefined
  if (type.scalar === 'quantity') return '0'
  if (type.scalar === 'intorstring') return 0
  return field.omitEmpty ? undefined : zeroOf(type.scalar)
}

const ZEROS: Readonly<Partial<Record<Scalar, Json>>> = { string: '', bool: false, int32: 0, int64: 0, double: 0 }

/** Go's zero value where JSON writes one; undefined: JSON would write null. */
const zeroOf = (scalar: Scalar): Json | undefined => ZEROS[scalar]

function present(field: Field, given: Json, walk: Walk): Json | undefined {
  const kept = nested(field.name, () => normalizeValue(field.type, given, walk), walk)
  if (isEmptyCollection(field.type, kept)) return undefined
  const droppable = field.omitEmpty && !field.pointer && !isScalar(field.type, 'intorstring')
  return droppable && (kept === '' || kept === 0 || kept === false) ? undefined : kept
}

function isScalar(type: FieldType, scalar: Scalar): boolean {
  return type.form === 'scalar' && type.scalar === scalar
}

function isEmptyCollection(type: FieldType, value: Json | undefined): boolean {
  if (type.form === 'list') return Array.isArray(value) && value.length === 0
  if (type.form === 'map') return isObject(value) && isEmptyObject(value)
  return type.form === 'scalar' && type.scalar === 'bytes' && value === ''
}

function isEmptyObject(value: JsonObject): boolean {
  for (const _ in value) return false
  return true
}

function nested<T>(key: string | number, step: () => T, walk: Walk): T {
  walk.path.push(key)
  const result = step()
  walk.path.pop()
  return result
}

/** The value inside a field, list or map. Undefined: it means "absent", or a problem was reported. */
function normalizeValue(type: FieldType, value: Json, walk: Walk): Json | undefined {
  if (type.form === 'list') return normalizeList(type.of, value, walk)
  if (type.form === 'map') return normalizeMap(type.of, value, walk)
  if (type.form === 'scalar') return normalizeLeaf(type.scalar, value, walk)
  if (isObject(value)) return normalizeObject(structure(type.name), value, walk)
  return report(wrongType(value, 'object').fault!, walk)
}

function normalizeLeaf(scalar: Scalar, value: Json, walk: Walk): Json | undefined {
  if (scalar === 'schemaorbool' || scalar === 'schemaorarray' || scalar === 'schemaorstrings') {
    return normalizeSchemaPlace(scalar, value, walk)
  }
  const { value: kept, fault } = normalizeScalar(scalar, value)
  return fault ? report(fault, walk) : kept
}

const SCHEMA: FieldType = { form: 'struct', name: 'apiextensions.v1.JSONSchemaProps' }
const STRING: FieldType = { form: 'scalar', scalar: 'string' }

function normalizeSchemaPlace(scalar: Scalar, value: Json, walk: Walk): Json | undefined {
  if (scalar === 'schemaorbool' && typeof value === 'boolean') return value
  if (scalar !== 'schemaorbool' && Array.isArray(value)) {
    return value.length === 0 ? undefined : normalizeList(scalar === 'schemaorarray' ? SCHEMA : STRING, value, walk)
  }
  return normalizeValue(SCHEMA, value, walk)
}

function normalizeList(of: FieldType, value: Json, walk: Walk): Json | undefined {
  if (!Array.isArray(value)) return report(wrongType(value, 'array').fault!, walk)
  const result: Json[] = []
  for (const [index, item] of (value as readonly Json[]).entries()) {
    walk.path.push(index)
    const kept = item === null ? zeroItem(of, walk) : normalizeValue(of, item, walk)
    if (kept !== undefined) result.push(kept)
    walk.path.pop()
  }
  return result
}

function normalizeMap(of: FieldType, value: Json, walk: Walk): Json | undefined {
  if (!isObject(value)) return report(wrongType(value, 'object').fault!, walk)
  if (isScalar(of, 'string') && Object.values(value).every((item) => typeof item === 'string')) return value
  const result: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) {
    walk.path.push(key)
    const kept = item === null ? zeroItem(of, walk) : normalizeValue(of, item, walk)
    if (kept !== undefined) setOwn(result, key, kept)
    walk.path.pop()
  }
  return result
}

/** What Go makes of a null inside a list or map: the zero value. */
function zeroItem(of: FieldType, walk: Walk): Json | undefined {
  if (of.form === 'struct') return normalizeObject(structure(of.name), {}, walk)
  if (of.form === 'list') return []
  if (of.form === 'map') return {}
  if (of.scalar === 'bytes') return ''
  if (of.scalar === 'quantity') return '0'
  if (of.scalar === 'raw') return null
  return zeroOf(of.scalar)
}

function report(fault: Fault, walk: Walk): undefined {
  walk.problems.push({ path: formatKeyPath(walk.path), ...fault })
  return undefined
}

/** Keys of maps stand in brackets (`data[my.key]`) only where a dot would mislead. */
function formatKeyPath(path: readonly (string | number)[], key?: string): string {
  let out = ''
  for (const part of key === undefined ? path : [...path, key]) {
    if (typeof part === 'number' || part.includes('.')) out += `[${part}]`
    else out += out === '' ? part : `.${part}`
  }
  return out
}
