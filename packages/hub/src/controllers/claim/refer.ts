import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'

/** Says in status which instance the claim has; the uid says that it has it, and not only chosen it. */
export function refer(pass: Pass<Claim>, { metadata }: Instance): void {
  const { name, namespace = '', uid = '' } = metadata
  pass.status.instanceRef = { namespace, name, uid }
}
