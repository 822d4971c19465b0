/**
 * A copy that its claim has no title to any more, or whose source is gone, goes; the hold stays, and once all is well again the copy is made
 * anew. A policy that is taken away would otherwise take nothing back. Credentials that were made for the claim stay: they are
 * revoked when it goes.
 */
import { findCondition } from '@larder/engine/runtime/conditions'
import { done, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'
import { bindingName } from './binding-secret.ts'
import { heldInstance } from './held-instance.ts'
import { isPermitted } from './permission.ts'
import { removeOwnSecret } from './remove-secret.ts'

export async function withdrawCopy(pass: Pass<Claim>): Promise<Outcome> {
  const held = heldInstance(pass)
  if (!held?.spec.resourceRef || (isPermitted(pass) && !isGone(held))) return done
  const names = new Set([pass.status.binding?.name ?? bindingName(pass.object), bindingName(pass.object)])
  for (const name of names) await removeOwnSecret(pass, name)
  delete pass.status.binding
  return done
}

const isGone = ({ status }: Instance): boolean => {
  const provisioned = findCondition(status?.conditions, 'Provisioned')
  return provisioned?.status === 'False' && provisioned.reason === 'ResourceNotFound'
}
