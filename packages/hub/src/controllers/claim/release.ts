/**
 * Ends the hold of a claim that goes, after its credentials. The end is written before the claim's finalizer goes, so that no crash leaves
 * a hold, or a service, that nobody answers for.
 */
import type { Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { atLastRelease, nameIn } from '../../model/instance-use.ts'
import { claimInstanceName, INSTANCE_NAMESPACE, resourceInstanceName } from '../../model/names.ts'
import { endHold, remove } from './end-hold.ts'
import { heldInstances } from './held-instance.ts'
import { resourceOf } from './hold-resource.ts'
import type { Place } from './choose-instance.ts'
import { leaveShared } from './hold-shared.ts'

export async function release(pass: Pass<Claim>): Promise<Outcome> {
  for (const instance of await holdsOf(pass)) {
    if (instance.metadata.deletionTimestamp !== undefined) continue
    await (atLastRelease(instance) === 'delete' ? remove(pass, instance) : endHold(pass, instance))
  }
  return leaveShared(pass)
}

/**
 * Where the cache shows no hold, the server is asked: the answer to the write that held may have been lost, and a cache that is behind
 * would let the claim go and leave its instance to nobody.
 */
async function holdsOf(pass: Pass<Claim>): Promise<readonly Instance[]> {
  const seen = heldInstances(pass)
  if (seen.length > 0) return seen
  const places = new Map(placesOf(pass).map((place) => [nameIn(place), place]))
  const found: Instance[] = []
  for (const { name, namespace } of places.values()) {
    const instance = await pass.client.of(instanceKind).find(name, namespace)
    if (instance?.spec.claimRef?.uid === pass.object.metadata.uid) found.push(instance!)
  }
  return found
}

/** Every place where a claim like this one holds something: each is known before the hold is written. */
function placesOf(pass: Pass<Claim>): readonly Place[] {
  const { spec, status, metadata } = pass.object
  const home = pass.cache(classKind).get(spec.className ?? '')?.spec.instanceNamespace ?? INSTANCE_NAMESPACE
  const resource = status?.resourceRef ?? resourceOf(pass.object)
  return [
    ...(spec.className === undefined ? [] : [{ namespace: home, name: claimInstanceName(metadata.uid ?? '') }]),
    ...(resource ? [{ namespace: INSTANCE_NAMESPACE, name: resourceInstanceName(resource) }] : []),
    ...(spec.instanceRef ? [spec.instanceRef] : []),
    ...(status?.instanceRef ? [status.instanceRef] : []),
  ]
}
