/** JSON Merge Patch (RFC 7386). */
import { isObject, setOwn, type Json } from '../../base/json.ts'

/** The patched value; shares what the patch leaves alone with `target`, and changes neither argument. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result: Record<string, Json> = {}
  const base = isObject(target) ? target : {}
  for (const [key, value] of Object.entries(base)) setOwn(result, key, value)
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else setOwn(result, key, mergePatch(Object.hasOwn(base, key) ? base[key] : undefined, value))
  }
  return result
}
