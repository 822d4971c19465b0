/** Times in whole seconds, `2026-11-21T10:16:28Z`, as numbers. */
export const TIME_LENGTH = 20
const MAX_SECONDS = 0xffff_ffff

/** Remembers the last one: in a busy second all objects have the same. */
export class Seconds {
  #seconds = 0
  #text = '1970-01-01T00:00:00Z'

  /** Undefined for a text that is not exactly such a time, or from outside of 1970 to 2106. */
  parse(text: string): number | undefined {
    if (text.length !== TIME_LENGTH || text[19] !== 'Z' || text[10] !== 'T') return undefined
    if (text === this.#text) return this.#seconds
    const seconds = Date.parse(text) / 1000
    if (!(seconds >= 0 && seconds <= MAX_SECONDS) || format(seconds) !== text) return undefined
    this.#remember(seconds, text)
    return seconds
  }

  format(seconds: number): string {
    if (seconds !== this.#seconds) this.#remember(seconds, format(seconds))
    return this.#text
  }

  #remember(seconds: number, text: string): void {
    this.#seconds = seconds
    // Flat: a text that was put together or cut out would keep its parts or its whole alive.
    this.#text = Buffer.from(text, 'latin1').toString('latin1')
  }
}

function format(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, TIME_LENGTH - 1)}Z`
}
