/** One simulated world: the real API on a store in memory, the yard outside, and hubs that live and die. */
import { jsonLog, type Log } from '@larder/engine/base/log'
import { createApi } from '@larder/engine/apiserver/core/api'
import type { Api, User } from '@larder/engine/apiserver/api'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import { createClient, type Client } from '@larder/engine/client/client'
import type { Target, Transport } from '@larder/engine/machinery/call'
import { createElection } from '@larder/engine/runtime/election'
import { createManager } from '@larder/engine/runtime/manager'
import type { Store } from '@larder/engine/storage/store'
import { hubControllers } from '../../../packages/hub/src/controllers/hub.ts'
import { poolDriver } from '../../../packages/hub/src/drivers/pool/driver.ts'
import { SYSTEM_NAMESPACE } from '../../../packages/hub/src/model/names.ts'
import { accountUser, hubUser } from '../../../packages/hub/src/samples/rbac.ts'
import { ADMIN, PROGRAM, storeOf, type Beginning } from './base-world.ts'
import { createDice, type Dice } from './dice.ts'
import type { Faults } from './faults.ts'
import { seededIds } from './ids.ts'
import { createScheduler, processClock, type Scheduler } from './scheduler.ts'
import type { Process } from './wire-chances.ts'
import { wireTransport } from './wire.ts'
import { createYard, type Yard } from './yard.ts'

interface Hub extends Process {
  /** Ends as SIGTERM would. The promise is part of the world: it resolves as the scheduler lets things happen. */
  stop(): Promise<void>
}

export interface World {
  readonly scheduler: Scheduler
  readonly store: Store
  readonly yard: Yard
  /** Of the administrator, and at once: what people do is one action. */
  readonly admin: Client
  /** Of a program that may do everything, such as a restore. */
  readonly program: Client
  /** Lines of all hubs. */
  onLog(listener: (line: string) => void): void
  /** Those that live. */
  readonly hubs: readonly Hub[]
  startHub(options: { readonly elected: boolean }): Hub
  /** True while the API itself or a user writes, and no hub. */
  readonly isUserWriting: boolean
  asUser<T>(act: () => Promise<T>): Promise<T>
  /** From now on nothing goes wrong. */
  makePeace(): void
  close(): Promise<void>
}

const LEASE = { name: 'larder', namespace: SYSTEM_NAMESPACE }
const LEASE_MS = 60_000
const RETRY_MS = 10_000

export async function createWorld(
  seed: number,
  faultsOf: (dice: Dice) => Faults,
  { stored, services, startMs }: Beginning,
): Promise<World> {
  const dice = createDice(seed)
  const faults = faultsOf(dice.fork())
  const scheduler = createScheduler({ dice: dice.fork(), startMs, hurry: faults.hurry, leapMs: faults.leapMs })
  const { clock } = scheduler
  const store = await storeOf(stored)
  const logged: ((line: string) => void)[] = []
  const write = (line: string): void => {
    for (const listener of logged) listener(line)
  }
  const log = jsonLog({ level: 'debug', write, now: () => clock.now() })
  const api = await createApi({ store, clock, ids: seededIds(dice.fork()), log })
  const yard = createYard({ scheduler, chances: faults.yard, services })
  const admin = createClient(inProcessTransport(api, ADMIN, clock))
  const program = createClient(inProcessTransport(api, PROGRAM, clock))
  const hubDice = dice.fork()
  const hubs: Hub[] = []
  /** Lets go of what Node keeps of a killed hub: signals that nobody aborted hold the whole world. */
  const remains: (() => void)[] = []
  let lives = 0
  let writers = 0

  async function asUser<T>(act: () => Promise<T>): Promise<T> {
    writers++
    try {
      return await act()
    } finally {
      writers--
    }
  }

  let touches = 0
  const overtake = (target: Target) => asUser(() => touch(admin, touches++, target))

  const world: World = {
    scheduler,
    store,
    yard,
    admin,
    program,
    onLog: (listener) => void logged.push(listener),
    get hubs() {
      return hubs
    },
    get isUserWriting() {
      return writers > 0
    },
    asUser,
    startHub({ elected }) {
      const name = `hub${++lives}`
      scheduler.note(`start ${name}`)
      const hub = runHub({
        name,
        elected,
        api,
        scheduler,
        faults,
        yard,
        log,
        dice: hubDice.fork(),
        overtake,
        gone,
        remains,
      })
      hubs.push(hub)
      return hub
    },
    makePeace() {
      faults.cease()
      yard.isDown = false
      for (const id of yard.services.keys()) yard.tell(id)
    },
    async close() {
      while (hubs[0]) hubs[0].kill()
      for (const end of remains) end()
      await scheduler.settle()
      await api.close()
    },
  }
  function gone(hub: Process): void {
    const index = hubs.findIndex((each) => each === hub)
    if (index >= 0) hubs.splice(index, 1)
  }
  await scheduler.settle()
  return world
}

/** A write of somebody else that changes nothing but the version. */
async function touch(
  admin: Client,
  count: number,
  { group, version, resource, namespace, name }: Target,
): Promise<void> {
  if (name === undefined) return
  const target = { group, version, resource, name, ...(namespace !== undefined && { namespace }) }
  const body = { metadata: { annotations: { 'example.com/touched': String(count) } } }
  const patchType = 'application/merge-patch+json'
  await admin.transport.call({ verb: 'patch', target, patchType, body }).catch(() => undefined)
}

interface HubParts {
  readonly name: string
  readonly elected: boolean
  readonly api: Api
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly yard: Yard
  readonly log: Log
  readonly dice: Dice
  readonly overtake: (target: Target) => Promise<void>
  readonly gone: (hub: Process) => void
  readonly remains: (() => void)[]
}

function runHub(parts: HubParts): Hub {
  const { name, elected, api, scheduler, faults, yard, dice, overtake, gone, remains } = parts
  const clock = processClock(scheduler.clock)
  const log = parts.log.with({ process: name })
  let isDead = false

  const hub: Hub = {
    name,
    get isDead() {
      return isDead
    },
    kill() {
      if (isDead) return
      scheduler.note(`kill ${name}`)
      isDead = true
      clock.stop()
      for (const action of scheduler.parkedOf(hub)) scheduler.withdraw(action)
      gone(hub)
    },
    async stop() {
      scheduler.note(`stop ${name}`)
      await manager.stop()
      hub.kill()
    },
  }
  const transport = (user: User): Transport => {
    const inner = inProcessTransport(api, user, scheduler.clock)
    return wireTransport({ inner, scheduler, process: hub, chances: faults.wire, overtake })
  }
  const client = createClient(transport(hubUser))
  const election = elected
    ? createElection({ client, clock, log, lease: LEASE, identity: name, leaseMs: LEASE_MS, retryMs: RETRY_MS })
    : undefined
  if (election) remains.push(() => void election.stop())
  const manager = createManager({
    client,
    clock,
    log,
    random: dice.random,
    instance: name,
    ...(election && { election }),
  })
  const drivers = new Map([yard.driverFor(hub), poolDriver({ clock })].map((driver) => [driver.name, driver]))
  const transportOf = (account: { namespace: string; name: string }) => transport(accountUser(account))
  for (const controller of hubControllers({ client, drivers, clock, log, transportOf, random: dice.random }))
    manager.add(controller)
  manager.start()
  return hub
}
