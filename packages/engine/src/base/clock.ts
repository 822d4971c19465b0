/** Where time comes from. Everything that reads or waits for time takes a clock, so that tests can turn it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls back after `ms`; the returned function cancels. Never keeps the process alive. */
  after(ms: number, callback: () => void): () => void
}

/** Node's timers hold 31 bits; a longer delay would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), MAX_DELAY_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
