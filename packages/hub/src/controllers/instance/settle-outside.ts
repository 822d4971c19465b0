/**
 * Makes what is outside agree with what is wanted: asks the driver what exists, rather than remembering, and does the
 * next thing. What the hub intends needs no record of its own: an instance that was never requested is to be created, one
 * whose request differs from its hash is to be changed, and both outlive a crash because the object does.
 */
import { setCondition } from '@larder/engine/runtime/conditions'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { stringifyJson } from '@larder/engine/base/json'
import type { Ack, Changing, Failed, Seen } from '@larder/kit'
import { reasonOfWord, type Reason } from '../../model/reasons.ts'
import { DriverFailure } from '../session/failure.ts'
import { currentWant, remember, type InstancePass } from './instance-pass.ts'
import { refuseLoss } from './refuse-loss.ts'
import { beginStep, endStep } from './timeline.ts'

/** Look again at once: the driver has just done something. */
const AGAIN = { type: 'again' } as const
type Next = Outcome | typeof AGAIN

/** Enough for absent, created, changed, ready; a driver that still is not done then is asked again later. */
const MAX_ROUNDS = 4
const NOT_SHOWN_AFTER_MS = 1000
const MAX_OUTPUTS_BYTES = 64 * 1024

export async function settleOutside(pass: InstancePass): Promise<Outcome> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const seen = await pass.service.session.observe(currentWant(pass, intent(pass)), pass.signal)
    await remember(pass, seen)
    const next = await act(pass, seen)
    if (next.type !== 'again') return next
  }
  return wait(working(pass), 'the backend has accepted the request and does not show it yet', NOT_SHOWN_AFTER_MS)
}

function act(pass: InstancePass, seen: Seen): Next | Promise<Next> {
  switch (seen.phase) {
    case 'absent':
      return makeIt(pass)
    case 'unknown':
      return request(pass)
    case 'conflict':
      throw new Stalled('NameTaken', pass.service.session.redact(seen.message))
    case 'changing':
      return follow(pass, seen)
    case 'failed':
      return recover(pass, seen)
    case 'ready':
      break
  }
  return accept(pass, seen)
}

const wasMade = (pass: InstancePass) => pass.status.applied !== undefined
const wasRequested = (pass: InstancePass) => pass.status.requested?.hash === pass.hash
const intent = (pass: InstancePass) => (wasMade(pass) ? 'update' : 'create')

function working(pass: InstancePass): Reason {
  if (!wasMade(pass)) return 'Creating'
  return pass.status.applied?.hash === pass.hash ? 'Recovering' : 'Updating'
}

function makeIt(pass: InstancePass): Promise<Next> {
  if (wasMade(pass)) {
    provisioned(pass, false, 'ServiceLost', LOST)
    throw new Stalled('ServiceLost', LOST)
  }
  if (pass.object.spec.existing === 'Adopt') throw notThere(pass)
  return request(pass)
}

const LOST = 'the backend no longer has the service that it made'

/** What was to exist outside does not. Nothing tells when it does. */
export function notThere({ object, want }: InstancePass): Stalled {
  const name = want.name ?? want.id
  const message = `spec.existing ${object.spec.existing}: the backend has no service ${name}`
  return new Stalled('ServiceNotFound', message, { lookAgainMs: LOOK_AGAIN_MS })
}

const LOOK_AGAIN_MS = 30_000

/** Calls the driver, and keeps the step that people see. */
async function request(pass: InstancePass): Promise<Next> {
  const { session } = pass.service
  const step = intent(pass)
  if (step === 'update' && !session.canUpdate) return cannotUpdate(pass)
  if (step === 'update') await refuseLoss(pass)
  const beganAt = pass.clock.now()
  let ack: Ack
  try {
    ack =
      step === 'create'
        ? await session.create(currentWant(pass, 'create'), pass.signal)
        : await session.update(currentWant(pass, 'update'), pass.signal)
  } catch (error) {
    if (error instanceof DriverFailure && !error.repeated) {
      beginStep(pass.status, step, beganAt)
      endStep(pass.status, 'Failed', error.message, pass.clock.now())
    }
    throw error
  }
  beginStep(pass.status, step, beganAt)
  pass.status.requested = { hash: pass.hash }
  await remember(pass, ack)
  if (ack.againMs === undefined) return AGAIN
  pass.status.progress = { step }
  return wait(working(pass), `the backend has accepted the request`, ack.againMs)
}

function cannotUpdate(pass: InstancePass): never {
  const what = pass.want.changed.length > 0 ? `spec: ${pass.want.changed.join(', ')} changed` : 'the service differs'
  throw new Stalled(
    'UpdateNotSupported',
    `${what}, and driver ${pass.service.session.driver} changes nothing that exists`,
  )
}

function follow(pass: InstancePass, { doing, message, againMs, expectedAt }: Changing): Outcome {
  const said = message === undefined ? undefined : pass.service.session.redact(message)
  beginStep(pass.status, doing, pass.clock.now())
  pass.status.progress = {
    step: doing,
    ...(said !== undefined && { message: said }),
    ...(expectedAt !== undefined && { expectedAt }),
  }
  if (!wasMade(pass)) provisioned(pass, false, 'Creating', said ?? doing)
  return wait(working(pass), said ?? doing, againMs)
}

async function recover(pass: InstancePass, failed: Failed): Promise<Next> {
  const { session } = pass.service
  const said = session.redact(`${failed.reason}: ${failed.message}`)
  const word = (otherwise: Reason) => reasonOfWord(failed.reason, otherwise)
  provisioned(pass, failed.usable, failed.usable ? 'Provisioned' : word('ProvisioningFailed'), said)
  // What the backend gave up was another request than the one that is wanted now.
  if (!wasRequested(pass)) return request(pass)
  if (failed.retry === 'same') await request(pass)
  endStep(pass.status, 'Failed', said, pass.clock.now())
  delete pass.status.progress
  if (failed.retry === 'no') throw new Stalled(word('ProvisioningFailed'), said)
  if (failed.retry === 'same') throw new DriverFailure(word('ProvisioningRetried'), said)
  return recreate(pass, said)
}

/** Only what never was in use is thrown away: a failed change of a service with data must not cost the data, nor an adoption. */
async function recreate(pass: InstancePass, said: string): Promise<Next> {
  if (wasMade(pass) || (pass.object.spec.existing ?? 'Refuse') !== 'Refuse')
    throw new Stalled('ProvisioningFailed', said)
  await remember(pass, await pass.service.session.delete(currentWant(pass, 'delete'), pass.signal))
  delete pass.status.requested
  throw new DriverFailure('ProvisioningRetried', said)
}

function accept(pass: InstancePass, seen: Extract<Seen, { phase: 'ready' }>): Next | Promise<Next> {
  if (wasMade(pass) || wasRequested(pass)) provisioned(pass, true, 'Provisioned', '')
  // Ready and never requested: a crash came between the request and its record. The request is repeated, its id says it is the same.
  if (!wasRequested(pass)) return request(pass)
  if (seen.drift.length > 0) return correct(pass, seen.drift.map((d) => d.path).sort())
  applied(pass)
  outputs(pass, seen)
  delete pass.status.progress
  endStep(pass.status, 'Done', undefined, pass.clock.now())
  return done
}

/** What is outside was changed behind our back, or does not show the change yet. */
async function correct(pass: InstancePass, paths: readonly string[]): Promise<Next> {
  const message = `the service differs from what is asked at ${paths.join(', ')}`
  if (!pass.service.session.canUpdate) throw new Stalled('UpdateNotSupported', message)
  await refuseLoss(pass)
  await remember(pass, await pass.service.session.update(currentWant(pass, 'update'), pass.signal))
  const seen = await pass.service.session.observe(currentWant(pass, 'update'), pass.signal)
  await remember(pass, seen)
  if (seen.phase === 'changing') return follow(pass, seen)
  if (seen.phase === 'ready' && seen.drift.length === 0) return accept(pass, seen)
  throw new DriverFailure('ProvisioningRetried', message)
}

export function applied(pass: InstancePass): void {
  const { spec, metadata } = pass.object
  pass.status.applied = {
    generation: metadata.generation ?? 0,
    ...(spec.revision !== undefined && { revision: spec.revision }),
    ...(spec.plan !== undefined && { plan: spec.plan }),
    ...(pass.want.plan?.externalId !== undefined && { externalPlanId: pass.want.plan.externalId }),
    ...(spec.parameters !== undefined && { parameters: spec.parameters as never }),
    ...(spec.parametersFrom !== undefined && { parametersFrom: spec.parametersFrom as never }),
    hash: pass.hash,
  }
}

export function outputs(pass: InstancePass, seen: Seen): void {
  if (seen.outputs === undefined) return
  const bytes = Buffer.byteLength(stringifyJson(seen.outputs))
  if (bytes > MAX_OUTPUTS_BYTES) {
    pass.log.warn('outputs of the service are too large and were left out', { bytes, limit: MAX_OUTPUTS_BYTES })
    delete pass.status.outputs
  } else pass.status.outputs = seen.outputs as never
}

/** The condition that says whether the service can be used, whatever becomes of the latest change. */
export function provisioned(pass: InstancePass, is: boolean, reason: string, message: string): void {
  const { generation } = pass.object.metadata
  setCondition(
    (pass.status.conditions ??= []),
    {
      type: 'Provisioned',
      status: is ? 'True' : 'False',
      reason,
      message,
      ...(generation !== undefined && { observedGeneration: generation }),
    },
    pass.clock.now(),
  )
}
