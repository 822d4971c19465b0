/**
 * The hold on something that exists already: the creation of a record whose name derives from the thing alone. However many claims,
 * passes and hubs try, one creation succeeds. At release the record goes, so that what is free has none.
 */
import { isAlreadyExists } from '@larder/engine/machinery/status'
import type { Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Ref } from '@larder/kit'
import { claimKind, type Claim } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { FINALIZER, INSTANCE_NAMESPACE, resourceInstanceName } from '../../model/names.ts'
import { isRecord } from '../../model/instance-use.ts'
import { provisioning } from './await-instance.ts'
import { endHold, remove } from './end-hold.ts'
import { heldInstances } from './held-instance.ts'
import { planFirst } from './plan-credential.ts'

/** On the instance: the generation of the claim that its spec was resolved from. An edit of the class moves no instance. */
export const RESOLVED_FROM = 'larder.dev/claim-generation'

/** The record of a resource, if anybody holds it. */
export const recordOf = ({ cache }: Pick<Pass<Claim>, 'cache'>, resource: Ref): Instance | undefined =>
  cache(instanceKind).get(resourceInstanceName(resource), INSTANCE_NAMESPACE)

/**
 * Writes the choice into status before the hold, with the resourceVersion that it was made from: of two hubs that choose for one
 * claim at the same time one is told to look again.
 */
export async function choose(pass: Pass<Claim>, { apiVersion, kind, namespace, name }: Ref): Promise<void> {
  const resourceRef = { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) }
  const { metadata } = pass.object
  const body = { metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion }, status: { resourceRef } }
  await pass.client.of(claimKind).patchStatus(metadata.name, body, { namespace: metadata.namespace })
  pass.status.resourceRef = resourceRef
}

/** Undefined when another claim was first. */
export async function createRecord(
  pass: Pass<Claim>,
  { apiVersion, kind, namespace, name, uid }: Ref,
  spec: Partial<Instance['spec']>,
  role: string | undefined,
): Promise<Outcome | undefined> {
  const { metadata } = pass.object
  const claimRef = { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid ?? '' }
  const resourceRef = { apiVersion, kind, namespace: namespace ?? '', name, ...(uid !== undefined && { uid }) }
  const record = resourceInstanceName(resourceRef)
  const instances = pass.client.of(instanceKind)
  let instance: Instance
  try {
    instance = await instances.create({
      metadata: {
        name: record,
        namespace: INSTANCE_NAMESPACE,
        finalizers: [FINALIZER],
        annotations: { [RESOLVED_FROM]: String(metadata.generation ?? 0) },
      },
      spec: {
        ...spec,
        resourceRef,
        externalID: record,
        existing: 'Observe',
        sharing: 'Exclusive',
        reclaimPolicy: 'Release',
        claimRef,
      },
    })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const there = await instances.find(record, INSTANCE_NAMESPACE)
    if (there?.spec.claimRef?.uid !== claimRef.uid || there.metadata.deletionTimestamp !== undefined) return undefined
    instance = there
  }
  pass.status.instanceRef = { namespace: INSTANCE_NAMESPACE, name: record, uid: instance.metadata.uid ?? '' }
  planFirst(pass, role)
  return provisioning(pass)
}

/**
 * Lets go of what a claim holds beside what was chosen for it; only two hubs at once can bring that about. Asks the server for the
 * choice, because two that rely on their caches could each let go of what the other keeps.
 */
export async function releaseOthers(pass: Pass<Claim>): Promise<void> {
  const held = heldInstances(pass).filter((i) => i.metadata.deletionTimestamp === undefined)
  if (held.length < 2) return
  const { name, namespace } = pass.object.metadata
  const { resourceRef, instanceRef } = (await pass.client.of(claimKind).get(name, namespace)).status ?? {}
  const chosen = resourceRef ? resourceInstanceName(resourceRef) : instanceRef?.name
  if (!held.some((i) => i.metadata.name === chosen)) return
  for (const each of held) if (each.metadata.name !== chosen) await (isRecord(each) ? remove : endHold)(pass, each)
}
