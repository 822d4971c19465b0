import { equalJson, isObject, setOwn, type Json, type JsonObject } from '../base/json.ts'

/**
 * The JSON merge patch (RFC 7386) that makes `after` of `before`; empty when they are equal. Lists are replaced whole.
 * A field that is undefined counts as absent.
 */
export function mergePatchBetween(before: JsonObject, after: JsonObject): JsonObject {
  const patch: Record<string, Json> = {}
  for (const key of Object.keys(before)) {
    if (before[key] !== undefined && (!Object.hasOwn(after, key) || after[key] === undefined)) setOwn(patch, key, null)
  }
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue
    const old = Object.hasOwn(before, key) ? before[key] : undefined
    if (isObject(old) && isObject(value)) {
      const inner = mergePatchBetween(old, value)
      if (!isEmpty(inner)) setOwn(patch, key, inner)
    } else if (!equalJson(old, value)) setOwn(patch, key, value)
  }
  return patch
}

export function isEmpty(patch: JsonObject): boolean {
  return Object.keys(patch).length === 0
}

/**
 * A copy without undefined fields, as a trip over the wire would make it. In-process there is no wire: without this the
 * server would be handed, and would freeze, an object that the caller goes on using.
 */
export function copyJson(value: unknown): Json {
  if (value === null || typeof value !== 'object') return value as Json
  if (Array.isArray(value)) return value.map((item: unknown) => (item === undefined ? null : copyJson(item)))
  const copy: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) if (item !== undefined) setOwn(copy, key, copyJson(item))
  return copy
}
