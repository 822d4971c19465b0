/**
 * Ends the hold of a claim that goes, after its credentials. The end is written before the claim's finalizer goes, so that no crash leaves
 * a hold, or a service, that nobody answers for.
 */
import type { Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { atLastRelease } from '../../model/instance-use.ts'
import { endHold, remove } from './end-hold.ts'
import { heldInstances } from './held-instance.ts'
import { leaveShared } from './hold-shared.ts'

export async function release(pass: Pass<Claim>): Promise<Outcome> {
  for (const instance of heldInstances(pass)) {
    if (instance.metadata.deletionTimestamp !== undefined) continue
    await (atLastRelease(instance) === 'delete' ? remove(pass, instance) : endHold(pass, instance))
  }
  return leaveShared(pass)
}
