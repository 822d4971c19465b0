/** Time as a driver sees it: a test turns it, and a simulated run replays it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls back after `ms`; the returned function cancels. */
  after(ms: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
