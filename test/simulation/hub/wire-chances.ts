/** What can become of what travels between a simulated process and the API. */
import type { Call, Target, Transport } from '@larder/engine/machinery/call'
import { Unreachable } from '@larder/engine/client/unreachable'
import type { Scheduler } from './scheduler.ts'

/** What becomes of one call. */
export type CallFate =
  | 'arrives'
  /** It never gets there, and the caller hears that. */
  | 'lost'
  /** It gets there and the answer does not. */
  | 'answerLost'
  /** It gets there twice, and the second answer is told. */
  | 'doubled'
  /** Somebody else writes the same object just before. */
  | 'overtaken'
  /** The process is killed before it gets there, or after. */
  | 'killedBefore'
  | 'killedAfter'

/** What becomes of the next event of a watch. */
export type EventFate = 'arrives' | 'breaks' | 'expires' | 'late'

export interface Chances {
  call(call: Call): CallFate
  answerIsLate(): boolean
  event(): EventFate
  /** For how long a late watch shows nothing. */
  lateMs(): number
}

export interface Process {
  readonly name: string
  readonly isDead: boolean
  kill(): void
}

export interface WireOptions {
  readonly inner: Transport
  readonly scheduler: Scheduler
  readonly process: Process
  readonly chances: Chances
  /** Writes the object that a call is about, as another user would. */
  readonly overtake: (target: Target) => Promise<void>
}

/** What a dead process waits for. */
export const never = <T>() => new Promise<T>(() => undefined)
export const noAnswer = (why: string) => new Unreachable('https://simulated', why)
