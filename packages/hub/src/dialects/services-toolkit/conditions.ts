/** How conditions of these kinds are written: always with a reason, and with the generation that was looked at. */
import type { Condition } from '@larder/engine/client/builtin'
import type { KubeObject } from '@larder/engine/machinery/object'
import { setCondition } from '@larder/engine/runtime/conditions'
import type { Settled } from '@larder/engine/runtime/controller'
import { wait, type Outcome } from '@larder/engine/runtime/outcome'

/** Nothing can be said yet: `status` is Unknown, and the closed lists of reasons are for what is True or False. */
export const INITIALIZING = 'Initializing'

interface Told {
  conditions?: Condition[]
  observedGeneration?: number
}

export interface Saying {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

export function sayAll(status: Told, { metadata }: KubeObject, sayings: readonly Saying[], nowMs: number): void {
  const { generation } = metadata
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  Object.assign(status, observed)
  const conditions = (status.conditions ??= [])
  for (const saying of sayings) setCondition(conditions, { ...saying, ...observed }, nowMs)
}

/** As `done`, and looked at again after that time, where nothing would tell of a change. */
export const readyFor = (lookAroundMs: number): Outcome => wait(READY, '', lookAroundMs)

const READY = 'Ready'

/** For kinds with the one condition Ready. `otherwise` is for what has no word in their list, such as an API that does not answer. */
export function readySaying(settled: Settled, reasons: readonly string[], otherwise: string): Saying {
  const type = READY
  if (settled.type === 'done' || settled.reason === READY) return { type, status: 'True', reason: READY, message: '' }
  const { message } = settled
  if (settled.reason === INITIALIZING) return { type, status: 'Unknown', reason: INITIALIZING, message }
  return { type, status: 'False', reason: reasons.includes(settled.reason) ? settled.reason : otherwise, message }
}
