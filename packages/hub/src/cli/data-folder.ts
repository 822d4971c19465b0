/**
 * What stands where in a data folder, and who runs on it.
 *
 * `run.json` is written when a hub starts and removed when it stops. A hub that was killed leaves it behind: the pid and
 * its start time tell a live hub from a stranger that got the same pid.
 */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { OptionValues } from './command.ts'
import { CommandFailed, EXIT } from './failure.ts'

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

/**
 * Others may pass through but not look in: an engine that runs as an unprivileged account must reach its own folder below. A folder
 * that was there keeps its mode: `--data .` must not change who may read somebody's project.
 */
export function makeDataFolder(dir: string): void {
  const made = mkdirSync(dir, { recursive: true, mode: 0o711 })
  // The umask may have taken from the mode of what was made.
  if (made !== undefined) chmodSync(dir, 0o711)
}

/** The hub that runs on this folder now, if one does. */
export function runningHub(folder: DataFolder): RunRecord | undefined {
  let text: string
  try {
    text = readFileSync(folder.run, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw asFolderTrouble(error, folder)
  }
  const record = JSON.parse(text) as RunRecord
  return isAlive(record) ? record : undefined
}

const TROUBLES: Readonly<Record<string, { readonly why: string; readonly next: string }>> = {
  EACCES: {
    why: 'this account may not',
    next: 'choose another folder with --data DIR, or give this account the right',
  },
  EPERM: { why: 'this account may not', next: 'choose another folder with --data DIR, or give this account the right' },
  EROFS: { why: 'the file system is read-only', next: 'choose another folder with --data DIR' },
  ENOTDIR: { why: 'a part of that path is a file', next: 'choose another folder with --data DIR' },
  EEXIST: { why: 'a file stands where a folder belongs', next: 'choose another folder with --data DIR' },
  ENOSPC: { why: 'the disk is full', next: 'free some space, or choose another folder with --data DIR' },
  EDQUOT: { why: 'the disk quota is used up', next: 'free some space, or choose another folder with --data DIR' },
}

/** An error of the file system below the data folder, in words for whoever named the folder. Any other error stays itself. */
export function asFolderTrouble(error: unknown, folder: DataFolder): unknown {
  const { code = '', path, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  const trouble = TROUBLES[code]
  if (!trouble || !path?.startsWith(folder.dir)) return error
  return new CommandFailed(EXIT.failed, `cannot use the data folder ${folder.dir}`, {
    why: `${syscall} ${path}: ${trouble.why} (${code})`,
    next: trouble.next,
    cause: error,
  })
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
