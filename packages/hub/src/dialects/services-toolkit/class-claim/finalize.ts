import { findCondition } from '@larder/engine/runtime/conditions'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { claimKind } from '../../../model/claim.ts'
import { coreClaimName, deleteCoreClaim, isFor, type ClassClaimPass } from './core-claim.ts'
import { deleteMirror } from './mirror.ts'

/** Ends the claim of the core, which releases a member of a pool, and removes what was made as its class says. */
export async function finalizeClassClaim(pass: ClassClaimPass): Promise<Outcome> {
  const { object, client } = pass
  const { namespace } = object.metadata
  const name = coreClaimName(object)
  // The server is asked before it is said that there is none: a claim that no cache shows yet would stay.
  const claim = pass.cache(claimKind).get(name, namespace) ?? (await client.of(claimKind).find(name, namespace))
  if (claim && isFor(claim, object)) {
    if (claim.metadata.deletionTimestamp === undefined) await deleteCoreClaim(pass, claim)
    const ready = findCondition(claim.status?.conditions, 'Ready')
    const isTold = claim.metadata.deletionTimestamp !== undefined && ready?.status === 'False'
    return wait('ResourceNotReady', isTold ? ready.message : 'what is held is being released')
  }
  await deleteMirror(pass)
  return done
}
