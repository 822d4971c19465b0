/** As the engine's own clock, which a driver may not import: a test turns it. */
export interface Clock {
  now(): number
  /** Calls back after `ms`; the returned function cancels. */
  after(ms: number, callback: () => void): () => void
}
