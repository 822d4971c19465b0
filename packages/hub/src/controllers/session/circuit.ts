/**
 * Whether a backend can be called at all. When calls fail for want of an answer, one probe finds out whether it is the backend; if it is, nobody
 * calls it until another probe finds that it is back. Everybody who wanted something meanwhile kept a place in the line (turns.ts) and is
 * called in order, a few at first.
 *
 *     closed ── some calls without an answer ──> suspected ── the probe fails too ──> open ── a probe succeeds ──> closed
 *                                                └── the probe succeeds ──> closed: it was those calls, not the backend
 *
 * Rejected: to open by a share of failed calls alone, because one service that is broken would then take all others of its backend with it.
 */
import type { Clock } from '@larder/engine/base/clock'
import { DriverFailure } from './failure.ts'
import type { Turns } from './turns.ts'

/** Calls in a row that got no answer, before a probe is worth its request. */
const SUSPICIOUS = 3
/** When everybody waits and no call has ended for so long, the calls may hang. */
const SILENCE_MS = 10_000
const FIRST_TRIAL_MS = 1000
const LAST_TRIAL_MS = 60_000

export interface Circuit {
  /** Of every call that was made, and of every probe that others made. */
  succeeded(): void
  failed(failure: DriverFailure): void
  /** What a probe found that somebody else asked for. */
  probed(failure: DriverFailure | undefined): void
  /** Why nobody may call now. */
  readonly failure: DriverFailure | undefined
  /** The backend is no longer used in this form: no more probes. */
  end(): void
}

export interface CircuitOptions {
  readonly turns: Turns
  readonly clock: Clock
  readonly random: () => number
  /** Under a deadline, with errors in our words; rejects with a DriverFailure. */
  readonly probe: () => Promise<unknown>
  /** Called when the circuit opened or closed. */
  readonly turned: (open: boolean) => void
}

export function createCircuit({ turns, clock, random, probe, turned }: CircuitOptions): Circuit {
  let open: DriverFailure | undefined
  let unanswered = 0
  let trials = 0
  let probing = false
  let ended = false
  let answeredAt = clock.now()
  let cancel: (() => void) | undefined

  function tryAfter(ms: number): void {
    cancel?.()
    cancel = clock.after(ms, () => {
      // A limit that was told ends by time; whether a dead backend is back only it can say.
      if (open?.reason === 'BackendThrottled') close()
      else void ask()
    })
  }

  /** Doubling and fully spread, so that several hubs, or several backends behind one door, do not knock together. */
  const pauseMs = () => random() * Math.min(LAST_TRIAL_MS, FIRST_TRIAL_MS * 2 ** Math.min(trials, 30))

  function stop(failure: DriverFailure): void {
    if (ended) return
    const news = open === undefined
    open = failure
    turns.close(failure)
    if (failure.reason === 'BackendThrottled') tryAfter((failure.afterMs ?? FIRST_TRIAL_MS) * (1 + random() / 10))
    else tryAfter(FIRST_TRIAL_MS + pauseMs())
    trials++
    if (news) turned(true)
  }

  function close(): void {
    cancel?.()
    unanswered = 0
    trials = 0
    answeredAt = clock.now()
    if (!open) return
    open = undefined
    turned(false)
    turns.open()
  }

  /** One at a time, however many suspect. */
  async function ask(): Promise<void> {
    if (probing || ended) return
    probing = true
    try {
      await probe()
      probed(undefined)
    } catch (error) {
      probed(error instanceof DriverFailure ? error : undefined)
    } finally {
      probing = false
    }
  }

  /** A refusal is an answer too. */
  function probed(failure: DriverFailure | undefined): void {
    if (failure?.reason === 'BackendUnavailable') stop(failure)
    else close()
  }

  turns.onSlow(() => {
    if (!open && clock.now() - answeredAt >= SILENCE_MS) void ask()
  })

  return {
    succeeded() {
      answeredAt = clock.now()
      unanswered = 0
      turns.succeeded()
    },
    failed(failure) {
      if (failure.reason === 'BackendThrottled' && open?.reason !== 'BackendUnavailable') return stop(failure)
      if (failure.reason !== 'BackendUnavailable') {
        answeredAt = clock.now()
        unanswered = 0
        return turns.succeeded()
      }
      unanswered++
      if (!open && unanswered >= SUSPICIOUS) {
        unanswered = 0
        void ask()
      }
    },
    probed,
    get failure() {
      return open
    },
    end() {
      ended = true
      cancel?.()
    },
  }
}
