import type { Pass } from '@larder/engine/runtime/pass'
import { classKind } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'

/**
 * Stamps what an instance keeps, before the driver hears of it for the first time: the id from which everything outside derives, and the
 * revision that its class has now. The instances of claims are born with both; this is for those that people made.
 *
 * A revision is stamped once: one that somebody takes out of an instance that is there already is not taken to mean the newest.
 */
export async function stampInstance(pass: Pass<Instance>): Promise<Instance> {
  const { object } = pass
  const { name, namespace, uid, resourceVersion } = object.metadata
  const spec = {
    ...(!object.spec.externalID && { externalID: uid }),
    ...revisionOf(pass),
  }
  if (Object.keys(spec).length === 0) return object
  return pass.client.of(instanceKind).patch(name, { metadata: { resourceVersion }, spec }, { namespace })
}

function revisionOf(pass: Pass<Instance>): { readonly revision?: string } {
  const { spec, status } = pass.object
  if (spec.className === undefined || spec.resourceRef || spec.revision || status?.applied) return {}
  const revision = pass.cache(classKind).get(spec.className)?.status?.revision
  return revision === undefined ? {} : { revision }
}
