import { secretType } from '@larder/engine/client/builtin'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Stalled } from '@larder/engine/runtime/outcome'
import type { Ack, Seen, Want } from '@larder/kit'
import type { Instance } from '../../model/instance.ts'
import { driverStateName } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { INSTANCE_KEY, readState, writeState } from '../driver-state.ts'
import { openService, type Service } from '../service.ts'
import { wantOf } from '../want.ts'

/** A pass over an instance whose driver has been found. */
export interface InstancePass extends Pass<Instance> {
  readonly service: Service
  readonly want: Want
  /** Of recipe, plan and parameters. */
  readonly hash: string
  /** Why nothing may be made or changed: a secret parameter is not there. */
  readonly missing: Stalled | undefined
  /** What the driver wants remembered, as of now. */
  driverState: string | undefined
}

export async function openInstancePass(pass: Pass<Instance>, hub: HubContext): Promise<InstancePass> {
  const service = await openService(pass.object, pass, hub)
  const driverState = readState(stateSecret(pass), INSTANCE_KEY)
  const wanted = await wantOf(pass.object, service, driverState, hub.fingerprint)
  return Object.assign(pass, { service, ...wanted, driverState })
}

const stateSecret = (pass: Pass<Instance>) => {
  const { name, namespace } = pass.object.metadata
  return pass.cache(secretType).get(driverStateName(name), namespace)
}

/** Remembers what the answer of a driver says of its state and of the thing outside. */
export async function remember(pass: InstancePass, answer: Ack | Seen): Promise<void> {
  if (answer.outside) pass.status.outside = redacted(pass, answer.outside)
  if (answer.state === undefined || answer.state === pass.driverState) return
  await writeState(pass.client, pass.object, stateSecret(pass), INSTANCE_KEY, answer.state)
  pass.driverState = answer.state
}

function redacted(pass: InstancePass, outside: NonNullable<Seen['outside']>): NonNullable<Seen['outside']> {
  const { message } = outside
  return message === undefined ? outside : { ...outside, message: pass.service.session.redact(message) }
}

/** The want with the newest state. */
export const currentWant = (pass: InstancePass, intent?: Want['intent']): Want => ({
  ...pass.want,
  ...(intent !== undefined && { intent }),
  ...(pass.driverState !== undefined && { state: pass.driverState }),
})
