/**
 * When to look again at something that AWS is making. Where one knows how long it usually takes, hardly before that; else less often the longer it has
 * taken already, so that what takes minutes costs no more questions than what takes seconds.
 */
const LEAST_MS = 500
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
