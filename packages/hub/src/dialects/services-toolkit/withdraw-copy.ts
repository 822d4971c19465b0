/**
 * A copy that its claim has no title to any more, or whose source is gone, goes: a policy that is taken away would otherwise take nothing
 * back. The core keeps the hold and, once all is well again, makes the copy anew.
 */
import { secretType } from '@larder/engine/client/builtin'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { CLAIM_LABEL } from '../../model/names.ts'

/** `core` is the Claim that made the copy; the controller of the pass watches Secrets. */
export async function withdrawCopy(pass: Pick<Pass<KubeObject>, 'cache' | 'client'>, core: Claim): Promise<void> {
  const { namespace, uid } = core.metadata
  const names = new Set([core.status?.binding?.name, core.spec.binding?.name])
  for (const name of names) {
    const copy = name === undefined ? undefined : pass.cache(secretType).get(name, namespace)
    if (!copy || uid === undefined || copy.metadata.labels?.[CLAIM_LABEL] !== uid) continue
    const preconditions = { uid: copy.metadata.uid ?? '' }
    await pass.client.of(secretType).delete(copy.metadata.name, { namespace, preconditions })
  }
}
