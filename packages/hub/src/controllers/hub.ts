/** The controllers of the hub, ready for a manager. */
import type { Clock } from '@larder/engine/base/clock'
import type { Log } from '@larder/engine/base/log'
import type { Client } from '@larder/engine/client/client'
import type { Controller } from '@larder/engine/runtime/controller'
import type { Driver } from '@larder/kit'
import { backendController } from './backend/controller.ts'
import { claimController } from './claim/controller.ts'
import { classController } from './class/controller.ts'
import type { HubContext } from './context.ts'
import { createFingerprint } from './fingerprint.ts'
import { instanceController } from './instance/controller.ts'
import { policyController } from './policy/controller.ts'
import { createSessions } from './session/sessions.ts'

export interface HubOptions {
  /** Acts as the hub's ServiceAccount; used for what is read once. Passes use the manager's client. */
  readonly client: Client
  readonly drivers: ReadonlyMap<string, Driver>
  readonly clock: Clock
  readonly log: Log
}

export function hubControllers({ client, drivers, clock, log }: HubOptions): readonly Controller[] {
  const sessions = createSessions({ drivers, clock, log })
  const hub: HubContext = { sessions, fingerprint: createFingerprint(client), clock, log }
  return [
    backendController(hub),
    classController(hub),
    instanceController(hub),
    claimController(hub),
    policyController(),
  ]
}
