/** What the driver is told when it makes or revokes credentials. */
import type { JsonObject } from '@larder/engine/base/json'
import { secretType, type Secret } from '@larder/engine/client/builtin'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Credential, Want } from '@larder/kit'
import type { Claim, ClaimCredential } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'
import { driverStateName } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { credentialKey, INSTANCE_KEY, readState, writeState } from '../driver-state.ts'
import { openService, type Service } from '../service.ts'
import { wantOf } from '../want.ts'

export interface Binding {
  readonly instance: Instance
  readonly service: Service
  readonly want: Want
  /** The Secret with what the driver wants remembered. */
  readonly memory: Secret | undefined
}

/**
 * Reads the driver's memory from the server and not from the cache: the instance controller writes it too, and a cache that
 * has not seen that yet would send the driver away without it.
 */
export async function openBinding(pass: Pass<Claim>, hub: HubContext, instance: Instance): Promise<Binding> {
  const service = await openService(instance, pass, hub)
  const { name, namespace } = instance.metadata
  const memory = await pass.client.of(secretType).find(driverStateName(name), namespace)
  const { want } = await wantOf(instance, service, readState(memory, INSTANCE_KEY), hub.fingerprint)
  return { instance, service, want, memory }
}

export function credentialOf(
  { memory }: Binding,
  claim: Claim,
  { id, role, predecessor }: Pick<ClaimCredential, 'id' | 'role' | 'predecessor'>,
  parameters: JsonObject = {},
): Credential {
  const { name, namespace = '', uid = '' } = claim.metadata
  const state = readState(memory, credentialKey(id))
  return {
    id,
    parameters,
    ...(role !== undefined && { role }),
    ...(predecessor && { predecessor: predecessor.id }),
    ...(state !== undefined && { state }),
    origin: claim.spec.origin
      ? { door: 'larder', ...claim.spec.origin }
      : { door: 'larder', apiVersion: claim.apiVersion, kind: claim.kind, namespace, name, uid },
  }
}

export async function rememberCredential(
  pass: Pass<Claim>,
  { instance, memory }: Binding,
  id: string,
  state: string | undefined,
): Promise<void> {
  if (state !== undefined) await writeState(pass.client, instance, memory, credentialKey(id), state)
}

export async function forgetCredential(pass: Pass<Claim>, { instance, memory }: Binding, id: string): Promise<void> {
  await writeState(pass.client, instance, memory, credentialKey(id), undefined)
}
