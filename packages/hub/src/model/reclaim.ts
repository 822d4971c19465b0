/** What the deletion of an instance does outside. What the end of a hold does is in docs/adr/0004-claims-in-full.md. */
import type { Instance } from './instance.ts'

type Reclaim = NonNullable<Instance['spec']['reclaimPolicy']>

/** The policy of an instance. What was adopted, and not made by the hub, is not removed unless somebody says so. */
export function reclaimOf({ spec }: Pick<Instance, 'spec'>): Reclaim {
  if (spec.reclaimPolicy !== undefined) return spec.reclaimPolicy
  return spec.existing === 'Adopt' ? 'Retain' : 'Delete'
}

/** Only looked at: nothing outside is made, changed or removed. */
export const isObserved = ({ spec }: Pick<Instance, 'spec'>): boolean =>
  spec.resourceRef !== undefined || spec.existing === 'Observe'
