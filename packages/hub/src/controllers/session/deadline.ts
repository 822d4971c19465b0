import type { Clock } from '@larder/engine/base/clock'
import { DriverFailure } from './failure.ts'

/**
 * Runs a call of a driver under a deadline. A driver that ignores its signal is not waited for: its answer, should one come,
 * is dropped, and the next pass observes what became of the call.
 */
export async function withDeadline<T>(
  clock: Clock,
  deadlineMs: number,
  outer: AbortSignal,
  what: string,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Nothing would tell later of what has happened already.
  if (outer.aborted) throw new DriverFailure('BackendUnavailable', `${what} was interrupted`, { repeated: true })
  const abort = new AbortController()
  let giveUp: (error: unknown) => void
  const gaveUp = new Promise<never>((_, reject) => (giveUp = reject))
  const end = (message: string) => {
    const failure = new DriverFailure('BackendUnavailable', message, { ambiguous: true })
    abort.abort(failure)
    giveUp(failure)
  }
  const cancel = clock.after(deadlineMs, () => end(`${what} gave no answer within ${deadlineMs / 1000} s`))
  const onOuter = () => end(`${what} was interrupted`)
  outer.addEventListener('abort', onOuter, { once: true })
  try {
    return await Promise.race([call(abort.signal), gaveUp])
  } finally {
    cancel()
    outer.removeEventListener('abort', onOuter)
  }
}

/** The answer, unless the signal is aborted before it comes: what was asked for others, too, goes on without this one. */
export async function unlessAborted<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  if (signal.aborted) throw interrupted()
  let stop: () => void
  const aborted = new Promise<never>((_, reject) => (stop = () => reject(interrupted())))
  signal.addEventListener('abort', stop!, { once: true })
  try {
    return await Promise.race([answer, aborted])
  } finally {
    signal.removeEventListener('abort', stop!)
  }
}

const interrupted = (): DriverFailure =>
  new DriverFailure('BackendUnavailable', 'the hub stopped to wait for the answer', { repeated: true })
