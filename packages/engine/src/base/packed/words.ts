/**
 * Strings that come again and again, each kept once and named by a number: `Ready`, `larder.dev/v1alpha1`, a namespace.
 *
 * A string becomes a word when it was met often within a short while. What it was met in does not matter, so there is nothing
 * to configure; a uid or the name of one object is never met that often. Words are never forgotten, because what was
 * packed with them would lose its meaning; their number is bounded instead.
 */

/** As many as fit into the two bytes that name one in packed text. */
export const MAX_WORDS = 0x4000
const MIN_LENGTH = 3
const MAX_LENGTH = 100
/** Meetings until a string is a word. */
const OFTEN = 8
/** Different strings that are counted at a time; then counting begins anew, which is all that "within a short while" means. */
const COUNTED = 4096

export class Words {
  readonly #numbers = new Map<string, number>()
  readonly #words: string[] = []
  /** By hash: a string that was cut out of a request would keep the whole of it alive. */
  readonly #met = new Map<number, number>()

  /** From all words, in the order of their numbers. Counting begins anew. */
  static restored(words: readonly string[]): Words {
    const restored = new Words()
    for (const word of words) restored.#numbers.set(word, restored.#words.push(word) - 1)
    return restored
  }

  save(): readonly string[] {
    return this.#words
  }

  /** The number of a word; undefined when the text is none. */
  numberOf(text: string): number | undefined {
    return this.#numbers.get(text)
  }

  wordOf(number: number): string {
    return this.#words[number]!
  }

  /** A text of Latin-1 that is no word was met. */
  meet(text: string): void {
    if (text.length < MIN_LENGTH || text.length > MAX_LENGTH || this.#words.length >= MAX_WORDS) return
    const hash = hashOf(text)
    const times = (this.#met.get(hash) ?? 0) + 1
    if (times < OFTEN) {
      if (this.#met.size >= COUNTED) this.#met.clear()
      this.#met.set(hash, times)
      return
    }
    this.#met.delete(hash)
    const flat = Buffer.from(text, 'latin1').toString('latin1')
    this.#numbers.set(flat, this.#words.push(flat) - 1)
  }
}

const OFFSET_BASIS = -2128831035
const PRIME = 16777619

/** FNV-1a over UTF-16 units, as a signed 32-bit number. */
export function hashOf(text: string): number {
  let hash = OFFSET_BASIS
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME)
  return hash
}
