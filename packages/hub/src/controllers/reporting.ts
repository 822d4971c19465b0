/** What all controllers of the hub say in the same way: causes, and the words for what was thrown. */
import { isApiError } from '@larder/engine/machinery/status'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Settled } from '@larder/engine/runtime/controller'
import { Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { causeOf } from '../model/cause.ts'
import { reasons } from '../model/reasons.ts'
import type { Refusal } from '../model/refusal.ts'
import type { Cause } from '../model/shared-fields.ts'
import { DriverFailure, explainFailure } from './session/failure.ts'

/** A person has to act outside, an engine to be installed for instance, and nothing tells when that is done. */
const LOOK_AGAIN_MS = 5000

/** Throws what a decision refused; returns nothing when there is nothing to refuse. */
export function stallOn(refusal: Refusal | undefined): void {
  if (refusal) throw new Stalled(refusal.refused, refusal.message)
}

/** Runs steps, and turns failures of drivers into outcomes. */
export async function settling(run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof DriverFailure)) throw error
    if (error.stalled) throw new Stalled(error.reason, error.message, { cause: error })
    if (!reasons[error.reason].heals) {
      const lookAgainMs = error.afterMs ?? LOOK_AGAIN_MS
      throw new Stalled(error.reason, error.message, { cause: error, lookAgainMs })
    }
    if (error.afterMs !== undefined) return wait(error.reason, error.message, error.afterMs)
    throw error
  }
}

/** Reason and message for status: of drivers, of the API, and for everything else only that it happened. */
export function explain(error: unknown): { reason: string; message: string } {
  const failure = explainFailure(error)
  if (failure) return failure
  if (isApiError(error)) return { reason: 'ApiRefused', message: error.message }
  if (error instanceof Error && error.name === 'Unreachable')
    return { reason: 'ApiUnreachable', message: error.message }
  const name = error instanceof Error ? error.name : typeof error
  return { reason: 'InternalError', message: `unexpected ${name}; the log of the hub has the details` }
}

/** Sets `cause` from how the pass ended; the one field that the runtime does not know. */
export function summarizeCause(object: KubeObject, status: { cause?: Cause | undefined }, settled: Settled): void {
  if (settled.type === 'done') delete status.cause
  else status.cause = causeOf(settled.reason, settled.message, { kind: object.kind, ...object.metadata })
}
