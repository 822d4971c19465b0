/** How a ClassClaim is told: each stage that its pass came to, and Ready. */
import type { Settled } from '@larder/engine/runtime/controller'
import type { StatusDraft } from '@larder/engine/runtime/pass'
import { findCondition } from '@larder/engine/runtime/conditions'
import { INITIALIZING, sayAll, type Saying } from '../conditions.ts'
import type { ClassClaim, ObjectRef } from '../kinds.ts'
import type { ClassClaimPass } from './core-claim.ts'
import { PENDING, type Stage, type Trouble } from './trouble.ts'

const READY = 'Ready'

/** In the order in which a pass comes to them. */
const STAGES: readonly (readonly [Stage, string])[] = [
  ['class', 'ClassMatched'],
  ['parameters', 'Validated'],
  ['claim', 'ResourceClaimCreated'],
]

/** True up to the stage at which the trouble is, and Unknown beyond. What is held was matched and claimed whatever is wrong now. */
export function sayStages({ object, status }: ClassClaimPass, trouble: Trouble | undefined, nowMs: number): void {
  const at = trouble ? STAGES.findIndex(([stage]) => stage === trouble.stage) : -1
  const isHeld = status.resourceRef !== undefined
  const sayings = STAGES.map(([, type], i): Saying => {
    if (trouble && i === at && !(isHeld && type === 'ClassMatched') && !isOnTheWay(trouble))
      return { type, status: 'False', reason: trouble.reason, message: trouble.message }
    if (at < 0 || i < at || isHeld) return { type, status: 'True', reason: type, message: '' }
    return { type, status: 'Unknown', reason: INITIALIZING, message: 'what comes before it is not done' }
  })
  sayAll(status, object, sayings, nowMs)
}

/** The core has not come to an end yet. */
const isOnTheWay = ({ stage, reason }: Trouble): boolean => stage === 'claim' && reason === 'ResourceNotReady'

/** An Event when readiness turns, or its reason. */
export function announce(pass: ClassClaimPass, trouble: Trouble | undefined): void {
  const before = findCondition(pass.object.status?.conditions, READY)
  if (!trouble && before?.status !== 'True') pass.event('Normal', READY, toldOf(pass.status.resourceRef))
  if (trouble && trouble.reason !== before?.reason && !isOnTheWay(trouble))
    pass.event('Warning', trouble.reason, trouble.message)
}

const toldOf = (held: ObjectRef | undefined): string =>
  held ? `holds ${held.kind} ${held.namespace === undefined ? '' : `${held.namespace}/`}${held.name}` : 'claimed'

/** For `summarize`. */
export function sayReady(object: ClassClaim, status: StatusDraft<ClassClaim>, settled: Settled, nowMs: number): void {
  if (settled.type === 'wait' && settled.reason === PENDING) return
  const before = findCondition(object.status?.conditions, READY)
  const missing = STAGES.filter(([, type]) => !findCondition(status.conditions, type)).map(([, type]): Saying => ({
    type,
    status: 'Unknown',
    reason: INITIALIZING,
    message: 'it has not been looked at yet',
  }))
  // A pass that failed says nothing of the instance, which may serve its application all the while.
  const stays = settled.type === 'failed' && before?.status === 'True'
  sayAll(status, object, [...(stays ? [] : [readyOf(settled)]), ...missing], nowMs)
  const order = [READY, ...STAGES.map(([, type]) => type)]
  status.conditions?.sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type))
}

function readyOf(settled: Settled): Saying {
  const type = READY
  if (settled.type === 'done') return { type, status: 'True', reason: type, message: '' }
  return { type, status: 'False', reason: settled.reason, message: settled.message }
}
