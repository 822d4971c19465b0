/** Secrets that this claim made and no longer needs; those of somebody else stay. */
import { secretType } from '@larder/engine/client/builtin'
import { done, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { bindingName, isOurs } from './binding-secret.ts'

/** Asks the server: a Secret that was written a moment ago may not be in the cache yet. */
export async function removeOwnSecret(pass: Pass<Claim>, name: string): Promise<void> {
  const secrets = pass.client.of(secretType)
  const { namespace } = pass.object.metadata
  const secret = await secrets.find(name, namespace)
  if (!secret || !isOurs(secret, pass.object)) return
  await secrets.delete(name, { namespace, preconditions: { uid: secret.metadata.uid ?? '' } })
}

/** The binding was given another name: its old Secret holds credentials that work, and nobody would look for them there. */
export async function removeFormerSecret(pass: Pass<Claim>): Promise<Outcome> {
  const former = pass.object.status?.binding?.name
  if (former !== undefined && former !== bindingName(pass.object)) await removeOwnSecret(pass, former)
  return done
}
