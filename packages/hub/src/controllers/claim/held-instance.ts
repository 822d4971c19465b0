import { findCondition } from '@larder/engine/runtime/conditions'
import type { Pass } from '@larder/engine/runtime/pass'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { isShared } from '../../model/instance-use.ts'
import type { Claim } from '../../model/claim.ts'
import { resourceInstanceName } from '../../model/names.ts'

type Reader = Pick<Pass<Claim>, 'cache' | 'object'>

/**
 * The instance that this claim holds, by the hold itself and not by what status remembers. Where two hubs worked on one claim it may
 * for a moment hold two: then the one that was chosen counts.
 */
export function heldInstance(pass: Reader): Instance | undefined {
  const all = heldInstances(pass)
  if (all.length === 0) return joinedInstance(pass)
  if (all.length === 1) return all[0]
  const { resourceRef, instanceRef } = pass.object.status ?? {}
  const chosen = resourceRef ? resourceInstanceName(resourceRef) : instanceRef?.name
  return all.find(({ metadata }) => metadata.name === chosen) ?? all[0]
}

/** Those that the claim has for itself, in an order that is the same for everybody. */
export function heldInstances({ cache, object }: Reader): readonly Instance[] {
  const all = cache(instanceKind).byIndex('claim', object.metadata.uid ?? '')
  return [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

/** The one that it shares with others: it has joined once its status says the uid. */
function joinedInstance({ cache, object }: Reader): Instance | undefined {
  const { name, namespace, uid } = object.status?.instanceRef ?? {}
  if (name === undefined || uid === undefined) return undefined
  const instance = cache(instanceKind).get(name, namespace)
  return instance && isShared(instance) && instance.metadata.uid === uid ? instance : undefined
}

export const isProvisioned = (instance: Instance): boolean =>
  findCondition(instance.status?.conditions, 'Provisioned')?.status === 'True'
