/** Identity of list items: by the values of keys (lists of type `map`), or by their whole value (`set`). */
import { isObject, stringifyJson, type Json } from '../../base/json.ts'

/** The identity of a list item of type `map`: the values of its keys, as JSON. */
export function keyOf(item: Json, keys: readonly string[]): string {
  return isObject(item) ? stringifyJson(keys.map((key) => canonical(item[key] ?? null))) : ''
}

export function indexByKeys(list: readonly Json[], keys: readonly string[]): ReadonlyMap<string, Json> {
  return new Map(list.map((item) => [keyOf(item, keys), item]))
}

/** Equal values become equal texts: keys sorted, 1n as 1. */
export function canonical(value: Json): Json {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (Array.isArray(value)) return value.map((item: Json) => canonical(item))
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, item]) => [key, canonical(item)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
