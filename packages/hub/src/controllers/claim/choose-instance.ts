/** The two writes by which an instance becomes a claim's: the choice, in the claim's status, and then the hold, in the instance. */
import type { Pass } from '@larder/engine/runtime/pass'
import { claimKind, type Claim } from '../../model/claim.ts'
import { usedMark } from '../../model/instance-use.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'

/** Where and under which name. */
export interface Place {
  readonly namespace: string
  readonly name: string
}

export const placeOf = ({ metadata }: Instance): Place => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
})

/**
 * Writes the choice into status, with the resourceVersion that it was made from: of two hubs that choose for one claim at the same time
 * one is told to look again, and so is one that has not seen yet that the claim goes. Written also where it stands there already,
 * for that answer. Returns the version of the claim since when it is chosen.
 */
export async function chooseInstance(
  pass: Pass<Claim>,
  { namespace, name }: Place,
  resourceRef?: NonNullable<Claim['status']>['resourceRef'],
): Promise<string> {
  const { metadata } = pass.object
  const { resourceVersion = '', uid } = metadata
  pass.status.instanceRef = { namespace, name }
  const body = {
    metadata: { uid, resourceVersion },
    status: { instanceRef: { namespace, name, uid: null }, ...(resourceRef && { resourceRef }) },
  }
  const written = await pass.client.of(claimKind).patchStatus(metadata.name, body, { namespace: metadata.namespace })
  return written.metadata.resourceVersion ?? ''
}

/** Holds it by `spec.claimRef`, as the version that was looked at: of two claims one wins, and the other gets a conflict. */
export async function takeInstance(
  pass: Pass<Claim>,
  instance: Instance,
  annotations: Readonly<Record<string, string>> = {},
): Promise<Instance> {
  const { name, namespace = '', uid = '' } = pass.object.metadata
  const { resourceVersion } = instance.metadata
  const patch = {
    metadata: { resourceVersion, annotations: { ...annotations, ...usedMark(pass.object) } },
    spec: { claimRef: { namespace, name, uid } },
  }
  const place = placeOf(instance)
  return pass.client.of(instanceKind).patch(place.name, patch, { namespace: place.namespace })
}
