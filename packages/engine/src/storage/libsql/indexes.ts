import type { Index } from '../store.ts'

/** Beyond this many different strings they are hardly shared any more, and the table would only grow. */
const MAX_STRINGS = 20_000

/**
 * Makes the copies of indexes that stay in memory for as long as their keys live. Label keys and values are shared between
 * them, and no string is a slice: V8 keeps the whole request body alive for one label that was cut out of it.
 */
export class Indexes {
  readonly #strings = new Map<string, string>()

  decode(json: string): Index {
    const index = JSON.parse(json) as Index
    return {
      uid: index.uid,
      ...(index.labels && { labels: this.#shared(index.labels) }),
      ...(index.owners && { owners: index.owners }),
      ...(index.awaits && { awaits: index.awaits }),
      ...(index.fields && { fields: this.#shared(index.fields) }),
    }
  }

  #shared(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const shared: Record<string, string> = {}
    for (const [key, value] of Object.entries(record)) shared[key] = this.#intern(value)
    return shared
  }

  #intern(text: string): string {
    const known = this.#strings.get(text)
    if (known !== undefined) return known
    if (this.#strings.size < MAX_STRINGS) this.#strings.set(text, text)
    return text
  }
}
