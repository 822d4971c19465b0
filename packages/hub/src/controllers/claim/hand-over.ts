import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { leftAnnotation, leftCredentials, type Left } from '../left-credentials.ts'

/** Leaves credentials to the instance to revoke. Throws Conflict when another claim does so at the same time. */
export async function handOver({ client }: Pass<Claim>, held: Instance, credentials: readonly Left[]): Promise<void> {
  const { name, namespace } = held.metadata
  const instances = client.of(instanceKind)
  const instance = await instances.find(name, namespace)
  if (!instance) return
  const known = leftCredentials(instance)
  const fresh = credentials.filter(({ id }) => !known.some((each) => each.id === id))
  if (fresh.length === 0) return
  const { resourceVersion } = instance.metadata
  const annotations = leftAnnotation([...known, ...fresh])
  await instances.patch(name, { metadata: { resourceVersion, annotations } }, { namespace })
}
