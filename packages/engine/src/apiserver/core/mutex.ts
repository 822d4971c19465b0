/**
 * Lets the writers of one object take turns. Fifty patches of one object would otherwise race: each reads, computes,
 * and all but one lose the compare-and-swap and start again, as fast as they can. In turn, each wins at once.
 */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<void>>()

  /** Runs the task when all earlier tasks of the key have settled. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    let leave!: () => void
    const tail = new Promise<void>((resolve) => (leave = resolve))
    this.#tails.set(key, tail)
    if (before) await before
    try {
      return await task()
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
      leave()
    }
  }
}
