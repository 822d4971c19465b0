/**
 * How the end of a pass reads in the status of these kinds: exactly one condition, always True, and a line about it. Unlike upstream the last one
 * stays while a pass runs, so that `kubectl wait` sees no gap.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Settled } from '@larder/engine/runtime/controller'
import type { CONDITION_TYPES } from './fields.ts'

type ConditionType = (typeof CONDITION_TYPES)[number]

const LONGEST_MESSAGE = 80

/** For `summarize` of a controller that keeps no conditions of the runtime's. */
export function reportOne(summary: {
  readonly object: KubeObject
  readonly status: object
  readonly settled: Settled
}) {
  const { object, status, settled } = summary
  const type = typeOf(settled)
  const message = settled.type === 'done' ? '' : settled.message
  Object.assign(status, {
    observedGeneration: object.metadata.generation,
    conditions: [{ type, status: 'True', ...(message !== '' && { message }) } satisfies JsonObject],
    friendlyDescription: describe(type, message),
  })
}

function typeOf({ type }: Settled): ConditionType {
  if (type === 'done') return 'ReconcileSucceeded'
  return type === 'wait' ? 'Reconciling' : 'ReconcileFailed'
}

function describe(type: ConditionType, message: string): string {
  if (type === 'ReconcileSucceeded') return 'Reconcile succeeded'
  if (type === 'Reconciling') return 'Reconciling'
  const line = message.split('\n', 1)[0]!
  return `Reconcile failed: ${line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}...` : line}`
}
