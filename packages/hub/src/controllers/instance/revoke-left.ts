/** Revokes what claims left behind that could not wait. Until then the instance says so, and can be used as before. */
import { secretType } from '@larder/engine/client/builtin'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Credential } from '@larder/kit'
import { instanceKind } from '../../model/instance.ts'
import { driverStateName } from '../../model/names.ts'
import { credentialKey, readState, writeState } from '../driver-state.ts'
import { leftAnnotation, leftCredentials, type Left } from '../left-credentials.ts'
import { DriverFailure } from '../session/failure.ts'
import { currentWant, type InstancePass } from './instance-pass.ts'

export async function revokeLeft(pass: InstancePass): Promise<Outcome> {
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
