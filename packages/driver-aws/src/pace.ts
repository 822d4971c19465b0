/**
 * When to look again at something that AWS is making. Where one knows how long it usually takes, hardly before that; else less often the longer it has
 * taken already, so that what takes minutes costs no more questions than what takes seconds.
 */
const LEAST_MS = 250
const MOST_MS = 30_000
/** Of the usual time: some are faster. */
const EARLY = 0.8
const LATE = 0.25

export function lookAgainMs(elapsedMs: number, usuallyMs: number | undefined): number {
  const elapsed = Math.max(0, elapsedMs)
  if (usuallyMs === undefined) return bounded(elapsed)
  return elapsed < usuallyMs * EARLY ? bounded(usuallyMs * EARLY - elapsed) : bounded(usuallyMs * LATE)
}

const bounded = (ms: number): number => Math.round(Math.min(MOST_MS, Math.max(LEAST_MS, ms)))

/** For what AWS does not say since when it takes: since we first waited for it. */
export class Waits {
  readonly #now: () => number
  readonly #known = new Map<string, { since: number; last: number }>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** When to look again at it. */
  again(key: string): number {
    const now = this.#now()
    const known = this.#known.get(key)
    // Nobody has asked for so long that it is another wait.
    const since = known && now - known.last <= 2 * MOST_MS ? known.since : now
    this.#known.delete(key)
    this.#known.set(key, { since, last: now })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_WAITS && oldest !== undefined) this.#known.delete(oldest)
    return lookAgainMs(now - since, undefined)
  }

  over(key: string): void {
    this.#known.delete(key)
  }
}

const MAX_WAITS = 10_000
