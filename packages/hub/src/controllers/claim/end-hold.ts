import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'

export async function remove({ client }: Pass<Claim>, { metadata }: Instance): Promise<void> {
  const { name, namespace, uid = '' } = metadata
  await client.of(instanceKind).delete(name, { namespace, preconditions: { uid } })
}

/** Only the hold that the cache shows, which is this claim's: with any other version somebody has been quicker. */
export async function endHold({ client }: Pass<Claim>, { metadata }: Instance): Promise<void> {
  const { name, namespace, resourceVersion } = metadata
  await client.of(instanceKind).patch(name, { metadata: { resourceVersion }, spec: { claimRef: null } }, { namespace })
}
