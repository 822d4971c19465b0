/** Puts a value at its place in JSON, `/passwords/0` as in a JSON Pointer (RFC 6901); what is missing on the way is made. */
import type { Json, JsonObject } from '@larder/engine/base/json'

const INDEX = /^(0|[1-9][0-9]{0,3})$/

/** What is wrong with a pointer; undefined when it names a place inside an object. */
export function pointerProblem(pointer: string): string | undefined {
  if (!/^(\/([^~/]|~[01])+)+$/.test(pointer)) return 'must be a JSON Pointer such as /passwords/0'
  return undefined
}

/** The whole with `value` in it. A number is the place in a list where there is a list, or nothing yet; anything in the way gives way. */
export function placeAt(whole: JsonObject, pointer: string, value: Json): JsonObject {
  const [first = '', ...rest] = pointer.slice(1).split('/').map(unescape)
  return { ...whole, [first]: place(whole[first], rest, value) }
}

function place(there: Json | undefined, steps: readonly string[], value: Json): Json {
  const [step, ...rest] = steps
  if (step === undefined) return value
  if (Array.isArray(there) || (there === undefined && INDEX.test(step))) {
    return placeInList((there ?? []) as readonly Json[], step, rest, value)
  }
  const object = there !== null && typeof there === 'object' && !Array.isArray(there) ? (there as JsonObject) : {}
  return { ...object, [step]: place(object[step], rest, value) }
}

/** Beyond the end means at the end: a list has no holes. */
function placeInList(list: readonly Json[], step: string, rest: readonly string[], value: Json): Json {
  const at = INDEX.test(step) ? Math.min(Number(step), list.length) : list.length
  const next = [...list]
  next[at] = place(list[at], rest, value)
  return next
}

const unescape = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~')
