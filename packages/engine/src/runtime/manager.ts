/**
 * Starts and stops the controllers of a program, over one set of informers. With an election they run only while this process
 * leads: several processes then share one API, and one of them works.
 */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { createInformers, type Informers, type Keeper } from '../client/informers.ts'
import type { Controller } from './controller.ts'
import type { Election } from './election.ts'
import { fencedClient } from './fence.ts'
import { createLeisure } from './leisure.ts'
import { noMetrics, type RuntimeMetrics } from './metrics.ts'
import { runController, type RunningController } from './run-controller.ts'

export interface Manager {
  readonly informers: Informers
  /** Before or after `start`. */
  add(controller: Controller): void
  start(): void
  /**
   * Resolves when the caches of all controllers are filled and their workers run, with an election when this process leads. Waits for
   * as long as that takes, or until `stop`.
   */
  ready(): Promise<void>
  /** Lets running passes finish for `graceMs` (10 s unless told), then aborts them. After it resolves no pass can write. */
  stop(graceMs?: number): Promise<void>
}

export interface ManagerOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** In [0, 1), for jitter. */
  readonly random?: () => number
  readonly metrics?: RuntimeMetrics
  /** Tells replicas apart in events. */
  readonly instance?: string
  /** Of the copies that controllers read. */
  readonly keeper?: Keeper
  /** Started and stopped by the manager. Controllers write through `client` while it says that this process leads, and never else. */
  readonly election?: Election
}

const GRACE_MS = 10_000

export function createManager(options: ManagerOptions): Manager {
  const { clock, log, random = Math.random, metrics = noMetrics, instance = 'larder', election, keeper } = options
  const client = election ? fencedClient(options.client, () => election.isLeader) : options.client
  const informers = createInformers(client, { clock, log, random, keeper })
  const environment = { client, informers, clock, log, random, metrics, instance }
  const controllers = new Map<string, Controller>()
  const running: RunningController[] = []
  let leisure = createLeisure(clock)
  let state: 'new' | 'waiting' | 'working' | 'stopping' = 'new'
  let setAtWork!: () => void
  const atWork = new Promise<void>((resolve) => (setAtWork = resolve))

  function run(controller: Controller): void {
    running.push(runController(controller, { ...environment, leisure }))
  }

  function work(): void {
    if (state === 'stopping') return
    state = 'working'
    // Passes that an earlier lead left behind would count as at work for ever.
    leisure = createLeisure(clock)
    for (const controller of controllers.values()) run(controller)
    setAtWork()
  }

  async function rest(graceMs: number): Promise<void> {
    await Promise.all(running.splice(0).map((controller) => controller.stop(graceMs)))
  }

  async function lost(): Promise<void> {
    if (state !== 'stopping') state = 'waiting'
    await rest(0)
  }

  return {
    informers,
    add(controller) {
      if (controllers.has(controller.name)) throw new TypeError(`two controllers are named ${controller.name}`)
      controllers.set(controller.name, controller)
      if (state === 'working') run(controller)
    },
    start() {
      if (state !== 'new') return
      state = 'waiting'
      if (election) election.start({ elected: work, lost })
      else work()
      informers.start()
    },
    async ready() {
      await atWork
      await Promise.all(running.map((controller) => controller.ready))
    },
    async stop(graceMs = GRACE_MS) {
      state = 'stopping'
      setAtWork()
      // The lease is kept until the last pass has ended, and only then given to whoever waits.
      await rest(graceMs)
      await election?.stop()
      await informers.stop()
    },
  }
}
