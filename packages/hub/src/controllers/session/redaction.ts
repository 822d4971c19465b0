/**
 * Takes secret values out of texts of others. A driver may quote the backend, and the backend the request: an error such as
 * `ACL SETUSER app >hunter2: syntax error` would put a password into a condition.
 *
 * A value is found as it is and as requests carry it: base64, percent-encoded, and escaped as in JSON. The search looks at each place of the text
 * once, by the first letters, so that ten thousand remembered values cost as much as one.
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
  /** All forms of all secrets by how they begin, and how many secrets have each. */
  const forms = new Map<string, Map<string, number>>()

  function add(secret: string): void {
    for (const form of formsOf(secret)) {
      const start = form.slice(0, MIN_SECRET_LENGTH)
      let alike = forms.get(start)
      if (!alike) forms.set(start, (alike = new Map()))
      alike.set(form, (alike.get(form) ?? 0) + 1)
    }
  }

  function remove(secret: string): void {
    for (const form of formsOf(secret)) {
      const start = form.slice(0, MIN_SECRET_LENGTH)
      const alike = forms.get(start)
      const left = (alike?.get(form) ?? 1) - 1
      if (left > 0) alike?.set(form, left)
      else alike?.delete(form)
      if (alike?.size === 0) forms.delete(start)
    }
  }

  /** The longest form that stands at this place: a secret inside another must not leave the rest of the longer one. */
  function lengthAt(text: string, at: number): number {
    let length = 0
    for (const form of forms.get(text.slice(at, at + MIN_SECRET_LENGTH))?.keys() ?? []) {
      if (form.length > length && text.startsWith(form, at)) length = form.length
    }
    return length
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
    if (Array.isArray(value)) {
      const items = value.map(redactAll)
      return items.some((item, i) => item !== value[i]) ? items : value
    }
    const entries = Object.entries(value).map(([key, item]) => [redact(key), redactAll(item), key, item] as const)
    const changed = entries.some(([key, item, oldKey, old]) => key !== oldKey || item !== old)
    return changed ? Object.fromEntries(entries.map(([key, item]) => [key, item])) : value
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
