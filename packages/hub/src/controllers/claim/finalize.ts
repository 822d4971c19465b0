/**
 * Gives back what the claim has. When the claim is gone, its credentials no longer work and its Secret is gone; what becomes
 * of the instance is for that to see to.
 */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'
import { atLastRelease, isShared } from '../../model/instance-use.ts'
import { isUntouched, reclaimOf } from '../../model/reclaim.ts'
import type { HubContext } from '../context.ts'
import { settling } from '../reporting.ts'
import { DriverFailure } from '../session/failure.ts'
import { bindingName } from './binding-secret.ts'
import { handOver } from './hand-over.ts'
import { heldInstance } from './held-instance.ts'
import { release } from './release.ts'
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
      if ('type' in revoked) return release(pass)
      return giveUpRevoking(pass, revoked)
    })
}

/** Why the credentials could not be revoked. */
interface NotRevoked {
  readonly reason: string
  readonly message: string
}

async function revokeCredentials(pass: Pass<Claim>, hub: HubContext): Promise<Outcome | NotRevoked> {
  try {
    for (const each of credentialsOf(pass)) {
      const outcome = await revoke(pass, hub, each)
      if (outcome.type !== 'done') return outcome
    }
    return done
  } catch (error) {
    if (error instanceof DriverFailure || error instanceof Stalled)
      return { reason: error.reason, message: error.message }
    throw error
  }
}

function credentialsOf({ object }: Pass<Claim>) {
  const credential = object.status?.credential
  if (!credential) return []
  return credential.predecessor ? [credential.predecessor, credential] : [credential]
}

/**
 * The backend cannot revoke. Of what has no recipe and was never asked for there is nothing to revoke. Where the service is removed with
 * the claim, its credentials die with it: so the claim waits for that. Where the service stays, the claim waits for the backend. Only a
 * namespace that goes is not kept waiting by a dead backend: the instance, in another namespace, then sees to it alone.
 */
async function giveUpRevoking(pass: Pass<Claim>, { reason, message }: NotRevoked): Promise<Outcome> {
  const held = heldInstance(pass)
  if (!held || (reason === 'RevisionNotFound' && isUntouched(held))) return release(pass)
  if (diesWithClaim(held)) {
    await release(pass)
    if (!heldInstance(pass) || namespaceGoes(pass)) return done
    return wait('Unbinding', `the credentials go with the service, which is being removed: ${message}`, LOOK_AGAIN_MS)
  }
  if (!namespaceGoes(pass)) return wait('Unbinding', message, LOOK_AGAIN_MS)
  await handOver(pass, held, credentialsOf(pass))
  return release(pass)
}

/** Not one that others go on using, that somebody keeps from being removed, or that stays outside when its object goes. */
function diesWithClaim(held: Instance): boolean {
  const { deletionProtection = false, paused = false } = held.spec
  if (isShared(held) || deletionProtection || paused) return false
  const isDeleted = held.metadata.deletionTimestamp !== undefined && !['Retain', 'Release'].includes(reclaimOf(held))
  return isDeleted || atLastRelease(held) === 'delete'
}

const namespaceGoes = (pass: Pass<Claim>) =>
  pass.cache(namespaceType).get(pass.object.metadata.namespace ?? '')?.metadata.deletionTimestamp !== undefined

async function removeSecrets(pass: Pass<Claim>): Promise<void> {
  const { metadata, status } = pass.object
  // Also under a former name: the claim may go before that was taken away.
  const made = pass.cache(secretType).byIndex('claim', metadata.uid ?? '')
  const former = made.filter((secret) => secret.metadata.namespace === metadata.namespace)
  const name = bindingName(pass.object)
  const names = [name, status?.binding?.name ?? name, ...former.map((secret) => secret.metadata.name)]
  for (const each of new Set(names)) await removeOwnSecret(pass, each)
}
