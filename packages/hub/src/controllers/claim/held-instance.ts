import { findCondition } from '@larder/engine/runtime/conditions'
import type { Pass } from '@larder/engine/runtime/pass'
import { instanceKind, type Instance } from '../../model/instance.ts'
import type { Claim } from '../../model/claim.ts'
import { resourceInstanceName } from '../../model/names.ts'

type Reader = Pick<Pass<Claim>, 'cache' | 'object'>

/**
 * The instance that this claim holds, by the hold itself and not by what status remembers. Where two hubs worked on one claim it may
 * for a moment hold two of a pool: then the one that was chosen counts.
 */
export function heldInstance(pass: Reader): Instance | undefined {
  const all = heldInstances(pass)
  if (all.length < 2) return all[0]
  const { resourceRef } = pass.object.status ?? {}
  const chosen = resourceRef && resourceInstanceName(resourceRef)
  return all.find(({ metadata }) => metadata.name === chosen) ?? all[0]
}

/** In an order that is the same for everybody. */
export function heldInstances({ cache, object }: Reader): readonly Instance[] {
  const all = cache(instanceKind).byIndex('claim', object.metadata.uid ?? '')
  return [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

export const isProvisioned = (instance: Instance): boolean =>
  instance.metadata.deletionTimestamp === undefined &&
  findCondition(instance.status?.conditions, 'Provisioned')?.status === 'True'
