/** The hub proper: its controllers over its drivers, under its own rights. */
import { createManager, type Manager, type ManagerOptions } from '@larder/engine/runtime/manager'
import { hubControllers, type HubOptions } from '../controllers/hub.ts'

export type ControllerStart = ManagerOptions & Pick<HubOptions, 'drivers' | 'transportOf' | 'signal' | 'desk'>

/** Returns before the caches are filled: see `Manager.ready`. */
export function startControllers(start: ControllerStart): Manager {
  const { drivers, transportOf, signal, desk, ...options } = start
  const { client, clock, log } = options
  const manager = createManager(options)
  desk?.follow(manager.informers)
  for (const controller of hubControllers({ client, drivers, clock, log, transportOf, ...(signal && { signal }), ...(desk && { desk }) }))
    manager.add(controller)
  manager.start()
  return manager
}
