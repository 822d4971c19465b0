/**
 * Removes the thing outside; only when it is gone does the object go. An instance that a live claim holds stays: as with
 * volumes, whoever deletes it learns that it is in use, and the application keeps its service.
 */
import { isNotFound } from '@larder/engine/machinery/status'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Instance } from '../../model/instance.ts'
import { isObserved, isUntouched, reclaimOf } from '../../model/reclaim.ts'
import { unsupportedInInstance } from '../../model/unsupported.ts'
import type { HubContext } from '../context.ts'
import { settling, stallOn } from '../reporting.ts'
import { leftCredentials } from '../left-credentials.ts'
import { followResource } from './follow-resource.ts'
import { revokeLeftAfter, revokeLeftAlone } from './revoke-left.ts'
import { settleOutside } from './settle-outside.ts'
import { currentWant, openInstancePass, remember, type InstancePass } from './instance-pass.ts'
import { beginStep, endStep } from './timeline.ts'
import { awaitUsers, countClaims } from './users.ts'

const AGAIN_MS = 1000
const MAX_ROUNDS = 3

export const finalizeInstance =
  (hub: HubContext) =>
  (pass: Pass<Instance>): Promise<Outcome> =>
    settling(async () => {
      const held = awaitUsers(pass)
      if (held) return whileUsed(pass, hub, held)
      const refused = refusedDeletion(pass.object)
      if (refused) return refuse(pass, hub, refused)
      // What was found and not made is left as it is: with its record the hold ends.
      if (isObserved(pass.object) || staysOutside(pass.object)) return leaveOutside(pass, hub)
      // No id, no call to the driver: nothing can exist outside.
      if (!pass.object.spec.externalID) return done
      stallOn(unsupportedInInstance(pass.object))
      const opened = await openOrNothing(pass, hub)
      return opened ? removeOutside(opened, hub) : done
    })

/** The application keeps its service: it is looked after as before. Credentials that a claim had to leave go also while others stay. */
async function whileUsed(pass: Pass<Instance>, hub: HubContext, held: Outcome): Promise<Outcome> {
  const { spec, status } = pass.object
  countClaims(pass)
  const isKept = status?.applied !== undefined && spec.paused !== true
  if (!isKept && leftCredentials(pass.object).length === 0) return held
  const opened = await openInstancePass(pass, hub)
  const kept = await revokeLeftAfter(opened, async () => {
    if (!isKept || opened.missing) return done
    return isObserved(pass.object) ? followResource(opened) : settleOutside(opened)
  })
  return kept.type === 'done' ? held : kept
}

/** Undefined when the recipe is gone and no request was ever made: then nothing exists outside. */
async function openOrNothing(pass: Pass<Instance>, hub: HubContext): Promise<InstancePass | undefined> {
  try {
    return await openInstancePass(pass, hub)
  } catch (error) {
    if (error instanceof Stalled && error.reason === 'RevisionNotFound' && isUntouched(pass.object)) return undefined
    throw error
  }
}

/** By name and with what ends it; the deletion itself stands, and goes on when the field was changed. */
function refusedDeletion({ spec }: Instance): Stalled | undefined {
  if (spec.deletionProtection === true) {
    return new Stalled('DeletionProtected', 'spec.deletionProtection: it is true, so that the service is not removed')
  }
  if (spec.paused !== true) return undefined
  return new Stalled('Paused', 'spec.paused: it is true, so that the service is not removed')
}

async function refuse(pass: Pass<Instance>, hub: HubContext, refused: Stalled): Promise<Outcome> {
  const revoked = await revokeLeftAlone(pass, hub)
  if (revoked.type !== 'done') return revoked
  throw refused
}

const staysOutside = (instance: Instance) => ['Release', 'Retain'].includes(reclaimOf(instance))

/** As with volumes: the object goes and the service stays, for whoever adopts it by its id. No credentials stay with it. */
async function leaveOutside(pass: Pass<Instance>, hub: HubContext): Promise<Outcome> {
  const { spec, status } = pass.object
  // What was copied has no credentials of its own.
  const revoked = spec.resourceRef ? done : await revokeLeftAlone(pass, hub)
  if (revoked.type !== 'done') return revoked
  const id = status?.outside?.id ?? spec.externalID ?? ''
  if (status?.applied && !spec.resourceRef) pass.event('Normal', 'Retained', `the service stays outside as ${id}`)
  return done
}

async function removeOutside(pass: InstancePass, hub: HubContext): Promise<Outcome> {
  const { session } = pass.service
  beginStep(pass.status, 'delete', hub.clock.now())
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const seen = await session.observe(currentWant(pass, 'delete'), pass.signal)
    await remember(pass, seen).catch(unlessNotFound)
    if (seen.phase === 'absent') {
      session.forget(pass.want.id)
      endStep(pass.status, 'Done', undefined, hub.clock.now())
      return done
    }
    if (seen.phase === 'conflict') return done
    if (seen.phase === 'changing' && round > 0) return follow(pass, seen.doing, seen.message, seen.againMs)
    const ack = await session.delete(currentWant(pass, 'delete'), pass.signal)
    await remember(pass, ack).catch(unlessNotFound)
    if (ack.againMs !== undefined) return wait('Deleting', 'the backend removes the service', ack.againMs)
  }
  return wait('Deleting', 'the backend has accepted the deletion and still shows the service', AGAIN_MS)
}

function follow(pass: InstancePass, doing: string, message: string | undefined, againMs: number): Outcome {
  const said = message === undefined ? doing : pass.service.session.redact(message)
  pass.status.progress = { step: doing, ...(message !== undefined && { message: said }) }
  return wait('Deleting', said, againMs)
}

/** The namespace may be going too, and with it the Secret that remembers. */
function unlessNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
