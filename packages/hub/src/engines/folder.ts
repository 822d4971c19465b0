import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where installed engines are, shared by all data folders: `LARDER_ENGINES`, else in the cache of the home folder. */
export function defaultEnginesDir(environment: NodeJS.ProcessEnv = process.env): string {
  const given = environment['LARDER_ENGINES']
  return given ? resolve(given) : join(homedir(), '.cache', 'larder', 'engines')
}

/** `engine.json` in the folder of an installed engine. */
export interface InstalledEngine {
  name: string
  version: string
  /** Relative to the folder. */
  command: string
  /** Relative to the folder: what must stay together for the command to work, when it is more than one file. */
  tree?: string
}
