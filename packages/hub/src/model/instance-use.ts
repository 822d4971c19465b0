/**
 * Who uses an instance, said where a restore keeps it: in spec and metadata, never in status.
 *
 * An exclusive hold is `spec.claimRef`. With the same write goes the annotation `larder.dev/used-by`, which stays when the hold
 * ends: an instance with it has data of a former owner, and one that is to be recycled loses it only after it was wiped. So
 * a crash, a stale cache or a hold that somebody took away by hand can delay the next claim, and cannot hand it old data.
 * Rejected: a condition that says "free", because it would outlive the next hold in the cache of whoever reads it late.
 */
import type { Claim } from './claim.ts'
import type { Instance } from './instance.ts'

/** `NAMESPACE/NAME UID` of the claim that holds the instance, or of the last one that did. */
export const USED_BY = 'larder.dev/used-by'

/** Names an object of a known kind: a value for indexes. */
export const nameIn = ({
  namespace,
  name,
}: {
  readonly namespace?: string | undefined
  readonly name: string
}): string => `${namespace ?? ''}/${name}`

export const usedBy = ({ metadata }: Claim): string => `${nameIn(metadata)} ${metadata.uid ?? ''}`

/** Whose policies decide who may claim it: the namespace of whoever asked for it, without one its own. */
export const homeOf = ({ spec, metadata }: Instance): string => spec.origin?.namespace ?? metadata.namespace ?? ''

export const isShared = ({ spec }: Instance): boolean => spec.sharing === 'Shared'

const wasUsed = ({ metadata }: Instance): boolean => metadata.annotations?.[USED_BY] !== undefined

/** To be wiped before anybody else may have it: for the instance's own controller to see to. */
export const needsWipe = (instance: Instance): boolean =>
  instance.spec.reclaimPolicy === 'Recycle' && !instance.spec.claimRef && wasUsed(instance)

/** Nobody holds it, nothing of a former owner is left in it, and it is not about to go. */
export const isFree = (instance: Instance): boolean =>
  !instance.spec.claimRef && !needsWipe(instance) && instance.metadata.deletionTimestamp === undefined
