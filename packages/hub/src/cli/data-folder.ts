/**
 * What stands where in a data folder, and who runs on it.
 *
 * `run.json` is written when a hub starts and removed when it stops. A hub that was killed leaves it behind: the pid and
 * its start time tell a live hub from a stranger that got the same pid.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { OptionValues } from './command.ts'

export interface DataFolder {
  readonly dir: string
  readonly kubeconfig: string
  /** The running hub. */
  readonly run: string
  /** Ports that this folder keeps. */
  readonly ports: string
  readonly log: string
}

export interface RunRecord {
  readonly pid: number
  /** Start time of the process in clock ticks, from /proc; absent where there is none. */
  readonly startTicks?: string
  readonly version: string
  readonly api: string
  readonly http: string
}

export function dataFolder(options: Pick<OptionValues, 'data'>, cwd: string): DataFolder {
  const dir = resolve(cwd, options.data ?? '.larder')
  return {
    dir,
    kubeconfig: join(dir, 'kubeconfig'),
    run: join(dir, 'run.json'),
    ports: join(dir, 'ports.json'),
    log: join(dir, 'log', 'hub.log'),
  }
}

/** The hub that runs on this folder now, if one does. */
export function runningHub(folder: DataFolder): RunRecord | undefined {
  let text: string
  try {
    text = readFileSync(folder.run, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const record = JSON.parse(text) as RunRecord
  return isAlive(record) ? record : undefined
}

function isAlive(record: RunRecord): boolean {
  try {
    process.kill(record.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return record.startTicks === undefined || record.startTicks === startTicks(record.pid)
}

/** Field 22 of /proc/PID/stat, counted behind the command name, which may hold spaces and brackets. Undefined for a zombie and where there is no /proc. */
export function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
