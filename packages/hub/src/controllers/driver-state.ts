/**
 * What drivers want remembered, in a Secret beside the instance: opaque to us, and maybe secret. One key for the instance and
 * one for each credential, so that the two controllers that write them never touch each other's.
 */
import { secretType, type Secret } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import type { Instance } from '../model/instance.ts'
import { API_VERSION } from '../model/kind.ts'
import { driverStateName, MANAGED_BY, MANAGED_BY_LABEL } from '../model/names.ts'

export const INSTANCE_KEY = 'instance'
export const credentialKey = (id: string): string => `credential.${id}`

export function readState(secret: Secret | undefined, key: string): string | undefined {
  const value = secret?.data?.[key]
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
}

/** Remembers, or with `undefined` forgets. Costs a write only when something changes. */
export async function writeState(
  client: Client,
  instance: Instance,
  current: Secret | undefined,
  key: string,
  state: string | undefined,
): Promise<void> {
  if (readState(current, key) === state) return
  const { name, namespace = '', uid = '' } = instance.metadata
  const secrets = client.of(secretType)
  const value = state === undefined ? null : Buffer.from(state).toString('base64')
  const patch = { data: { [key]: value } }
  if (current || value === null) {
    await secrets.patch(driverStateName(name), patch, { namespace })
    return
  }
  try {
    await secrets.create({
      metadata: {
        name: driverStateName(name),
        namespace,
        labels: { [MANAGED_BY_LABEL]: MANAGED_BY },
        ownerReferences: [{ apiVersion: API_VERSION, kind: 'Instance', name, uid, controller: true }],
      },
      type: 'larder.dev/driver-state',
      data: { [key]: value },
    })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    await secrets.patch(driverStateName(name), patch, { namespace })
  }
}
