/** Secrets that this claim made and no longer needs; those of somebody else stay. */
import { secretType } from '@larder/engine/client/builtin'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { isOurs } from './binding-secret.ts'
import { SOON_MS } from './plan-credential.ts'
import { secretName } from './secret-name.ts'

/** Asks the server: a Secret that was written a moment ago may not be in the cache yet. */
export async function removeOwnSecret(pass: Pass<Claim>, name: string): Promise<void> {
  const secrets = pass.client.of(secretType)
  const { namespace } = pass.object.metadata
  const secret = await secrets.find(name, namespace)
  if (!secret || !isOurs(secret, pass.object)) return
  await secrets.delete(name, { namespace, preconditions: { uid: secret.metadata.uid ?? '' } })
}

/**
 * The binding was given another name: the old Secret holds credentials that work, and nobody would look for them there. It goes
 * only when status names the new one, so that no reader of status finds nothing.
 */
export async function removeFormerSecret(pass: Pass<Claim>): Promise<Outcome> {
  const { uid = '', namespace } = pass.object.metadata
  const name = secretName(pass)
  const made = pass.cache(secretType).byIndex('claim', uid)
  const former = made.filter(({ metadata }) => metadata.name !== name && metadata.namespace === namespace)
  if (former.length === 0) return done
  if (pass.object.status?.binding?.name !== name) return wait('Binding', 'the Secret of the former name goes', SOON_MS)
  for (const { metadata } of former) await removeOwnSecret(pass, metadata.name)
  return done
}
