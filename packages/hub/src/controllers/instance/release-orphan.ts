import { wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { claimKind } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'

/**
 * Ends a hold whose claim is gone. It is left where a second hub made the record just when the first removed the claim, or where
 * somebody took the claim's finalizer by force. Nothing is lost with a record; of instances that have something outside
 * the hub deletes none by inference.
 */
export async function releaseOrphan(pass: Pass<Instance>): Promise<Outcome | undefined> {
  const { spec, metadata } = pass.object
  if (!spec.resourceRef || !spec.claimRef) return undefined
  const { namespace, name, uid } = spec.claimRef
  if (pass.cache(claimKind).get(name, namespace)?.metadata.uid === uid) return undefined
  // The cache may be behind.
  const claim = await pass.client.of(claimKind).find(name, namespace)
  if (claim?.metadata.uid === uid) return undefined
  const preconditions = { uid: metadata.uid ?? '' }
  await pass.client.of(instanceKind).delete(metadata.name, { namespace: metadata.namespace, preconditions })
  return wait('Deleting', 'the claim that held the resource is gone')
}
