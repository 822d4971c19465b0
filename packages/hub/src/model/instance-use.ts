/** Who uses an instance: holds, homes and names that both sides of a hold need. What happens at its end is in reclaim.ts. */
import type { Claim } from './claim.ts'
import type { Instance } from './instance.ts'
import { INSTANCE_NAMESPACE, resourceInstanceName, USED_ANNOTATION } from './names.ts'
import { atRelease } from './reclaim.ts'

/** Names an object of a known kind: a value for indexes. */
export const nameIn = ({
  namespace,
  name,
}: {
  readonly namespace?: string | undefined
  readonly name: string
}): string => `${namespace ?? ''}/${name}`

/** Whose policies decide who may claim it: the namespace of whoever asked for it, without one its own. */
export const homeOf = ({ spec, metadata }: Instance): string => spec.origin?.namespace ?? metadata.namespace ?? ''

export const isShared = ({ spec }: Instance): boolean => spec.sharing === 'Shared'

/** Made by the hub for the time of a hold on an object that exists, and gone with it. */
export const isRecord = ({ spec, metadata }: Instance): boolean =>
  spec.resourceRef !== undefined &&
  metadata.namespace === INSTANCE_NAMESPACE &&
  metadata.name === resourceInstanceName(spec.resourceRef)

/**
 * What the end of the last hold does. Nothing is deleted that does not say so: what a claim makes always says its policy, and of
 * what somebody made by hand only the hold ends.
 */
export function atLastRelease(instance: Instance): 'delete' | 'keep' {
  if (isRecord(instance)) return 'delete'
  const { reclaimPolicy } = instance.spec
  return reclaimPolicy === undefined || reclaimPolicy === 'Release' ? 'keep' : atRelease(instance)
}

/** The mark that goes with a hold, for a patch or a new object: an instance that has it holds data of its owner. */
export const usedMark = ({ metadata }: Claim) => ({ [USED_ANNOTATION]: metadata.uid ?? '' })
