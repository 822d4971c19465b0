/**
 * An instance that is being deleted while its claim lives. The API refuses that to people; where a program did it all the same, the
 * application keeps what it has: the service stays for as long as the claim does, and the claim stays Ready and says what is coming.
 * Only a claim that has no credentials yet gets none.
 */
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { nameIn } from '../../model/instance-use.ts'
import type { Instance } from '../../model/instance.ts'

export const isGoing = ({ metadata }: Instance): boolean => metadata.deletionTimestamp !== undefined

/** Throws `Stalled` where the claim has nothing to keep. */
export function refuseGoing({ object }: Pick<Pass<Claim>, 'object'>, held: Instance): void {
  if (!isGoing(held) || hasCredentials(object)) return
  throw new Stalled('InstanceLost', `instance ${nameIn(held.metadata)} is being deleted`)
}

/** The last step: everything that the claim has is kept, and the claim is not as it should be. Throws `Stalled`. */
export function tellGoing(held: Instance): void {
  if (!isGoing(held)) return
  const message = `instance ${nameIn(held.metadata)} is being deleted: it works until this claim goes, and then goes with its data`
  throw new Stalled('InstanceDeleting', message)
}

const hasCredentials = ({ status }: Claim): boolean =>
  status?.credential?.issuedAt !== undefined || status?.credential?.predecessor !== undefined
