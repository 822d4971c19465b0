/**
 * What becomes of a service when it is let go, and how it comes to the next.
 *
 * An instance that is to be recycled carries a mark from the moment of its first hold, written together with the hold. Without a claim
 * and with the mark it is wiped; without both it is free. The mark is an annotation and no status, because restores drop status, and
 * it is there before any credentials are, so that no crash lets the next owner see what the last one left. Rejected: a mark of what is
 * clean. A service that was adopted with data in it, and never claimed, would have been wiped for want of it.
 */
import type { Instance } from './instance.ts'
import { USED_ANNOTATION } from './names.ts'

export type Reclaim = NonNullable<Instance['spec']['reclaimPolicy']>

/** The policy of an instance. What was adopted, and not made by the hub, is not removed unless somebody says so. */
export function reclaimOf({ spec }: Pick<Instance, 'spec'>): Reclaim {
  if (spec.reclaimPolicy !== undefined) return spec.reclaimPolicy
  return spec.existing === 'Adopt' ? 'Retain' : 'Delete'
}

/** Only looked at: nothing outside is made, changed or removed. */
export const isObserved = ({ spec }: Pick<Instance, 'spec'>): boolean =>
  spec.resourceRef !== undefined || spec.existing === 'Observe'

/**
 * What the end of the last hold does with an instance that was made for claims: `delete` the object, and with it the service, or
 * `keep` it and end only the hold. A protected one is kept, also when the protection ends later: nothing is deleted because a flag
 * changed.
 */
export function atRelease(instance: Pick<Instance, 'spec'>): 'delete' | 'keep' {
  const reclaim = reclaimOf(instance)
  if (reclaim === 'Release') return 'delete'
  return reclaim === 'Delete' && instance.spec.deletionProtection !== true ? 'delete' : 'keep'
}

/** The uid of the claim that held it last, while it must be wiped before anybody else may have it. */
export const usedBy = ({ metadata }: Pick<Instance, 'metadata'>): string | undefined =>
  metadata.annotations?.[USED_ANNOTATION]

/** Recycled, and there for the next claim of its class. Whoever takes it writes `claimRef` and the mark with one resourceVersion. */
export function isFree(instance: Instance): boolean {
  const { metadata, spec, status } = instance
  if (spec.reclaimPolicy !== 'Recycle' || spec.claimRef || usedBy(instance) !== undefined) return false
  if (metadata.deletionTimestamp !== undefined || spec.paused === true) return false
  const ready = status?.conditions?.find((c) => c.type === 'Ready')
  return status?.observedGeneration === metadata.generation && ready?.status === 'True'
}

/** Nobody has asked its driver to make anything yet: nothing of it exists outside, and no credentials do. */
export function isUntouched({ status }: Pick<Instance, 'status'>): boolean {
  const { requested, applied, steps } = status ?? {}
  return requested === undefined && applied === undefined && steps === undefined
}
