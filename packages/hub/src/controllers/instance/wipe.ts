/**
 * Between two owners: the service is wiped, is seen to be wiped, and only then loses the mark that keeps the next claim away. Whatever
 * moment the hub dies at, the mark is still there and the wipe is asked for again; a driver knows by id and generation that it has
 * done it already.
 */
import { findCondition } from '@larder/engine/runtime/conditions'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Failed, Seen } from '@larder/kit'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { isShared } from '../../model/instance-use.ts'
import { USED_ANNOTATION } from '../../model/names.ts'
import { reasonOfWord } from '../../model/reasons.ts'
import { usedBy } from '../../model/reclaim.ts'
import { leftAnnotation } from '../left-credentials.ts'
import { DriverFailure } from '../session/failure.ts'
import { currentWant, remember, type InstancePass } from './instance-pass.ts'
import { provisioned } from './settle-outside.ts'
import { beginStep, endStep } from './timeline.ts'

/** Held once, by nobody now, and to go to the next: claims that share an instance have no time between two owners. */
const needsWipe = (instance: Instance): boolean =>
  instance.spec.reclaimPolicy === 'Recycle' &&
  !instance.spec.claimRef &&
  !isShared(instance) &&
  usedBy(instance) !== undefined

/** `done` when there is nothing to wipe. */
export async function wipeBetweenOwners(pass: InstancePass): Promise<Outcome> {
  if (!needsWipe(pass.object)) return done
  const { session } = pass.service
  if (!session.canWipe) {
    provisioned(pass, false, 'WipeNotSupported', 'it is not wiped')
    throw new Stalled('WipeNotSupported', `spec.reclaimPolicy: driver ${session.driver} cannot wipe what it made`)
  }
  const { name, namespace } = pass.object.metadata
  // The cache may be behind, and what is wiped is lost.
  const current = await pass.client.of(instanceKind).find(name, namespace)
  if (!current || !needsWipe(current)) return wait('Recycling', WIPING, LOOK_AGAIN_MS)
  if (!isToldToBeWiped(pass)) return tellFirst(pass)
  const ack = await session.wipe(currentWant(pass), pass.signal)
  await remember(pass, ack)
  const seen = await session.observe(currentWant(pass), pass.signal)
  await remember(pass, seen)
  const waiting = notYet(pass, seen, ack.againMs ?? LOOK_AGAIN_MS)
  if (waiting) return waiting
  return ack.againMs === undefined ? setFree(pass, current) : wait('Recycling', WIPING, ack.againMs)
}

const isToldToBeWiped = ({ object }: InstancePass) =>
  findCondition(object.status?.conditions, 'Provisioned')?.reason === 'Recycling'

/** In status before it is done: nobody binds what is being wiped, and that it was wiped is on record however the hub ends. */
function tellFirst(pass: InstancePass): Outcome {
  provisioned(pass, false, 'Recycling', WIPING)
  beginStep(pass.status, 'wipe', pass.clock.now())
  return wait('Recycling', WIPING, SOON_MS)
}

const WIPING = 'the service is being wiped for the next claim'
const LOOK_AGAIN_MS = 1000

/** Undefined when the backend shows a service that works and knows no credentials. */
function notYet(pass: InstancePass, seen: Seen, againMs: number): Outcome | undefined {
  const { session } = pass.service
  switch (seen.phase) {
    case 'ready':
      if (seen.bindings === undefined || seen.bindings.length === 0) return undefined
      throw new DriverFailure('DriverFailed', `driver ${session.driver} has wiped the service and credentials are left`)
    case 'changing':
      return wait('Recycling', session.redact(seen.message ?? seen.doing), seen.againMs)
    case 'failed':
      throw failed(pass, seen)
    case 'absent':
      provisioned(pass, false, 'ServiceLost', LOST)
      throw new Stalled('ServiceLost', LOST)
    case 'unknown':
    case 'conflict':
      break
  }
  return wait('Recycling', WIPING, againMs)
}

function failed({ service }: InstancePass, { reason, message }: Failed): DriverFailure {
  const said = service.session.redact(`${reason}: ${message}`)
  return new DriverFailure(reasonOfWord(reason, 'ProvisioningRetried'), said)
}

const LOST = 'the backend no longer has the service that was to be wiped'

async function setFree(pass: InstancePass, { metadata }: Instance): Promise<Outcome> {
  const { name, namespace, resourceVersion } = metadata
  const body = { metadata: { resourceVersion, annotations: { [USED_ANNOTATION]: null, ...leftAnnotation([]) } } }
  await pass.client.of(instanceKind).patch(name, body, { namespace })
  endStep(pass.status, 'Done', undefined, pass.clock.now())
  delete pass.status.progress
  pass.event('Normal', 'Wiped', 'nothing of the last owner is left; the next claim may have it')
  return wait('Recycling', WIPING, SOON_MS)
}

const SOON_MS = 1
