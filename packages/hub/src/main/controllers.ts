/** The hub proper: its controllers over its drivers, under its own rights. */
import { createManager, type Manager, type ManagerOptions } from '@larder/engine/runtime/manager'
import { randomBytes } from 'node:crypto'
import { hubControllers, type HubOptions } from '../controllers/hub.ts'
import { errorChain } from '@larder/engine/base/log'
import type { Door, DoorAdmission, DoorContext } from '../door.ts'
import type { HubMetrics } from './metrics.ts'
import type { Traces } from './otlp.ts'

export type ControllerStart = Omit<ManagerOptions, 'metrics'> &
  Pick<HubOptions, 'drivers' | 'transportOf' | 'signal' | 'desk'> & {
    readonly metrics: HubMetrics
    readonly traces?: Traces | undefined
    readonly doors?: readonly Door[]
    /** Has the API ask what doors add to objects; absent on a cluster, whose API asks nobody here. */
    readonly admit?: ((door: string, admission: DoorAdmission) => void) | undefined
  }

/** Returns before the caches are filled, see `Manager.ready`, and does not wait for doors. */
export function startControllers(start: ControllerStart): Manager {
  const { drivers, transportOf, signal, desk, metrics, traces, doors = [], admit, ...options } = start
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
  manager.start()
  void serveDoors(
    { doors, admit, manager },
    {
      client,
      clock,
      log,
      isEmbedded: admit !== undefined,
      randomBytes,
      transportOf,
    },
  )
  return manager
}

interface Serving extends Pick<ControllerStart, 'admit'> {
  readonly doors: readonly Door[]
  readonly manager: Manager
}

/**
 * Once the hub itself is at work: a start must not wait for what newcomers do not use. What a door cannot load is told, and the hub is there
 * without it.
 */
async function serveDoors({ doors, admit, manager }: Serving, context: DoorContext): Promise<void> {
  if (doors.length > 0) await manager.ready()
  for (const door of doors) {
    try {
      for (const controller of await door.controllers(context)) manager.add(controller)
      if (admit && door.admission) admit(door.name, await door.admission({ ...context, informers: manager.informers }))
    } catch (error) {
      context.log.error('cannot serve a door', { door: door.name, error: errorChain(error) })
    }
  }
}
