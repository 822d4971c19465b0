import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim, ClaimCredential } from '../../model/claim.ts'
import type { HubContext } from '../context.ts'
import { DriverFailure } from '../session/failure.ts'
import { credentialOf, forgetCredential, openBinding } from './binding.ts'
import { heldInstance } from './held-instance.ts'
import { SOON_MS, wantedRole } from './plan-credential.ts'

/** Revokes one of the claim's credentials; `done` when they no longer work. */
export async function revoke(
  pass: Pass<Claim>,
  hub: HubContext,
  credential: Pick<ClaimCredential, 'id' | 'role'>,
): Promise<Outcome> {
  const instance = heldInstance(pass)
  if (!instance) return done
  const binding = await openBinding(pass, hub, instance)
  const { session } = binding.service
  const unbound = await session.unbind(binding.want, credentialOf(binding, pass.object, credential), pass.signal)
  switch (unbound.phase) {
    case 'changing':
      return wait('Unbinding', session.redact(unbound.message ?? unbound.doing), unbound.againMs)
    case 'failed': {
      const message = session.redact(`${unbound.reason}: ${unbound.message}`)
      if (unbound.retry === 'no') throw new Stalled('BindingFailed', message)
      throw new DriverFailure('Unbinding', message)
    }
    case 'gone':
      await forgetCredential(pass, binding, credential.id)
  }
  return done
}

/** After new credentials are in the Secret: the older ones go. */
export const revokePredecessor = (hub: HubContext) =>
  async function revokePredecessor(pass: Pass<Claim>): Promise<Outcome> {
    const predecessor = pass.status.credential?.predecessor
    if (!predecessor) return done
    const outcome = await revoke(pass, hub, predecessor)
    if (outcome.type !== 'done') return outcome
    delete pass.status.credential?.predecessor
    // The role may have changed again while two were alive, which was not acted on then.
    const role = pass.status.credential?.role
    return wantedRole(pass, role) === role ? done : wait('Binding', 'older credentials were revoked', SOON_MS)
  }
