/**
 * How the end of a pass reads in the status of these kinds: exactly one condition, always True, and lines about it. Unlike upstream
 * the last one stays while a pass runs, so that `kubectl wait` sees no gap.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Settled } from '@larder/engine/runtime/controller'
import { Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { CONDITION_TYPES } from './fields.ts'

type ConditionType = (typeof CONDITION_TYPES)[number]

/** Nothing tells of a right that is given, or of what comes back in a registry. */
const LOOK_AGAIN_MS = 3000

/** It failed. `useful` is the whole story where `message` only points to it. Both must be free of secrets. */
export class Failed extends Stalled {
  readonly useful: string
  constructor(message: string, options: ErrorOptions & { useful?: string; lookAgainMs?: number } = {}) {
    super('ReconcileFailed', message, { lookAgainMs: LOOK_AGAIN_MS, ...options })
    this.name = 'Failed'
    this.useful = options.useful ?? message
  }
}

/** What a kind says whose failure is told by the one below it. */
export const SEE_USEFUL = 'Error (see .status.usefulErrorMessage for details)'

const PAUSED = 'Canceled/paused'
export const paused: Outcome = wait('Paused', PAUSED)

interface Told {
  observedGeneration?: number
  friendlyDescription?: string
}

/** For `summarize`. */
export function reportOne(summary: {
  readonly object: KubeObject
  readonly status: object
  readonly settled: Settled
}): void {
  const { object, settled } = summary
  const status = summary.status as Told & Record<string, unknown>
  status.observedGeneration = object.metadata.generation ?? 0
  if (settled.type === 'wait' && settled.message === PAUSED) {
    // What was true before it was paused may well be true still.
    status.friendlyDescription = PAUSED
    return
  }
  const type = typeOf(settled, object.metadata.deletionTimestamp !== undefined)
  const message = settled.type === 'done' ? '' : settled.message
  status['conditions'] = [{ type, status: 'True', ...(message !== '' && { message }) } satisfies JsonObject]
  status.friendlyDescription = describe(type, message)
  const useful = settled.type === 'stalled' && settled.error instanceof Failed ? settled.error.useful : message
  if (type.endsWith('Failed')) status['usefulErrorMessage'] = useful
  else delete status['usefulErrorMessage']
}

function typeOf({ type }: Settled, isDeleting: boolean): ConditionType {
  if (type === 'done') return 'ReconcileSucceeded'
  if (type === 'wait') return isDeleting ? 'Deleting' : 'Reconciling'
  return isDeleting ? 'DeleteFailed' : 'ReconcileFailed'
}

const WORDS: Readonly<Record<ConditionType, string>> = {
  Reconciling: 'Reconciling',
  ReconcileSucceeded: 'Reconcile succeeded',
  ReconcileFailed: 'Reconcile failed',
  Deleting: 'Deleting',
  DeleteFailed: 'Delete failed',
}

const describe = (type: ConditionType, message: string): string =>
  type.endsWith('Failed') ? `${WORDS[type]}: ${message.split('\n', 1)[0]!}` : WORDS[type]

/** The one condition of an object of these kinds, if it speaks of the newest generation. */
export function currentCondition(object: KubeObject | undefined): ConditionType | undefined {
  const { status } = (object ?? {}) as {
    status?: { observedGeneration?: number; conditions?: readonly { type: ConditionType }[] }
  }
  return status?.observedGeneration === object?.metadata.generation ? status?.conditions?.[0]?.type : undefined
}
