/**
 * Takes secret values out of texts of others. A driver may quote the backend, and the backend the request: an error such as
 * `ACL SETUSER app >hunter2: syntax error` would put a password into a condition.
 */
import type { Json } from '@larder/kit'

const REDACTED = '[redacted]'
/** Shorter values would cut ordinary words to pieces, and are no secrets worth the name. */
const MIN_SECRET_LENGTH = 4
/** Credentials of claims that are remembered: errors quote what was just sent, and a search through all of a large hub would cost. */
const MAX_RECENT = 500

export interface Redaction {
  /** Remembers every text in the value for good: the account of a backend. */
  learn(value: Json | Uint8Array): void
  /** Remembers it until many others have come. */
  learnRecent(value: Json | Uint8Array): void
  redact(text: string): string
}

export function createRedaction(): Redaction {
  const lasting = new Set<string>()
  const recent = new Set<string>()

  return {
    learn(value) {
      for (const secret of textsOf(value)) lasting.add(secret)
    },
    learnRecent(value) {
      for (const secret of textsOf(value)) {
        recent.delete(secret)
        recent.add(secret)
      }
      for (const oldest of recent) {
        if (recent.size <= MAX_RECENT) break
        recent.delete(oldest)
      }
    },
    redact(text) {
      const found = [...lasting, ...recent].filter((secret) => text.includes(secret))
      // Longest first: a secret inside another must not leave the rest of the longer one.
      return found
        .sort((a, b) => b.length - a.length)
        .reduce((clean, secret) => clean.replaceAll(secret, REDACTED), text)
    },
  }
}

function textsOf(value: Json | Uint8Array): string[] {
  if (value instanceof Uint8Array) return textsOf(Buffer.from(value).toString())
  if (typeof value === 'string') return value.length >= MIN_SECRET_LENGTH ? [value] : []
  if (value === null || typeof value !== 'object') return []
  return Object.values(value).flatMap((item) => textsOf(item))
}
