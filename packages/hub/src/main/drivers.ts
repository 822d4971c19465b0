/** The drivers of a hub, by the names that Backends use. */
import type { Clock } from '@larder/engine/base/clock'
import type { Log } from '@larder/engine/base/log'
import { awsDrivers } from '@larder/driver-aws'
import type { Driver } from '@larder/kit'
import { compositionDriver } from '../drivers/composition/driver.ts'
import { noopDriver } from '../drivers/noop/driver.ts'
import { poolDriver } from '../drivers/pool/driver.ts'
import { processDriver } from '../drivers/process/driver.ts'
import { engineFinder } from '../engines/find.ts'

export interface HubDrivers {
  readonly byName: ReadonlyMap<string, Driver>
  /** Stops what they run on this machine; data stay. */
  close(): Promise<void>
  /** Lets all that run on: another hub may have taken it up. */
  leave(): Promise<void>
}

export interface HubDriversOptions {
  /** Where services of driver `process` live; without it there is no such driver. */
  readonly dataDir: string | undefined
  readonly clock: Clock
  readonly log: Log
}

export function hubDrivers({ dataDir, clock, log }: HubDriversOptions): HubDrivers {
  const drivers: Driver[] = [noopDriver(), poolDriver(), compositionDriver(), ...awsDrivers()]
  const named = () => new Map(drivers.map((driver) => [driver.name, driver]))
  if (dataDir === undefined) return { byName: named(), close: () => Promise.resolve(), leave: () => Promise.resolve() }
  const processes = processDriver({ dataDir, clock, engines: engineFinder(), log })
  // Not left to the first Backend that is looked at: one that is missing or not Ready must not keep its services down.
  processes.resume().catch((error: unknown) => log.error('services could not be taken up', {}, error))
  drivers.push(processes)
  return { byName: named(), close: () => processes.close(), leave: () => processes.leave() }
}
