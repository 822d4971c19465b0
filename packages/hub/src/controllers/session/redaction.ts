/**
 * Takes secret values out of texts of others. A driver may quote the backend, and the backend the request: an error such as
 * `ACL SETUSER app >hunter2: syntax error` would put a password into a condition.
 */
import type { Json } from '@larder/kit'

const REDACTED = '[redacted]'
/** Shorter values would cut ordinary words to pieces, and are no secrets worth the name. */
const MIN_SECRET_LENGTH = 4

export interface Redaction {
  /** Remembers values of any JSON or bytes; strings below a certain length are no secrets. */
  learn(value: Json | Uint8Array): void
  redact(text: string): string
}

export function createRedaction(): Redaction {
  const secrets = new Set<string>()
  const learnText = (text: string) => {
    if (text.length >= MIN_SECRET_LENGTH) secrets.add(text)
  }
  return {
    learn(value) {
      if (value instanceof Uint8Array) learnText(Buffer.from(value).toString())
      else if (typeof value === 'string') learnText(value)
      else if (value !== null && typeof value === 'object') for (const item of Object.values(value)) this.learn(item)
    },
    redact(text) {
      let clean = text
      // Longest first: a secret inside another must not leave the rest of the longer one.
      for (const secret of [...secrets].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, REDACTED)
      return clean
    },
  }
}
