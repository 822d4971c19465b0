/**
 * Which process a number means. Numbers are reused, so a process is known by its pid and the moment it started;
 * without that, a hub that comes back could adopt, or kill, a stranger.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'

export interface Identity {
  pid: number
  /** Opaque: equal for as long as it is the same process. */
  started: string
}

/** The process that has this pid now; undefined when there is none, or when it is dead and only waits for its parent. */
export function identify(pid: number): Identity | undefined {
  const stat = readStat(pid)
  if (stat === 'no procfs') return identifyByPs(pid)
  if (stat === undefined) return undefined
  const parsed = parseStat(stat)
  return parsed.dead ? undefined : { pid, started: `${bootId()} ${parsed.startTicks}` }
}

export function isAlive(identity: Identity): boolean {
  return identify(identity.pid)?.started === identity.started
}

/** Where the process works; undefined where the system does not tell. */
export function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}

/** `boot` and `line` as launch.ts records them: the boot id and /proc/PID/stat, or nothing and `ps -o lstart=`. */
export function recordedIdentity(pid: number, boot: string, line: string): Identity {
  return { pid, started: boot === '' ? line.trim() : `${boot} ${parseStat(line).startTicks}` }
}

function parseStat(stat: string): { dead: boolean; startTicks: string } {
  // The second field is the command in parentheses, which may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { dead: fields[0] === 'Z' || fields[0] === 'X', startTicks: fields[19] ?? '' }
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return hasProcfs() ? undefined : 'no procfs'
  }
}

function hasProcfs(): boolean {
  try {
    readFileSync('/proc/self/stat')
    return true
  } catch {
    return false
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function identifyByPs(pid: number): Identity | undefined {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return started === '' ? undefined : { pid, started }
  } catch {
    return undefined
  }
}
