import { findCondition } from '@larder/engine/runtime/conditions'
import type { Pass } from '@larder/engine/runtime/pass'
import { instanceKind, type Instance } from '../../model/instance.ts'
import type { Claim } from '../../model/claim.ts'

type Reader = Pick<Pass<Claim>, 'cache' | 'object'>

/** The instance that this claim holds, by the hold itself and not by what status remembers. */
export function heldInstance({ cache, object }: Reader): Instance | undefined {
  return cache(instanceKind).byIndex('claim', object.metadata.uid ?? '')[0]
}

export const isProvisioned = (instance: Instance): boolean =>
  instance.metadata.deletionTimestamp === undefined &&
  findCondition(instance.status?.conditions, 'Provisioned')?.status === 'True'
