/** Reading the status of our kinds, and of those that doors serve: is it ready, has it failed, and why. */
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

/** Any object with conditions. */
export interface Conditioned extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason?: string
      readonly message?: string
    }[]
    readonly observedGeneration?: number
  }
}

/**
 * What Ready says of this generation of the object; empty while nobody has said anything of it. Whoever else serves such a kind need not
 * say which generation is meant: then it is this one.
 */
export function readyOf({ status, metadata }: Conditioned): { status: string; reason: string; message: string } {
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready')
  const stale = status?.observedGeneration !== undefined && status.observedGeneration !== metadata.generation
  if (!ready || stale) return { status: '', reason: '', message: '' }
  return { status: ready.status, reason: ready.reason ?? '', message: ready.message ?? '' }
}
