/**
 * Takes secret values out of texts of others. A driver may quote the backend, and the backend the request: an error such as
 * `ACL SETUSER app >hunter2: syntax error` would put a password into a condition.
 *
 * A value is found as it is and as requests carry it: base64, percent-encoded, and escaped as in JSON. The search looks at each place of the text
 * once, by the first letters and then by the lengths that begin so, so that ten thousand remembered values cost as much as one, also
 * where all begin alike.
 */
import type { Json } from '@larder/kit'

const REDACTED = '[redacted]'
/** Shorter values would cut ordinary words to pieces, and are no secrets worth the name. */
const MIN_SECRET_LENGTH = 4
/** Credentials of claims that are remembered, the newest: what is quoted was just sent. */
const MAX_RECENT = 10_000

export interface Redaction {
  /** Remembers every text in the value for good: the account of a backend. */
  learn(value: Json | Uint8Array): void
  /** Remembers it until many others have come. */
  learnRecent(value: Json | Uint8Array): void
  redact(text: string): string
  /** The same value with every text in it redacted, keys of objects too; itself when there is nothing to take out. */
  redactAll<T>(value: T): T
}

export function createRedaction(): Redaction {
  const lasting = new Set<string>()
  const recent = new Set<string>()
  /** All forms of all secrets, and how many secrets have each. */
  const forms = new Map<string, number>()
  /** How long the forms are that begin with these letters, and how many have each length. */
  const lengths = new Map<string, Map<number, number>>()
  /** How many forms begin so, by a hash of their first letters: nearly every place of a text is passed over by it. */
  const beginnings = new Uint32Array(1 << 15)

  function count(form: string, by: 1 | -1): void {
    const start = form.slice(0, MIN_SECRET_LENGTH)
    beginnings[hashAt(form, 0)]! += by
    const alike = lengths.get(start) ?? new Map<number, number>()
    const left = (alike.get(form.length) ?? 0) + by
    if (left > 0) lengths.set(start, alike.set(form.length, left))
    else if (alike.delete(form.length) && alike.size === 0) lengths.delete(start)
  }

  function add(secret: string): void {
    for (const form of formsOf(secret)) {
      const known = forms.get(form) ?? 0
      forms.set(form, known + 1)
      if (known === 0) count(form, 1)
    }
  }

  function remove(secret: string): void {
    for (const form of formsOf(secret)) {
      const left = (forms.get(form) ?? 1) - 1
      if (left > 0) forms.set(form, left)
      else if (forms.delete(form)) count(form, -1)
    }
  }

  /** The longest form that stands at this place: a secret inside another must not leave the rest of the longer one. */
  function lengthAt(text: string, at: number): number {
    if (beginnings[hashAt(text, at)] === 0) return 0
    let longest = 0
    for (const length of lengths.get(text.slice(at, at + MIN_SECRET_LENGTH))?.keys() ?? []) {
      if (length <= longest || at + length > text.length) continue
      if (forms.has(text.slice(at, at + length))) longest = length
    }
    return longest
  }

  function redact(text: string): string {
    if (forms.size === 0) return text
    let clean = ''
    let from = 0
    for (let at = 0; at + MIN_SECRET_LENGTH <= text.length;) {
      const length = lengthAt(text, at)
      if (length === 0) at++
      else {
        clean += text.slice(from, at) + REDACTED
        at += length
        from = at
      }
    }
    return from === 0 ? text : clean + text.slice(from)
  }

  function redactAll(value: unknown): unknown {
    if (typeof value === 'string') return redact(value)
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
    return Array.isArray(value) ? redactItems(value) : redactFields(value as Readonly<Record<string, unknown>>)
  }

  /** Copies only where something is taken out: a pool answers with thousands of members, and with a secret never. */
  function redactItems(items: readonly unknown[]): readonly unknown[] {
    let copy: unknown[] | undefined
    for (const [i, item] of items.entries()) {
      const clean = redactAll(item)
      if (clean !== item) (copy ??= [...items])[i] = clean
    }
    return copy ?? items
  }

  function redactFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const names = Object.keys(fields)
    const isClean = names.every((name) => redact(name) === name && redactAll(fields[name]) === fields[name])
    return isClean ? fields : Object.fromEntries(names.map((name) => [redact(name), redactAll(fields[name])]))
  }

  return {
    learn(value) {
      for (const secret of textsOf(value)) {
        if (lasting.has(secret)) continue
        lasting.add(secret)
        add(secret)
      }
    },
    learnRecent(value) {
      for (const secret of textsOf(value)) {
        if (!recent.delete(secret)) add(secret)
        recent.add(secret)
      }
      for (const oldest of recent) {
        if (recent.size <= MAX_RECENT) break
        recent.delete(oldest)
        remove(oldest)
      }
    },
    redact,
    redactAll: <T>(value: T) => redactAll(value) as T,
  }
}

/** Of the first `MIN_SECRET_LENGTH` letters, in 15 bits. */
function hashAt(text: string, at: number): number {
  const first = text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 5)
  return (first ^ (text.charCodeAt(at + 2) << 10) ^ (text.charCodeAt(at + 3) << 3)) & 0x7fff
}

function formsOf(secret: string): ReadonlySet<string> {
  const bytes = Buffer.from(secret)
  const base64 = bytes.toString('base64')
  return new Set([
    secret,
    base64.replace(/=+$/, ''),
    bytes.toString('base64url'),
    encodeURIComponent(bytes.toString()),
    JSON.stringify(secret).slice(1, -1),
  ])
}

function textsOf(value: Json | Uint8Array): string[] {
  if (value instanceof Uint8Array) return textsOf(Buffer.from(value).toString())
  if (typeof value === 'string') return secretsIn(value)
  if (value === null || typeof value !== 'object') return []
  return Object.values(value).flatMap((item) => textsOf(item))
}

/** A text of several lines is quoted line by line, a key in PEM for instance. */
function secretsIn(text: string): string[] {
  const whole = text.trim()
  const parts = whole.includes('\n') ? [text, whole, ...whole.split(/\r?\n/)] : [text, whole]
  return [...new Set(parts)].filter((part) => part.length >= MIN_SECRET_LENGTH && !part.startsWith('-----'))
}
