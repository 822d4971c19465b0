/** An applied configuration: what it owns, whether its kind has such fields, and what becomes of the live object with it. */
import { isObject, setOwn, type Json, type JsonObject } from '../../base/json.ts'
import { elementText, isEmptySet, isMember, LEAF, NO_FIELDS, nodeOf, type FieldSet } from './field-set.ts'
import {
  elementOf,
  isDropped,
  itemsByElement,
  partsOfList,
  partsOfObject,
  typeOfField,
  type ApplyType,
  type ListType,
  type ObjectType,
} from './types.ts'

/**
 * The fields that a configuration names. Objects themselves are not owned, so that many can share one, unless they are empty or
 * stand under a key that no schema declares.
 */
export function fieldsOfConfig(type: ApplyType, config: JsonObject): FieldSet {
  const { metadata, ...rest } = config
  // `ownable` leaves an empty one of what only names the object. Nobody owns that.
  const isBare = isObject(metadata) && isEmptySet(metadata as unknown as FieldSet)
  return nodeOfConfig(type, isBare ? rest : config, false) ?? NO_FIELDS
}

function nodeOfConfig(type: ApplyType, value: Json, isOwned: boolean): FieldSet | undefined {
  const objectType = partsOfObject(type, value)
  const listType = partsOfList(type)
  const isParted = (objectType && isObject(value)) || (listType && Array.isArray(value))
  if (!isParted) return LEAF
  const children: Record<string, FieldSet> = {}
  if (objectType) {
    for (const [name, item] of Object.entries(value as JsonObject)) {
      if (isDropped(objectType, name, item)) continue
      const isUndeclared = !objectType.field(name)
      const isEmpty = isObject(item) && isEmptySet(item as unknown as FieldSet)
      const node = nodeOfConfig(typeOfField(objectType, name), item, isUndeclared || isEmpty)
      if (node) children[`f:${name}`] = node
    }
  } else {
    for (const item of value as readonly Json[])
      children[elementOf(listType!, item)] = nodeOfConfig(listType!.items, item, true)!
  }
  return nodeOf(isOwned, isEmptySet(children) ? undefined : children)
}

/** Why the configuration cannot be one of this kind: `.spec.foo: field not declared in schema`. Undefined: it can. */
export function problemOfConfig(type: ApplyType, value: Json, path = ''): string | undefined {
  if (value === null) return undefined
  if (type.form === 'object') return isObject(value) ? problemInObject(type, value, path) : mismatch(path, 'map', value)
  if (type.form === 'list')
    return Array.isArray(value) ? problemInList(type, value, path) : mismatch(path, 'list', value)
  return undefined
}

function mismatch(path: string, expected: string, value: Json): string {
  const found = Array.isArray(value) ? 'list' : isObject(value) ? 'map' : typeof value
  return `${path}: expected ${expected}, got ${found}`
}

function problemInObject(type: ObjectType, value: JsonObject, path: string): string | undefined {
  for (const [name, item] of Object.entries(value)) {
    const at = `${path}.${name}`
    const of = type.field(name)?.type ?? type.values
    if (!of) return `${at}: field not declared in schema`
    const problem = problemOfConfig(of, item, at)
    if (problem !== undefined) return problem
  }
  return undefined
}

function problemInList(type: ListType, list: readonly Json[], path: string): string | undefined {
  const seen = new Set<string>()
  for (const [i, item] of list.entries()) {
    const missing = Array.isArray(type.by) ? missingKey(type, item) : undefined
    if (missing !== undefined) {
      return `${path}: element ${i}: associative list with keys has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`
    }
    const element = elementOf(type, item)
    if (type.by !== 'nothing' && seen.has(element)) {
      return `${path}: duplicate entries for key ${elementText(element)}`
    }
    seen.add(element)
    const at = type.by === 'nothing' ? `${path}[${i}]` : path + elementText(element)
    const problem = problemOfConfig(type.items, item, at)
    if (problem !== undefined) return problem
  }
  return undefined
}

function missingKey({ by }: ListType, item: Json): string | undefined {
  if (!Array.isArray(by)) return undefined
  const fields = isObject(item) ? item : {}
  return (by as Exclude<ListType['by'], string>).find(
    ({ name, fallback }) => fields[name] === undefined && fallback === undefined,
  )?.name
}

/** The live value with the configuration over it. */
export function merge(type: ApplyType, live: Json | undefined, config: Json): Json {
  if (live === undefined || live === null) return config
  const objectType = partsOfObject(type, config)
  if (objectType && isObject(live) && isObject(config)) return mergeObjects(objectType, live, config)
  const listType = partsOfList(type)
  return listType && Array.isArray(live) && Array.isArray(config) ? mergeLists(listType, live, config) : config
}

function mergeObjects(type: ObjectType, live: JsonObject, config: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...live }
  for (const [name, value] of Object.entries(config)) {
    setOwn(merged, name, merge(typeOfField(type, name), Object.hasOwn(live, name) ? live[name] : undefined, value))
  }
  return merged
}

/** In the order of the configuration; items that only the live list has keep their place before those that they preceded. */
function mergeLists(type: ListType, live: readonly Json[], config: readonly Json[]): Json {
  const liveElements = live.map((item) => elementOf(type, item))
  const liveItems = itemsByElement(type, live)
  const configElements = config.map((item) => elementOf(type, item))
  const inConfig = new Set(configElements)
  const merged: Json[] = []
  let next = 0
  const flushUntil = (element: string | undefined): void => {
    for (; next < live.length && liveElements[next] !== element; next++) {
      if (!inConfig.has(liveElements[next]!)) merged.push(live[next]!)
    }
  }
  for (const [i, item] of config.entries()) {
    const shared = configElements.slice(i).find((element) => liveItems.has(element))
    // An item that the live list has further up has been passed already.
    const isAhead = shared !== undefined && liveElements.indexOf(shared, next) >= 0
    if (shared === undefined || isAhead) flushUntil(shared)
    merged.push(merge(type.items, liveItems.get(configElements[i]!)?.[0], item))
  }
  flushUntil(undefined)
  return merged
}

/**
 * The value without what its owner no longer names: fields and items that are in `last` and not in `owned`, which is what all
 * owners have after the apply. What `config` names stays, if empty: else it would come and go with every other apply. Undefined:
 * nothing is left of it.
 */
export function prune(
  type: ApplyType,
  value: Json,
  last: FieldSet,
  owned: FieldSet,
  config: Json | undefined,
): Json | undefined {
  const objectType = partsOfObject(type, value)
  if (objectType && isObject(value)) return pruneObject(objectType, value, last, owned, config)
  const listType = partsOfList(type)
  if (listType && Array.isArray(value)) return pruneList(listType, value, last, owned, config)
  return value
}

function pruneObject(
  type: ObjectType,
  value: JsonObject,
  last: FieldSet,
  owned: FieldSet,
  config: Json | undefined,
): JsonObject | undefined {
  let kept: Record<string, Json> | undefined
  for (const [name, item] of Object.entries(value)) {
    const before = last[`f:${name}`]
    if (!before) continue
    const now = owned[`f:${name}`]
    const wanted = isObject(config) && Object.hasOwn(config, name) ? config[name] : undefined
    // Declared fields count as owned by who owns something in them.
    const isDeclared = type.field(name) !== undefined
    const isKept = wanted !== undefined || (now !== undefined && (isDeclared || isMember(now)))
    const isGone = !isKept && (isDeclared || isMember(before))
    const rest = isGone ? undefined : prune(typeOfField(type, name), item, before, now ?? NO_FIELDS, wanted)
    // Whoever owns the object itself keeps it, empty.
    const isHeld = wanted !== undefined || (now !== undefined && isMember(now))
    const left = rest === undefined && isHeld ? emptied(item) : rest
    if (left === item) continue
    kept ??= { ...value }
    if (left === undefined) delete kept[name]
    else setOwn(kept, name, left)
  }
  if (!kept) return value
  return isEmptySet(kept as unknown as FieldSet) ? undefined : kept
}

const emptied = (value: Json): Json => (Array.isArray(value) ? [] : {})

function pruneList(
  type: ListType,
  list: readonly Json[],
  last: FieldSet,
  owned: FieldSet,
  config: Json | undefined,
): readonly Json[] | undefined {
  const wanted = itemsByElement(type, Array.isArray(config) ? (config as readonly Json[]) : [])
  const kept: Json[] = []
  for (const item of list) {
    const element = elementOf(type, item)
    const before = last[element]
    const now = owned[element]
    if (before && isMember(before) && !(now && isMember(now))) continue
    const left = before ? prune(type.items, item, before, now ?? NO_FIELDS, wanted.get(element)?.[0]) : item
    kept.push(withKeys(type, item, left))
  }
  if (kept.length === list.length && kept.every((item, i) => item === list[i])) return list
  return kept.length > 0 ? kept : undefined
}

/** An item that stays keeps its keys, whoever owned them: without them it would be another. */
function withKeys({ by }: ListType, item: Json, left: Json | undefined): Json {
  if (left === item || !isObject(item) || !Array.isArray(by)) return left ?? item
  const names = (by as Exclude<ListType['by'], string>).map(({ name }) => name)
  const keys = Object.fromEntries(names.filter((name) => item[name] !== undefined).map((name) => [name, item[name]!]))
  return { ...keys, ...(left as JsonObject | undefined) }
}
