/** Which claims use an instance. Names are told only where the same object says them already. */
import type { Informers } from '@larder/engine/client/informers'
import { wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Key, Pass } from '@larder/engine/runtime/pass'
import { keyOf } from '@larder/engine/runtime/pass'
import { claimKind, type Claim } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { ACCEPT_LOSS_ANNOTATION, claimInstanceName } from '../../model/names.ts'
import { isShared } from '../../model/instance-use.ts'

/** On claims: the uid of the instance that they use, where they may share it. What a claim has to itself says so by its own hold. */
export const USED_INSTANCE = 'usedInstance'
export function usedInstance({ status, metadata }: Claim): readonly string[] {
  const { name, uid } = status?.instanceRef ?? {}
  return uid === undefined || name === claimInstanceName(metadata.uid ?? '') ? [] : [uid]
}

const sharers = ({ cache, object }: Pick<Pass<Instance>, 'cache' | 'object'>): readonly Claim[] =>
  cache(claimKind).byIndex(USED_INSTANCE, object.metadata.uid ?? '')

export function countClaims(pass: Pass<Instance>): void {
  pass.status.claims = isShared(pass.object) ? sharers(pass).length : pass.object.spec.claimRef ? 1 : 0
}

/** Why an instance that is being deleted has to wait; undefined when no living claim needs it. */
export function awaitUsers(pass: Pass<Instance>): Outcome | undefined {
  const { spec } = pass.object
  if (isShared(pass.object)) {
    const living = sharers(pass).filter(isLiving).length
    if (living === 0) return undefined
    return wait('InUse', `${living} ${living === 1 ? 'claim uses' : 'claims use'} this instance; it goes with the last`)
  }
  const ref = spec.claimRef
  const claim = ref && pass.cache(claimKind).get(ref.name, ref.namespace)
  if (!ref || !claim || claim.metadata.uid !== ref.uid || !isLiving(claim)) return undefined
  return wait('InUse', `claim ${ref.namespace}/${ref.name} holds this instance; it goes when the claim goes`)
}

const isLiving = ({ metadata }: Claim) => metadata.deletionTimestamp === undefined

/**
 * The instances that the news of a claim concerns. Exclusive ones hear of the rest through their own spec; shared ones only when
 * their count is out of date, because a thousand claims on one would else wake it with each of their writes.
 */
export function instancesOfClaim(claim: Claim, informers: Informers): readonly Key[] {
  const instances = informers.of(instanceKind)
  const held = instances.byIndex('claim', claim.metadata.uid ?? '').filter((i) => concerns(claim, i))
  const { name, namespace, uid } = claim.status?.instanceRef ?? {}
  const shared = name === undefined ? undefined : instances.get(name, namespace)
  if (!shared || !isShared(shared) || shared.metadata.uid !== uid) return held.map(keyOf)
  const count = informers.of(claimKind).byIndex(USED_INSTANCE, uid ?? '').length
  const waits = shared.metadata.deletionTimestamp !== undefined
  return [...held, ...(waits || shared.status?.claims !== count ? [shared] : [])].map(keyOf)
}

const concerns = (claim: Claim, instance: Instance): boolean =>
  !isLiving(claim) ||
  instance.metadata.deletionTimestamp !== undefined ||
  claim.metadata.annotations?.[ACCEPT_LOSS_ANNOTATION] !== undefined
