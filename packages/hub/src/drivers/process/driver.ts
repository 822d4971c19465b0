/**
 * Real engines as processes of this machine.
 *
 * An engine is data: the recipe of a Class says which program, with which files and arguments, how to tell that it
 * answers and how it makes a user (recipe.ts). This folder knows no engine by name.
 *
 * Example: for an Instance the hub calls `create`; the driver writes `DIR/services/ID`, starts the program there under
 * an unprivileged account and returns at once. `observe` says `changing` until it answers. The process belongs to the
 * data folder, not to the hub: a hub that is killed leaves it running, and the next one adopts it (launch.ts).
 *
 * Rejected: containers (most laptops and CI machines would need one more thing to install) and one driver for each
 * engine (the tenth would repeat the supervision of the first).
 */
import type { Clock, Driver, Log } from '@larder/kit'
import type { Account } from './account.ts'
import type { EngineFinder } from './engine.ts'
import { RECIPE_SCHEMA } from './recipe.ts'
import { processSession } from './session.ts'
import { Supervisor } from './supervisor.ts'

export interface ProcessDriverOptions {
  /** Services live in `services/` of it. */
  dataDir: string
  engines: EngineFinder
  clock: Clock
  log?: Log
  /** Under which engines run; by default `nobody` when the hub is root, else as the hub. */
  account?: Account
}

export interface ProcessDriver extends Driver {
  /** Takes up what is in the data folder; `connect` does it too. */
  resume(): Promise<void>
  /** Stops every process and keeps the data; nothing is started afterwards. */
  close(): Promise<void>
  /** Lets every process run for whoever takes them up next; nothing is started afterwards. */
  leave(): Promise<void>
}

const SILENT: Log = { debug() {}, info() {}, warn() {} }

export function processDriver(options: ProcessDriverOptions): ProcessDriver {
  const log = options.log ?? SILENT
  const supervisor = new Supervisor({ ...options, log })
  return {
    name: 'process',
    configSchema: { type: 'object', properties: {} },
    recipeSchema: RECIPE_SCHEMA,
    traits: () => ({ credentials: 'per-binding', provisions: true, observes: 'truth' }),
    connect() {
      // Verbs wait for it and meet its error; here only nobody is left to.
      supervisor.resume().catch((error: unknown) => log.warn('services could not be taken up', { why: String(error) }))
      return processSession(supervisor)
    },
    resume: () => supervisor.resume(),
    close: () => supervisor.close(),
    leave: () => supervisor.leave(),
  }
}
