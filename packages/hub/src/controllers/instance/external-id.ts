import type { Pass } from '@larder/engine/runtime/pass'
import { instanceKind, type Instance } from '../../model/instance.ts'

/**
 * Stamps the id from which everything outside derives, before the driver hears of the instance for the first time. The
 * instances of claims are born with one; this is for those that people made.
 */
export async function stampExternalID(pass: Pass<Instance>): Promise<Instance> {
  const { object } = pass
  if (object.spec.externalID) return object
  const { name, namespace, uid, resourceVersion } = object.metadata
  const patch = { metadata: { resourceVersion }, spec: { externalID: uid } }
  return pass.client.of(instanceKind).patch(name, patch, { namespace })
}
