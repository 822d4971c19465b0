/**
 * Strategic merge patch: a merge patch that knows which lists are sets of named things.
 *
 *     { spec: { containers: [{ name: 'a', image: 'new' }] } }
 *
 * changes the image of container `a` and leaves its neighbours; a JSON merge patch would throw them away. What a list is,
 * says the `MergeSchema`; directives in the patch say the rest:
 * - `$patch: replace | delete` in an object, or in an item of a merged list (replace there: the patch is the whole list);
 * - `$deleteFromPrimitiveList/finalizers: [...]`, `$setElementOrder/containers: [{name}, ...]`, `$retainKeys: [...]`.
 *
 * The rules, also the odd ones (items of the patch come first, an order list keeps strangers where they stood), are those of
 * apimachinery's `strategicpatch`; the cases in the type table's fixtures were made by it.
 */
import { equalJson, isObject, setOwn, type Json, type JsonObject } from '../../base/json.ts'
import { badRequest } from '../status.ts'

/** What is known of the fields of an object. */
export interface MergeSchema {
  /** Undefined: unknown; objects are merged there, lists replaced. */
  field(name: string): MergeField | undefined
}

export interface MergeField {
  /** A list is merged: objects by `key`, primitives as a set. Otherwise it is replaced as a whole. */
  readonly merge: boolean
  readonly key: string | undefined
  /** Of the object, of the items of the list, or of the values of the map. */
  readonly schema: MergeSchema | undefined
}

type Fields = Record<string, Json>
type List = readonly Json[]

const PATCH = '$patch'
const RETAIN_KEYS = '$retainKeys'
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/'
const ORDER = '$setElementOrder/'
const isDirective = (key: string): boolean =>
  key === PATCH || key === RETAIN_KEYS || key.startsWith(DELETE_PRIMITIVES) || key.startsWith(ORDER)

/** Neither argument is changed. Throws ApiError 400 on a bad directive. */
export function strategicMerge(current: JsonObject, patch: JsonObject, schema: MergeSchema | undefined): JsonObject {
  const directive = patch[PATCH]
  if (directive === 'replace') return withoutDirectives(patch)
  if (directive === 'delete') return {}
  if (directive !== undefined) throw refuse(`unknown $patch directive ${JSON.stringify(directive)}`)
  const result: Fields = { ...current }
  retainKeys(result, patch)
  const ordered = mergeOrdered(result, patch, schema)
  for (const [key, value] of Object.entries(patch)) {
    if (!ordered.has(key) && !isDirective(key)) mergeField(result, key, value, schema?.field(key))
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_PRIMITIVES))
      deletePrimitives(result, key.slice(DELETE_PRIMITIVES.length), listOf(key, value))
  }
  return result
}

const refuse = (what: string) => badRequest(`the strategic merge patch is malformed: ${what}`)

function listOf(key: string, value: Json): List {
  if (!Array.isArray(value)) throw refuse(`${key} must be a list`)
  return value
}

function retainKeys(result: Fields, patch: JsonObject): void {
  const given = patch[RETAIN_KEYS]
  if (given === undefined) return
  const retained = new Set(listOf(RETAIN_KEYS, given))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || isDirective(key) || retained.has(key)) continue
    throw refuse(`field ${key} is patched but does not stand in $retainKeys`)
  }
  for (const key of Object.keys(result)) if (!retained.has(key)) delete result[key]
}

function mergeField(result: Fields, key: string, value: Json, field: MergeField | undefined): void {
  if (value === null) {
    delete result[key]
    return
  }
  const before = result[key]
  if (isObject(value)) {
    if (isObject(before)) setOwn(result, key, strategicMerge(before, value, field?.schema))
    else if (value[PATCH] !== 'delete') setOwn(result, key, withoutDirectives(value))
  } else if (Array.isArray(value)) {
    setOwn(
      result,
      key,
      field?.merge && Array.isArray(before) ? mergeLists(key, before, value, field) : cleanItems(value),
    )
  } else setOwn(result, key, value)
}

/** A value that is new as a whole: nothing to remove, so nulls and directives have done their work. */
function withoutDirectives(value: JsonObject): JsonObject {
  const result: Fields = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === null || isDirective(key)) continue
    if (isObject(item)) {
      if (item[PATCH] !== 'delete') setOwn(result, key, withoutDirectives(item))
    } else setOwn(result, key, Array.isArray(item) ? cleanItems(item) : item)
  }
  return result
}

function cleanItems(items: List): List {
  const kept: Json[] = []
  for (const item of items) {
    if (!isObject(item)) kept.push(item)
    else if (item[PATCH] === undefined) kept.push(withoutDirectives(item))
  }
  return kept
}

function mergeLists(name: string, current: List, patch: List, field: MergeField): List {
  if (!(patch[0] === undefined ? isObject(current[0]) : isObject(patch[0]))) return mergePrimitives(current, patch)
  if (field.key === undefined) return cleanItems(patch)
  return mergeItems(name, current, patch, field.key, field.schema)
}

function mergePrimitives(current: List, patch: List): List {
  const merged = [...new Set([...current, ...patch])]
  return inOrder(merged, [...new Set(patch)], current, equalJson)
}

function mergeItems(name: string, current: List, patch: List, key: string, schema: MergeSchema | undefined): List {
  const same = (a: Json, b: Json): boolean => isObject(a) && isObject(b) && equalJson(a[key], b[key])
  let merged = [...current]
  const patched: JsonObject[] = []
  let replaced = false
  for (const item of patch) {
    if (!isObject(item)) throw refuse(`an item of ${name} must be an object`)
    const directive = item[PATCH]
    if (directive === 'replace') replaced = true
    else if (item[key] === undefined) throw refuse(`an item of ${name} has no ${key}, by which the list is merged`)
    else if (directive === 'delete') merged = merged.filter((other) => !same(other, item))
    else if (directive === undefined) patched.push(item)
    else throw refuse(`unknown $patch directive ${JSON.stringify(directive)} in an item of ${name}`)
  }
  if (replaced) return cleanItems(patched)
  for (const item of patched) {
    const at = merged.findIndex((other) => same(other, item))
    if (at < 0) merged.push(withoutDirectives(item))
    else merged[at] = strategicMerge(merged[at] as JsonObject, item, schema)
  }
  return inOrder(merged, patched, current, same)
}

type Same = (a: Json, b: Json) => boolean

/** Items that `order` names stand in its order; the others stay in front of those they stood in front of before. */
function inOrder(items: List, order: List, before: List, same: Same): List {
  const indexIn = (list: List, item: Json): number => list.findIndex((other) => same(other, item))
  const named: { readonly item: Json; readonly place: number }[] = []
  const others: Json[] = []
  for (const item of items) {
    const place = indexIn(order, item)
    if (place < 0) others.push(item)
    else named.push({ item, place })
  }
  named.sort((a, b) => a.place - b.place)
  const result: Json[] = []
  let next = 0
  for (const { item } of named) {
    const stood = indexIn(before, item)
    const inFront = (other: Json): boolean => indexIn(before, other) < stood
    while (next < others.length && inFront(others[next]!)) result.push(others[next++]!)
    result.push(item)
  }
  return [...result, ...others.slice(next)]
}

/** Handles the lists that have an order; answers their keys. */
function mergeOrdered(result: Fields, patch: JsonObject, schema: MergeSchema | undefined): ReadonlySet<string> {
  const done = new Set<string>()
  for (const [directive, value] of Object.entries(patch)) {
    if (!directive.startsWith(ORDER)) continue
    const name = directive.slice(ORDER.length)
    const order = listOf(directive, value)
    const field = schema?.field(name)
    const same = sameBy(field?.key)
    const before = result[name]
    const patched = patch[name]
    if (patched === null) continue
    if (patched !== undefined) checkOrder(name, listOf(name, patched), order, same)
    if (patched !== undefined) mergeField(result, name, patched, field)
    done.add(name)
    const merged = result[name]
    if (Array.isArray(merged)) setOwn(result, name, inOrder(merged, order, Array.isArray(before) ? before : [], same))
  }
  return done
}

function sameBy(key: string | undefined): Same {
  return (a, b) => (key !== undefined && isObject(a) && isObject(b) ? equalJson(a[key], b[key]) : equalJson(a, b))
}

/** Every item that the patch sets must stand in the order list, in the same order: else the two contradict each other. */
function checkOrder(name: string, patched: List, order: List, same: Same): void {
  const set = patched.filter((item) => !isObject(item) || item[PATCH] === undefined)
  let next = 0
  for (const item of order) if (next < set.length && same(set[next]!, item)) next++
  if (next < set.length && order.length > 0)
    throw refuse(`the items of ${name} do not follow the order in ${ORDER}${name}`)
}

function deletePrimitives(result: Fields, name: string, gone: List): void {
  const before = result[name]
  if (Array.isArray(before)) {
    setOwn(
      result,
      name,
      before.filter((item: Json) => !gone.some((other) => equalJson(item, other))),
    )
  }
}
