/**
 * What an object says of itself, in ACK's words. Conditions are made anew each time, so that no Terminal outlives its reason; what stays the same keeps
 * its time. ACK.Terminal is for what only another spec helps against, ACK.Recoverable for what is tried again.
 */
import { formatTime } from '@larder/engine/runtime/conditions'
import type { AckCondition } from './kinds/fields.ts'

export const SYNCED = 'ACK.ResourceSynced'
export const TERMINAL = 'ACK.Terminal'
export const RECOVERABLE = 'ACK.Recoverable'
export const REFERENCES = 'ACK.ReferencesResolved'

export type Saying = Omit<AckCondition, 'lastTransitionTime' | 'observedGeneration'>

const IN_SYNC = 'Resource synced successfully'
const NOT_IN_SYNC = 'Resource not synced'
const NOBODY_KNOWS = 'Unable to determine if desired resource state matches latest observed state'

/** `doing`: what AWS does meanwhile, `replication group currently being created.` */
export const synced = (): readonly Saying[] => [{ type: SYNCED, status: 'True', message: IN_SYNC }]

export const notSynced = (doing?: string): readonly Saying[] => [
  { type: SYNCED, status: 'False', message: doing ?? NOT_IN_SYNC },
]

export const terminal = (message: string): readonly Saying[] => [
  { type: TERMINAL, status: 'True', message },
  { type: SYNCED, status: 'False', message: NOT_IN_SYNC },
]

export const recoverable = (message: string): readonly Saying[] => [
  { type: RECOVERABLE, status: 'True', message },
  { type: SYNCED, status: 'Unknown', message: NOBODY_KNOWS },
]

/** For `kubectl wait --for=condition=Ready`; newer versions of ACK have it too. */
export function withReady(sayings: readonly Saying[]): readonly Saying[] {
  const isSynced = sayings.some(({ type, status }) => type === SYNCED && status === 'True')
  const isTerminal = sayings.some(({ type }) => type === TERMINAL)
  const said =
    sayings.find(({ type }) => type === TERMINAL || type === RECOVERABLE) ?? sayings.find(({ type }) => type === SYNCED)
  const status = isSynced && !isTerminal ? 'True' : 'False'
  return [...sayings, { type: 'Ready', status, ...(status === 'False' && said?.message && { message: said.message }) }]
}

export function told(
  before: readonly AckCondition[] | undefined,
  sayings: readonly Saying[],
  nowMs: number,
): readonly AckCondition[] {
  return sayings.map((saying) => {
    const old = before?.find(({ type }) => type === saying.type)
    const since = old?.status === saying.status ? old.lastTransitionTime : undefined
    return { ...saying, lastTransitionTime: since ?? formatTime(nowMs) }
  })
}
