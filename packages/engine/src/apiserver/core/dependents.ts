/**
 * What a deletion does with the objects that name the deleted one as their owner. Two finalizers say it on the object, so that
 * whoever collects garbage learns it from the object alone; facts of upstream's generic registry.
 */
import type { DeleteOptions } from '../../machinery/call.ts'
import type { ObjectMeta } from '../../machinery/object.ts'
import type { Index } from '../../storage/store.ts'

export type PropagationPolicy = NonNullable<DeleteOptions['propagationPolicy']>

/** Dependents go first. */
export const FOREGROUND = 'foregroundDeletion'
/** Dependents stay, and stop naming the owner. */
export const ORPHAN = 'orphan'

/** The finalizers of an object whose deletion is asked for. Without a policy those it has decide; one replaces the other. */
export function finalizersFor(finalizers: readonly string[], policy: PropagationPolicy | undefined): readonly string[] {
  if (policy === undefined) return finalizers
  const wanted = policy === 'Foreground' ? FOREGROUND : policy === 'Orphan' ? ORPHAN : undefined
  const others = finalizers.filter((one) => one === wanted || (one !== FOREGROUND && one !== ORPHAN))
  return wanted === undefined || others.includes(wanted) ? others : [...others, wanted]
}

/** The policy that the object's own finalizers ask for. */
export function policyOf({ finalizers = [] }: ObjectMeta): PropagationPolicy {
  if (finalizers.includes(ORPHAN)) return 'Orphan'
  return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background'
}

/** What an object whose deletion has begun still waits for. */
export function awaited({ deletionTimestamp, finalizers }: ObjectMeta): Index['awaits'] {
  if (deletionTimestamp === undefined || finalizers === undefined) return undefined
  if (finalizers.includes(ORPHAN)) return 'orphan'
  return finalizers.includes(FOREGROUND) ? 'foreground' : undefined
}
