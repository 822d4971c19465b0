/**
 * Keeps a failing call away from the backend until its backoff is over, whatever wakes the controller in the meantime:
 * a wake is news about the world, not permission to hammer a backend that has just refused.
 */
import type { Clock } from '@larder/engine/base/clock'
import { DriverFailure } from './failure.ts'

const BASE_MS = 200
const CAP_MS = 300_000
/** Chance may say zero. */
const LEAST_MS = 20

interface Closed {
  readonly token: string
  readonly failures: number
  readonly until: number
  readonly failure: DriverFailure
}

export interface Gate {
  /**
   * Runs the call, unless the last one of this `key` failed a short while ago: then throws the same failure again. Another
   * `token` (what is wanted has changed) opens at once.
   */
  pass<T>(key: string, token: string, call: () => Promise<T>): Promise<T>
  forget(id: string): void
  /** The backend is back: what kept from calling it was not the call. */
  reopen(): void
}

/** The backoff doubles and is spread over its whole length, so that calls that failed together do not come again together. */
export function createGate(clock: Clock, random: () => number): Gate {
  const closed = new Map<string, Closed>()
  return {
    async pass(key, token, call) {
      const last = closed.get(key)
      const same = last?.token === token ? last : undefined
      const leftMs = (same?.until ?? 0) - clock.now()
      if (same && leftMs > 0) throw repetition(same.failure, leftMs)
      try {
        const result = await call()
        closed.delete(key)
        return result
      } catch (error) {
        if (!(error instanceof DriverFailure) || error.repeated) throw error
        const failures = (same?.failures ?? 0) + 1
        const fullMs = Math.min(BASE_MS * 2 ** (failures - 1), CAP_MS)
        const delayMs = error.afterMs ?? Math.max(LEAST_MS, Math.round(random() * fullMs))
        closed.set(key, { token, failures, until: clock.now() + delayMs, failure: error })
        throw withDelay(error, delayMs)
      }
    },
    forget(id) {
      for (const key of closed.keys()) if (key.endsWith(` ${id}`)) closed.delete(key)
    },
    reopen() {
      for (const [key, { failure }] of closed) if (failure.reason === 'BackendUnavailable') closed.delete(key)
    },
  }
}

const repetition = (failure: DriverFailure, afterMs: number) =>
  new DriverFailure(failure.reason, failure.message, {
    afterMs,
    stalled: failure.stalled,
    repeated: true,
  })

const withDelay = (failure: DriverFailure, afterMs: number) =>
  new DriverFailure(failure.reason, failure.message, {
    afterMs,
    stalled: failure.stalled,
    ambiguous: failure.ambiguous,
  })
