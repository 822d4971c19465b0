/**
 * Gives back what the claim has. When the claim is gone, its credentials no longer work and its Secret is gone; the
 * instance goes on to be removed on its own.
 */
import { namespaceType } from '@larder/engine/client/builtin'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { instanceKind } from '../../model/instance.ts'
import type { HubContext } from '../context.ts'
import { settling } from '../reporting.ts'
import { DriverFailure } from '../session/failure.ts'
import { bindingName } from './binding-secret.ts'
import { heldInstance, heldInstances } from './held-instance.ts'
import { removeOwnSecret } from './remove-secret.ts'
import { revoke } from './revoke.ts'

/** The instance's removal wakes the claim; this is for a backend that comes back first. */
const LOOK_AGAIN_MS = 5000

export function finalizeClaim(hub: HubContext): (pass: Pass<Claim>) => Promise<Outcome> {
  return (pass) =>
    settling(async () => {
      const revoked = await revokeCredentials(pass, hub)
      if ('type' in revoked && revoked.type !== 'done') return revoked
      await removeSecrets(pass)
      await releaseInstance(pass)
      return 'type' in revoked ? done : awaitRemoval(pass, revoked)
    })
}

/** Why the credentials could not be revoked. */
interface NotRevoked {
  readonly message: string
}

async function revokeCredentials(pass: Pass<Claim>, hub: HubContext): Promise<Outcome | NotRevoked> {
  const credential = pass.object.status?.credential
  if (!credential) return done
  try {
    for (const each of credential.predecessor ? [credential.predecessor, credential] : [credential]) {
      const outcome = await revoke(pass, hub, each)
      if (outcome.type !== 'done') return outcome
    }
    return done
  } catch (error) {
    if (error instanceof DriverFailure || error instanceof Stalled) return { message: error.message }
    throw error
  }
}

/**
 * The backend cannot revoke. The service of an exclusive claim is removed with the claim, and its credentials die with it: so the
 * claim waits for that. Only a namespace that goes is not kept waiting by a dead backend; the instance, in another
 * namespace, then sees to it alone.
 */
function awaitRemoval(pass: Pass<Claim>, { message }: NotRevoked): Outcome {
  if (!heldInstance(pass) || namespaceGoes(pass)) return done
  return wait('Unbinding', `the credentials go with the service, which is being removed: ${message}`, LOOK_AGAIN_MS)
}

const namespaceGoes = (pass: Pass<Claim>) =>
  pass.cache(namespaceType).get(pass.object.metadata.namespace ?? '')?.metadata.deletionTimestamp !== undefined

async function removeSecrets(pass: Pass<Claim>): Promise<void> {
  const name = bindingName(pass.object)
  for (const each of new Set([name, pass.object.status?.binding?.name ?? name])) await removeOwnSecret(pass, each)
}

/**
 * Deletes what the claim holds; what becomes of the service then is for the instance to see to. The deletion is written before the claim's
 * finalizer goes, so that no crash leaves the service behind.
 */
async function releaseInstance(pass: Pass<Claim>): Promise<void> {
  for (const { metadata } of heldInstances(pass)) {
    if (metadata.deletionTimestamp !== undefined) continue
    const { name, namespace, uid = '' } = metadata
    await pass.client.of(instanceKind).delete(name, { namespace, preconditions: { uid } })
  }
}
