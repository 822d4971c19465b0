/** The hub proper: its controllers over its drivers, under its own rights. */
import { createManager, type Manager, type ManagerOptions } from '@larder/engine/runtime/manager'
import { randomBytes } from 'node:crypto'
import { hubControllers, type HubOptions } from '../controllers/hub.ts'
import type { Door } from '../door.ts'
import type { HubMetrics } from './metrics.ts'
import type { Traces } from './otlp.ts'

export type ControllerStart = Omit<ManagerOptions, 'metrics'> &
  Pick<HubOptions, 'drivers' | 'transportOf' | 'signal' | 'desk'> & {
    readonly metrics: HubMetrics
    readonly traces?: Traces | undefined
    readonly doors?: readonly Door[]
  }

/** Returns before the caches are filled: see `Manager.ready`. */
export function startControllers(start: ControllerStart): Manager {
  const { drivers, transportOf, signal, desk, metrics, traces, doors = [], ...options } = start
  const { client, clock, log } = options
  const manager = createManager({
    ...options,
    metrics: traces ? traces.follow(metrics.controllers, client) : metrics.controllers,
  })
  metrics.follow(manager.informers)
  desk?.follow(manager.informers)
  for (const controller of hubControllers({
    client,
    drivers,
    clock,
    log,
    transportOf,
    observer: traces ? traces.observe(metrics.calls) : metrics.calls,
    ...(signal && { signal }),
    ...(desk && { desk }),
  }))
    manager.add(controller)
  const context = { client, clock, log, randomBytes, transportOf }
  for (const door of doors) for (const controller of door.controllers(context)) manager.add(controller)
  manager.start()
  return manager
}
