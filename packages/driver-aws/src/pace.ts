/**
 * When to look again at something that AWS is making. Where one knows how long it usually takes, hardly before that; else less often the longer it has
 * taken already, so that what takes minutes costs no more questions than what takes seconds.
 */
const LEAST_MS = 250
/** Where nobody knows how long it takes. A queue of twelve seconds is looked at four times, and found at most so much too late. */
const FIRST_MS = 750
const GROWTH = 1.6
const MOST_MS = 30_000
/** Of the usual time: some are faster. */
const EARLY = 0.8
const LATE = 0.25

export function lookAgainMs(elapsedMs: number, usuallyMs: number | undefined): number {
  const elapsed = Math.max(0, elapsedMs)
  if (usuallyMs === undefined) return bounded(Math.max(FIRST_MS, elapsed * GROWTH))
  return elapsed < usuallyMs * EARLY ? bounded(usuallyMs * EARLY - elapsed) : bounded(usuallyMs * LATE)
}

const bounded = (ms: number): number => Math.round(Math.min(MOST_MS, Math.max(LEAST_MS, ms)))

/** When to look again, and when it will be there as far as anybody knows. */
export interface Wait {
  readonly againMs: number
  /** RFC 3339. */
  readonly expectedAt?: string
}

/** What is known of a wait from elsewhere. */
export interface KnownTimes {
  /** When it began, where AWS says that; otherwise when we first waited for it. */
  readonly sinceMs?: number
  /** Where somebody knows better than we have seen. */
  readonly usuallyMs?: number
}

/** What takes less is not worth a word. */
const WORTH_TELLING_MS = 1_000

/**
 * Who waits for what, since when, and how long such a thing took the last times: of forty queues the first costs some questions, the others few.
 */
export class Waits {
  readonly #now: () => number
  readonly #waiting = new Map<string, { sort: string; since: number; last: number }>()
  /** By sort. */
  readonly #usuallyMs = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** When to look again at it. `sort`: what takes about as long. */
  again(key: string, sort: string, known: KnownTimes = {}): number {
    return this.wait(key, sort, known).againMs
  }

  /** The same, and when it is expected: from who knows, or from how long the last ones took. */
  wait(key: string, sort: string, { sinceMs, usuallyMs }: KnownTimes = {}): Wait {
    const now = this.#now()
    const before = this.#waiting.get(key)
    if (before && before.sort !== sort) this.over(key)
    // Nobody has asked for so long that it is another wait.
    const isSame = before?.sort === sort && now - before.last <= 2 * MOST_MS
    const since = sinceMs ?? (isSame ? before.since : now)
    put(this.#waiting, key, { sort, since, last: now })
    const usually = usuallyMs ?? this.#usuallyMs.get(sort)
    return {
      againMs: lookAgainMs(now - since, usually),
      ...(usually !== undefined &&
        usually >= WORTH_TELLING_MS && { expectedAt: new Date(since + usually).toISOString() }),
    }
  }

  /** It is there, or gone. */
  over(key: string): void {
    const known = this.#waiting.get(key)
    if (!known) return
    this.#waiting.delete(key)
    const tookMs = this.#now() - known.since
    const before = this.#usuallyMs.get(known.sort) ?? tookMs
    put(this.#usuallyMs, known.sort, (before + tookMs) / 2)
  }
}

const MAX_KNOWN = 10_000

/** Forgets the oldest when there are too many. */
function put<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > MAX_KNOWN && oldest !== undefined) map.delete(oldest)
}
