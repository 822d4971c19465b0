/**
 * Prunes and completes a value by its schema in one pass: fields that the schema does not know go (and are named), nulls
 * that mean "absent" go, defaults come in. Copies only what changes; the value and the defaults stay as they are.
 *
 * A null stays where the schema says `nullable`, and in lists, where dropping it would move the other items.
 */
import { isObject, setOwn, type Json, type JsonObject } from '../../base/json.ts'
import { normalizeMetadata } from '../metadata.ts'
import type { FieldProblem } from '../status.ts'
import type { SchemaNode } from './node.ts'

export interface Findings {
  /** Paths of fields that were dropped, `spec.foo[0].bar`. */
  readonly unknown: string[]
  /** Wrong types inside the metadata of embedded resources. */
  readonly problems: FieldProblem[]
}

/** `apiVersion`, `kind` and `metadata` of the root and of embedded resources are known without being declared. */
export function normalizeValue(value: Json, node: SchemaNode, path: string, findings: Findings): Json {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return normalizeList(value, node, path, findings)
  return normalizeObject(value as JsonObject, node, path, findings, node.embedded)
}

function normalizeList(list: readonly Json[], node: SchemaNode, path: string, findings: Findings): Json {
  const { items } = node
  if (!items) return list
  let copy: Json[] | undefined
  for (let i = 0; i < list.length; i++) {
    const item = list[i]!
    const next =
      item === null && !items.nullable && items.default !== undefined
        ? items.default
        : normalizeValue(item, items, `${path}[${i}]`, findings)
    if (next !== item) (copy ??= [...list])[i] = next
  }
  return copy ?? list
}

/** `isRoot`: keeps the type and identity of a resource, whose metadata has rules of its own. */
export function normalizeObject(
  value: JsonObject,
  node: SchemaNode,
  path: string,
  findings: Findings,
  isResource: boolean,
): JsonObject {
  let copy: Record<string, Json> | undefined
  for (const key of Object.keys(value)) {
    const item = value[key]!
    const next = normalizeField(key, item, node, path, findings, isResource)
    if (next === item) continue
    copy ??= { ...value }
    if (next === undefined) delete copy[key]
    else setOwn(copy, key, next)
  }
  for (const [key, fallback] of node.defaulted) {
    if (!Object.hasOwn(copy ?? value, key)) setOwn((copy ??= { ...value }), key, fallback)
  }
  return copy ?? value
}

/** The field's value as it stays; undefined: it goes. */
function normalizeField(
  key: string,
  item: Json,
  node: SchemaNode,
  path: string,
  findings: Findings,
  isResource: boolean,
): Json | undefined {
  if (isResource && (key === 'apiVersion' || key === 'kind')) return item
  if (isResource && key === 'metadata') {
    // The metadata of the root is the caller's business.
    return path === '' ? item : normalizeEmbeddedMetadata(item, path, findings)
  }
  const at = path === '' ? key : `${path}.${key}`
  const child = node.properties.get(key) ?? (node.additional === true ? undefined : node.additional)
  if (child) {
    if (item === null && !child.nullable) return child.default
    return normalizeValue(item, child, at, findings)
  }
  if (node.preserveUnknown || node.additional === true) return item
  findings.unknown.push(at)
  return undefined
}

function normalizeEmbeddedMetadata(item: Json, path: string, findings: Findings): Json | undefined {
  if (item === null) return undefined
  if (!isObject(item)) return item
  const { metadata, unknown, problems } = normalizeMetadata(item, `${path}.metadata`)
  findings.unknown.push(...unknown)
  findings.problems.push(...problems)
  return metadata
}
