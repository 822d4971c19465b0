/**
 * How the end of a pass reads in status, for people and for kstatus: `Ready` always; `Reconciling` and `Stalled` only while they
 * are True, because kstatus takes their mere presence as news; `observedGeneration` always.
 */
import type { Condition } from '../client/builtin.ts'
import type { KubeObject } from '../machinery/object.ts'
import { isApiError } from '../machinery/status.ts'
import { removeCondition, setCondition } from './conditions.ts'
import type { ControllerDefinition, Settled } from './controller.ts'
import { Stalled, type Outcome } from './outcome.ts'

interface Reported {
  conditions?: Condition[]
  observedGeneration?: number
}

export function settle(outcome: Outcome, step: string | undefined): Settled {
  if (outcome.type === 'done') return outcome
  return { ...outcome, ...(step !== undefined && { step }) }
}

export function settleError(
  error: unknown,
  step: string | undefined,
  explain: ControllerDefinition<KubeObject>['explain'],
): Settled {
  const more = { error, ...(step !== undefined && { step }) }
  if (error instanceof Stalled) {
    const { reason, message, lookAgainMs } = error
    return { type: 'stalled', reason, message, ...(lookAgainMs !== undefined && { afterMs: lookAgainMs }), ...more }
  }
  return { type: 'failed', ...(explain?.(error) ?? inOurWords(error)), ...more }
}

/** An API error speaks of objects and fields. Other texts may quote what was being read, a password for instance. */
function inOurWords(error: unknown): { reason: string; message: string } {
  if (isApiError(error)) return { reason: error.reason, message: error.message }
  if (error instanceof Error && error.name === 'Unreachable') return { reason: 'Unreachable', message: error.message }
  const name = error instanceof Error ? error.name : typeof error
  return { reason: 'ReconcileFailed', message: `unexpected ${name}; the log line "pass failed" has the details` }
}

export function applyConditions(
  status: Reported,
  settled: Settled,
  generation: number | undefined,
  nowMs: number,
): void {
  const conditions = (status.conditions ??= [])
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  Object.assign(status, observed)
  const set = (type: string, value: 'True' | 'False', reason: string, message: string) =>
    setCondition(conditions, { type, status: value, reason, message, ...observed }, nowMs)

  if (settled.type === 'done') {
    set('Ready', 'True', 'Ready', '')
    removeCondition(conditions, 'Reconciling')
    removeCondition(conditions, 'Stalled')
    return
  }
  const { reason, message } = settled
  const present = settled.type === 'stalled' ? 'Stalled' : 'Reconciling'
  const absent = settled.type === 'stalled' ? 'Reconciling' : 'Stalled'
  set('Ready', 'False', reason, message)
  set(present, 'True', reason, message)
  removeCondition(conditions, absent)
}
