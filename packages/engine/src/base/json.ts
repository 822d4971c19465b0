/**
 * JSON as Kubernetes means it: integers keep all their digits, duplicate keys are noticed.
 *
 * `JSON.parse` turns 9007199254740993 into 9007199254740992 and lets the last of two equal keys win in
 * silence; both have corrupted real objects. Numbers follow apimachinery's `util/json`: an integer literal that
 * fits int64 stays an integer (a `bigint` once it is beyond 2^53), everything else is a float64.
 */

export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** The text is not JSON. `offset` counts UTF-16 units from the start. */
export class JsonSyntaxError extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(`${message} at offset ${offset}`)
    this.name = 'JsonSyntaxError'
    this.offset = offset
  }
}

export interface ParseOptions {
  /** Called with the path (`spec.x[0].y`) of each key that stands twice in one object; the last one wins. */
  onDuplicate?: (path: string) => void
  /** Objects nested deeper than this are refused, because a recursive reader would overflow. */
  maxDepth?: number
}

const MAX_INT64 = 9223372036854775807n
const MIN_INT64 = -9223372036854775808n
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y

export function parseJson(text: string, options: ParseOptions = {}): Json {
  const maxDepth = options.maxDepth ?? 1000
  const { onDuplicate } = options
  const path: (string | number)[] = []
  let at = 0

  function fail(what: string): never {
    throw new JsonSyntaxError(what, at)
  }

  function skipSpace(): void {
    for (;;) {
      const c = text.charCodeAt(at)
      if (c === 32 || c === 10 || c === 13 || c === 9) at++
      else return
    }
  }

  function string(): string {
    const start = ++at
    for (;;) {
      const c = text.charCodeAt(at)
      if (c === 34) return text.slice(start, at++)
      if (c === 92) return escapedString(start)
      if (c < 32) fail('control character in string')
      if (c !== c) fail('unexpected end in string')
      at++
    }
  }

  function escapedString(start: number): string {
    for (;;) {
      const c = text.charCodeAt(at)
      if (c === 34) break
      if (c < 32) fail('control character in string')
      if (c !== c) fail('unexpected end in string')
      at += c === 92 ? 2 : 1
    }
    at++
    try {
      return JSON.parse(text.slice(start - 1, at)) as string
    } catch {
      at = start
      return fail('invalid escape in string')
    }
  }

  function number(): number | bigint {
    NUMBER.lastIndex = at
    const match = NUMBER.exec(text)
    if (!match) fail(at < text.length ? `unexpected character ${JSON.stringify(text[at])}` : 'unexpected end')
    at += match[0].length
    const value = Number(match[0])
    if (match[1] === undefined && match[2] === undefined && !Number.isSafeInteger(value)) {
      const whole = BigInt(match[0])
      if (whole >= MIN_INT64 && whole <= MAX_INT64) return whole
    }
    if (!Number.isFinite(value)) fail('number out of range')
    return value
  }

  function value(depth: number): Json {
    if (depth > maxDepth) fail(`nested deeper than ${maxDepth}`)
    skipSpace()
    switch (text.charCodeAt(at)) {
      case 123:
        return object(depth)
      case 91:
        return array(depth)
      case 34:
        return string()
      case 116:
        return word('true', true)
      case 102:
        return word('false', false)
      case 110:
        return word('null', null)
      default:
        return number()
    }
  }

  function word(expected: string, result: Json): Json {
    if (!text.startsWith(expected, at)) fail(`unexpected character ${JSON.stringify(text[at])}`)
    at += expected.length
    return result
  }

  function object(depth: number): Json {
    const result: Record<string, Json> = {}
    at++
    skipSpace()
    if (text.charCodeAt(at) === 125) {
      at++
      return result
    }
    for (;;) {
      skipSpace()
      if (text.charCodeAt(at) !== 34) fail('expected a key')
      const key = string()
      skipSpace()
      if (text.charCodeAt(at) !== 58) fail('expected ":"')
      at++
      path.push(key)
      if (onDuplicate && Object.hasOwn(result, key)) onDuplicate(formatPath(path))
      const element = value(depth + 1)
      path.pop()
      setOwn(result, key, element)
      skipSpace()
      const c = text.charCodeAt(at++)
      if (c === 125) return result
      if (c !== 44) {
        at--
        fail('expected "," or "}"')
      }
    }
  }

  function array(depth: number): Json {
    const result: Json[] = []
    at++
    skipSpace()
    if (text.charCodeAt(at) === 93) {
      at++
      return result
    }
    for (;;) {
      path.push(result.length)
      result.push(value(depth + 1))
      path.pop()
      skipSpace()
      const c = text.charCodeAt(at++)
      if (c === 93) return result
      if (c !== 44) {
        at--
        fail('expected "," or "]"')
      }
    }
  }

  const result = value(0)
  skipSpace()
  if (at < text.length) fail('unexpected text after the value')
  return result
}

/** Digits enough for a number that a float64 cannot hold; also within strings, which costs time and nothing else. */
const LONG_NUMBER = /[0-9]{16}/

/** Of text that was written by `stringifyJson`, and so is sound and knows no key twice: five times as fast. */
export const parseOwnJson = (text: string): Json =>
  LONG_NUMBER.test(text) ? parseJson(text) : (JSON.parse(text) as Json)

/** Sets a key as data, also when it is `__proto__`, which plain assignment would take for the prototype. */
export function setOwn(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  } else object[key] = value
}

/** `['spec', 'ports', 0, 'name']` as `spec.ports[0].name`, the form that Kubernetes errors use. */
export function formatPath(path: readonly (string | number)[]): string {
  let out = ''
  for (const part of path) {
    if (typeof part === 'number') out += `[${part}]`
    else out += out === '' ? part : `.${part}`
  }
  return out
}

/** Compact JSON; keys in their own order. Bigints print as integers, which `JSON.stringify` refuses. */
export function stringifyJson(value: Json): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return stringifyWithBigint(value)
  }
}

function stringifyWithBigint(value: Json): string {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return `[${value.map((item: Json) => stringifyWithBigint(item)).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const parts: string[] = []
    for (const [key, item] of Object.entries(value as JsonObject)) {
      if (item !== undefined) parts.push(`${JSON.stringify(key)}:${stringifyWithBigint(item)}`)
    }
    return `{${parts.join(',')}}`
  }
  return JSON.stringify(value)
}

/** Deep equality of JSON values; key order does not matter, 1 and 1n are equal. */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (typeof a === 'bigint' || typeof b === 'bigint') return isNumeric(a) && isNumeric(b) && a == b
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    return a.every((item: Json, i) => equalJson(item, b[i] as Json))
  }
  if (Array.isArray(b)) return false
  const left = a as JsonObject
  const right = b as JsonObject
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key], right[key]))
}

function isNumeric(value: Json | undefined): boolean {
  return typeof value === 'bigint' || typeof value === 'number'
}

/** True for a JSON object: not null, not a list. */
export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Freezes a value all the way down, so that one copy may be shared between the store and its readers. */
export function freezeJson<T extends Json>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const item of Object.values(value)) freezeJson(item)
  }
  return value
}
