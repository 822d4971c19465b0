/** One call of a driver, now: under its deadline, its failure in words of ours and without secrets, told to the log and to who counts. */
import type { Clock } from '@larder/engine/base/clock'
import { errorChain, type Log } from '@larder/engine/base/log'
import type { SessionObserver } from './calls.ts'
import { withDeadline } from './deadline.ts'
import { failureOf } from './failure.ts'

/**
 * Verbs begin things and answer, so that these are for a backend that is slow to take a request; each longer than any single
 * request of a well-behaved client library, and shorter than a person's patience.
 */
const DEADLINES_MS = {
  probe: 10_000,
  plan: 30_000,
  discover: 60_000,
  observe: 30_000,
  create: 60_000,
  update: 60_000,
  delete: 60_000,
  bind: 60_000,
  unbind: 60_000,
  wipe: 60_000,
} as const
export type Verb = keyof typeof DEADLINES_MS

export interface CallParts {
  readonly backend: string
  /** Its name. */
  readonly driver: string
  readonly clock: Clock
  readonly log: Log
  readonly redact: (text: string) => string
  readonly observer: SessionObserver
}

/** Throws DriverFailure. `calledAt`: since when it has waited for its turn. */
export async function makeCall<T>(
  { backend, driver, clock, log, redact, observer }: CallParts,
  { verb, signal }: { readonly verb: Verb; readonly signal: AbortSignal },
  run: (signal: AbortSignal) => Promise<T>,
  calledAt = clock.now(),
): Promise<T> {
  const startedAt = clock.now()
  const waitedMs = startedAt - calledAt
  const over = (code: string, message?: string) =>
    observer.call({ backend, driver, verb, startedAt, endedAt: clock.now(), waitedMs, code, message, signal })
  try {
    // The function may throw before it returns a promise: drivers are naive.
    const answer = await withDeadline(clock, DEADLINES_MS[verb], signal, `driver ${driver}: ${verb}`, async (s) =>
      run(s),
    )
    over('ok')
    return answer
  } catch (error) {
    const failure = failureOf(error, { driver, verb }, redact)
    log.warn('a call of the driver failed', { verb, reason: failure.reason, error: redact(errorChain(error)) })
    over(failure.reason, failure.message)
    throw failure
  }
}
