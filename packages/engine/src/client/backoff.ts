import type { Clock } from '../base/clock.ts'

export interface BackoffOptions {
  readonly baseMs: number
  readonly capMs: number
}

/**
 * How long to wait after the nth failure in a row (from 1): doubling, capped, and spread over its upper half so that
 * many clients of a server that comes back do not knock at the same moment.
 */
export function backoffMs(failures: number, { baseMs, capMs }: BackoffOptions, random: () => number): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30))
  return full / 2 + (full / 2) * random()
}

/** Resolves after `ms`, or as soon as the signal aborts. Never rejects. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = () => {
      cancel()
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.after(ms, finish)
    signal.addEventListener('abort', finish)
  })
}
