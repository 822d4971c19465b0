/**
 * An instance that many claims share has no holder to be written into it. A claim has joined when its status names the instance with
 * its uid; the last one that leaves ends the instance. What keeps first and last apart, also between two hubs:
 *
 * - Who joins writes its choice into its own status, then touches the instance, then says that it has joined.
 * - Who leaves reads the instance, writes that version into its own metadata, and counts only when its cache shows that write, and with
 *   it every choice that was made before. If it is the last, it deletes exactly the version that it read.
 *
 * So a touch before the read is counted, and one after it makes the deletion fail. Of two that leave at once the later sees the
 * earlier leaving. Rejected: a list of holders in the instance, which every join of a thousand would write anew.
 */
import { isNotFound } from '@larder/engine/machinery/status'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { claimKind, type Claim } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { atLastRelease, isShared, nameIn, usedMark } from '../../model/instance-use.ts'
import { chooseInstance, type Place } from './choose-instance.ts'
import { planFirst, SOON_MS } from './plan-credential.ts'
import { refer } from './refer.ts'

/** On an instance: who joined last, and by which version of itself, so that no touch is without effect. */
const JOINED = 'larder.dev/joined'
/** On a claim that leaves: the version of the instance from which on it counts. */
const LEAVING = 'larder.dev/leaving'

/** For an instance that is there. A touch that comes after its deletion shows the deletion. */
export async function joinShared(pass: Pass<Claim>, instance: Instance, role: string | undefined): Promise<Outcome> {
  const { name, namespace = '', uid: instanceUid } = instance.metadata
  const since = await chooseInstance(pass, { namespace, name }, pass.status.resourceRef)
  const metadata = { uid: instanceUid, annotations: joinMarks(pass.object, since) }
  const joined = await pass.client.of(instanceKind).patch(name, { metadata }, { namespace })
  if (joined.metadata.deletionTimestamp !== undefined) return goes()
  refer(pass, joined)
  planFirst(pass, role)
  return wait('Binding', 'the shared service is there, and credentials are being made', SOON_MS)
}

/** Its end wakes those that have chosen it. */
export const goes = (): Outcome =>
  wait('Deleting', 'the shared service is being removed, because nobody used it any more')

/** Annotations of an instance that a claim joins, or makes to join it. */
export const joinMarks = (claim: Claim, since: string) => ({
  ...usedMark(claim),
  [JOINED]: `${claim.metadata.uid ?? ''} ${since}`,
})

/** After the claim's credentials were revoked. `done` when the instance is on its way, or stays for others. */
export async function leaveShared(pass: Pass<Claim>): Promise<Outcome> {
  const ref = pass.object.status?.instanceRef
  if (!ref || othersIn(pass, ref)) return done
  const instance = await pass.client.of(instanceKind).find(ref.name, ref.namespace)
  if (!instance || !isShared(instance) || instance.metadata.deletionTimestamp !== undefined) return done
  if (ref.uid !== undefined && ref.uid !== instance.metadata.uid) return done
  if (atLastRelease(instance) === 'keep') return done
  const { uid = '', resourceVersion = '' } = instance.metadata
  if (pass.object.metadata.annotations?.[LEAVING] !== resourceVersion) {
    await announce(pass, resourceVersion)
    return wait('Unbinding', 'the last claim of a shared service gives it back', SOON_MS)
  }
  const preconditions = { uid, resourceVersion }
  await pass.client.of(instanceKind).delete(ref.name, { namespace: ref.namespace, preconditions })
  return done
}

/** Whether another claim that stays has the instance, or has chosen it. */
function othersIn(pass: Pass<Claim>, ref: Place): boolean {
  const { uid } = pass.object.metadata
  const claims = pass.cache(claimKind).byIndex('instance', nameIn(ref))
  return claims.some(({ metadata }) => metadata.uid !== uid && metadata.deletionTimestamp === undefined)
}

async function announce({ client, object }: Pass<Claim>, version: string): Promise<void> {
  const { name, namespace, uid } = object.metadata
  const body = { metadata: { uid, annotations: { [LEAVING]: version } } }
  await client
    .of(claimKind)
    .patch(name, body, { namespace })
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
}
