import type { Document } from '../../machinery/document.ts'

/**
 * Watch lines that other watchers of the same resource are about to ask for: a thousand watchers of one change share one
 * Buffer. Bounded by bytes and forgotten oldest first, because what counts is the last few moments.
 */
export class FrameCache {
  readonly #lines = new Map<Document, Map<string, Buffer>>()
  readonly #limitBytes: number
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** `key` says everything about the line but the document. */
  line(document: Document, key: string, encode: () => Buffer): Buffer {
    let lines = this.#lines.get(document)
    const known = lines?.get(key)
    if (known) return known
    const line = encode()
    if (!lines) {
      lines = new Map()
      this.#lines.set(document, lines)
    }
    lines.set(key, line)
    this.#bytes += line.length
    while (this.#bytes > this.#limitBytes) this.#forgetOldest()
    return line
  }

  #forgetOldest(): void {
    for (const [document, lines] of this.#lines) {
      for (const line of lines.values()) this.#bytes -= line.length
      this.#lines.delete(document)
      return
    }
  }
}
