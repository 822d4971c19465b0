/** Revokes what claims left behind that could not wait. Until then the instance says so, and can be used as before. */
import { secretType } from '@larder/engine/client/builtin'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Credential } from '@larder/kit'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { driverStateName } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { credentialKey, readState, writeState } from '../driver-state.ts'
import { leftAnnotation, leftCredentials, type Left } from '../left-credentials.ts'
import { DriverFailure } from '../session/failure.ts'
import { currentWant, openInstancePass, type InstancePass } from './instance-pass.ts'

/**
 * After whatever else is to be done for the service, and also where that has to wait until somebody acts: a field that is wrong would
 * else keep credentials alive whose owner is gone.
 */
export async function revokeLeftAfter(pass: InstancePass, rest: () => Promise<Outcome>): Promise<Outcome> {
  const outcome = await rest().catch((error: unknown) => {
    if (error instanceof Stalled) return error
    throw error
  })
  if (!(outcome instanceof Stalled) && outcome.type !== 'done') return outcome
  const revoked = await revokeLeft(pass)
  if (outcome instanceof Stalled && revoked.type === 'done') throw outcome
  return revoked
}

/** For an instance whose service is left alone: its backend is asked only where there is something to revoke. */
export async function revokeLeftAlone(pass: Pass<Instance>, hub: HubContext): Promise<Outcome> {
  if (leftCredentials(pass.object).length === 0) return done
  return revokeLeft(await openInstancePass(pass, hub))
}

async function revokeLeft(pass: InstancePass): Promise<Outcome> {
  const left = leftCredentials(pass.object)
  if (left.length === 0) return done
  for (const each of left) {
    const outcome = await revoke(pass, each)
    if (outcome.type !== 'done') return outcome
  }
  const { name, namespace, resourceVersion } = pass.object.metadata
  const patch = { metadata: { resourceVersion, annotations: leftAnnotation([]) } }
  await pass.client.of(instanceKind).patch(name, patch, { namespace })
  return done
}

async function revoke(pass: InstancePass, { id, role }: Left): Promise<Outcome> {
  const { session } = pass.service
  const { name, namespace } = pass.object.metadata
  const memory = pass.cache(secretType).get(driverStateName(name), namespace)
  const state = readState(memory, credentialKey(id))
  const credential: Credential = {
    id,
    parameters: {},
    origin: { door: 'larder' },
    ...(role !== undefined && { role }),
    ...(state !== undefined && { state }),
  }
  const unbound = await session.unbind(currentWant(pass), credential, pass.signal)
  if (unbound.phase === 'changing') {
    return wait('Unbinding', session.redact(unbound.message ?? unbound.doing), unbound.againMs)
  }
  if (unbound.phase === 'failed') {
    const message = session.redact(`${unbound.reason}: ${unbound.message}`)
    if (unbound.retry === 'no') throw new Stalled('BindingFailed', message)
    throw new DriverFailure('Unbinding', message)
  }
  await writeState(pass.client, pass.object, memory, credentialKey(id), undefined)
  return done
}
