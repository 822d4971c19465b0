/** The controllers of the hub, ready for a manager. */
import type { Clock } from '@larder/engine/base/clock'
import type { Log } from '@larder/engine/base/log'
import type { Client } from '@larder/engine/client/client'
import type { Transport } from '@larder/engine/machinery/call'
import type { Controller } from '@larder/engine/runtime/controller'
import type { Driver } from '@larder/kit'
import { backendController } from './backend/controller.ts'
import type { ClaimableDesk } from './claimable/desk.ts'
import { claimController } from './claim/controller.ts'
import { createPoolLines } from './claim/pool-lines.ts'
import { classController } from './class/controller.ts'
import type { HubContext } from './context.ts'
import { createFingerprint } from './fingerprint.ts'
import { instanceController } from './instance/controller.ts'
import { policyController } from './policy/controller.ts'
import type { SessionObserver } from './session/calls.ts'
import { createKubeApi, type Account } from './session/kube-api.ts'
import { createSessions } from './session/sessions.ts'

export interface HubOptions {
  /** Acts as the hub's ServiceAccount; used for what is read once. Passes use the manager's client. */
  readonly client: Client
  readonly drivers: ReadonlyMap<string, Driver>
  readonly clock: Clock
  readonly log: Log
  /** Acts as that ServiceAccount: what drivers do in this cluster is never done with the rights of the hub. */
  readonly transportOf: (account: Account) => Transport
  /** In [0, 1), for jitter. */
  readonly random?: () => number
  readonly observer?: SessionObserver
  /** Answers what may be claimed, once it is open. */
  readonly desk?: ClaimableDesk
  /** Aborted when the controllers are left behind: what drivers watch for them ends with it. */
  readonly signal?: AbortSignal
}

export function hubControllers(options: HubOptions): readonly Controller[] {
  const { client, drivers, clock, log, transportOf, signal, observer, desk, random = Math.random } = options
  const kubeOf = (account: Account) => createKubeApi({ transport: transportOf(account), clock })
  const sessions = createSessions({ drivers, clock, log, kubeOf, random, ...(observer && { observer }) })
  signal?.addEventListener('abort', () => sessions.close())
  const pools = createPoolLines({ sessions, clock, log })
  const hub: HubContext = { sessions, pools, fingerprint: createFingerprint(client), clock, log }
  desk?.open(hub)
  return [
    backendController(hub),
    classController(hub),
    instanceController(hub),
    claimController(hub),
    policyController(),
  ]
}
