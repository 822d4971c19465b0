/** Reading the status of our kinds: is it ready, has it failed, and why. */
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Cause, Condition } from '../model/shared-fields.ts'
import { CommandFailed, EXIT } from './failure.ts'

interface WithStatus extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: readonly Condition[]
    readonly cause?: Cause
  }
}

export type Readiness = 'ready' | 'waiting' | 'stalled'

/** `stalled`: nothing happens until somebody acts. A status about an older generation says nothing yet. */
export function readiness(object: WithStatus): Readiness {
  const { status, metadata } = object
  if (status?.observedGeneration !== metadata.generation) return 'waiting'
  const is = (type: string) => status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false
  if (is('Ready')) return 'ready'
  return is('Stalled') || status?.cause?.heals === false ? 'stalled' : 'waiting'
}

/** The failure that tells why an object does not become ready. */
export function stalledFailure(what: string, object: WithStatus): CommandFailed {
  const cause = object.status?.cause
  return new CommandFailed(EXIT.failedWhileWaiting, `${what} failed: ${cause?.reason ?? 'no cause was given'}`, {
    ...(cause && { why: cause.message, next: cause.next }),
  })
}
