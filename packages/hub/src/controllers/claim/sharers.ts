/** Which of the claims on one instance hear of its news. */
import type { Informers } from '@larder/engine/client/informers'
import { findCondition } from '@larder/engine/runtime/conditions'
import { canonical } from '../fingerprint.ts'
import { claimKind, type Claim } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'
import { isShared, nameIn } from '../../model/instance-use.ts'
import { isWaiting } from './claim-indexes.ts'

export const sharersOf = (instance: Instance, informers: Informers): readonly Claim[] =>
  isShared(instance) ? informers.of(claimKind).byIndex('instance', nameIn(instance.metadata)) : []

/** As last asked, and usable: what every claim on it was told already. */
function isWell({ metadata, status }: Instance): boolean {
  const ready = findCondition(status?.conditions, 'Ready')?.status === 'True'
  return ready && status?.observedGeneration === metadata.generation && metadata.deletionTimestamp === undefined
}

/**
 * All of them when the instance is not well, or when policies may judge it anew; else only those that wait. Every join touches the
 * instance, so that a thousand claims that all heard of each other's would make a million passes.
 */
export function createSharers(): (instance: Instance, informers: Informers) => readonly Claim[] {
  const judgedBy = new Map<string, string>()
  return (instance, informers) => {
    const sharers = sharersOf(instance, informers)
    if (sharers.length === 0) return sharers
    const { uid = '' } = instance.metadata
    const labels = labelsOf(instance)
    const same = judgedBy.get(uid) === labels
    if (instance.metadata.deletionTimestamp === undefined) judgedBy.set(uid, labels)
    else judgedBy.delete(uid)
    return same && isWell(instance) ? sharers.filter(isWaiting) : sharers
  }
}

/** What policies select by: of the instance, and of what it stands for. */
const labelsOf = ({ metadata, status }: Instance): string => canonical([metadata.labels ?? {}, status?.outputs ?? {}])
