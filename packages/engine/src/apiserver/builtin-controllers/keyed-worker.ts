/**
 * Runs one job for each key, never two at once; a key that is woken while its job runs is run once more. A job that throws
 * is logged and tried again, later each time.
 *
 * The controllers of `runtime/` are for objects with conditions and owners of their own; these few belong to the API, which
 * may not import them.
 */
import type { Clock } from '../../base/clock.ts'
import { errorChain, type Log } from '../../base/log.ts'

export interface KeyedWorkerOptions {
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  readonly work: (key: string) => Promise<void>
  /** Jobs under way at a time; absent: any number. */
  readonly atOnce?: number
}

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 30_000

export class KeyedWorker {
  readonly #options: KeyedWorkerOptions
  readonly #running = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #timers = new Map<string, () => void>()
  readonly #queue: (() => void)[] = []
  #working = 0
  #closed = false

  constructor(options: KeyedWorkerOptions) {
    this.#options = options
  }

  wake(key: string): void {
    if (this.#closed) return
    if (this.#running.has(key)) {
      this.#again.add(key)
      return
    }
    this.#timers.get(key)?.()
    this.#timers.delete(key)
    this.#running.set(key, this.#run(key))
  }

  /** Resolves when no job is under way and none is waiting to start; retries that wait for their time do not count. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const stop of this.#timers.values()) stop()
    this.#timers.clear()
    await this.idle()
  }

  async #run(key: string): Promise<void> {
    // Not in the turn of whoever woke us: that is the store, telling its events.
    await Promise.resolve()
    await this.#slot()
    try {
      if (this.#closed) return
      do {
        this.#again.delete(key)
        await this.#options.work(key)
      } while (this.#again.has(key) && !this.#closed)
      this.#failures.delete(key)
    } catch (error) {
      this.#retryLater(key, error)
    } finally {
      this.#running.delete(key)
      this.#working--
      this.#queue.shift()?.()
    }
  }

  async #slot(): Promise<void> {
    // Whoever is let in may find that a newcomer took the place in between.
    while (this.#working >= (this.#options.atOnce ?? Infinity)) {
      await new Promise<void>((resolve) => this.#queue.push(resolve))
    }
    this.#working++
  }

  #retryLater(key: string, error: unknown): void {
    if (this.#closed) return
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    const { name, clock, log } = this.#options
    log.warn('will try again', { controller: name, key, failures, error: errorChain(error) })
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS)
    this.#timers.set(
      key,
      clock.after(delayMs, () => this.wake(key)),
    )
  }
}
