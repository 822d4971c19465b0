/** Starts and stops the controllers of a program, over one set of informers. */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { createInformers, type Informers } from '../client/informer.ts'
import type { Controller } from './controller.ts'
import { noMetrics, type RuntimeMetrics } from './metrics.ts'
import { runController, type RunningController } from './run-controller.ts'

export interface Manager {
  readonly informers: Informers
  /** Before or after `start`. */
  add(controller: Controller): void
  start(): void
  /** Resolves when the caches of all controllers are filled and their workers run. Waits for as long as that takes. */
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
}

const GRACE_MS = 10_000

export function createManager(options: ManagerOptions): Manager {
  const { client, clock, log, random = Math.random, metrics = noMetrics, instance = 'larder' } = options
  const informers = createInformers(client, { clock, log, random })
  const environment = { client, informers, clock, log, random, metrics, instance }
  const controllers = new Map<string, Controller>()
  const running: RunningController[] = []
  let started = false

  function run(controller: Controller): void {
    running.push(runController(controller, environment))
  }

  return {
    informers,
    add(controller) {
      if (controllers.has(controller.name)) throw new TypeError(`two controllers are named ${controller.name}`)
      controllers.set(controller.name, controller)
      if (started) run(controller)
    },
    start() {
      if (started) return
      started = true
      for (const controller of controllers.values()) run(controller)
      informers.start()
    },
    async ready() {
      await Promise.all(running.map((controller) => controller.ready))
    },
    async stop(graceMs = GRACE_MS) {
      await Promise.all(running.map((controller) => controller.stop(graceMs)))
      await informers.stop()
    },
  }
}
