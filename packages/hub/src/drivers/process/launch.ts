/**
 * Starts the one process that may have a data folder.
 *
 * The shell that becomes the engine first writes its own pid and start time into `run/process`, a file that it must
 * create: then it is replaced by the engine, which keeps the pid. So the record is there before the engine is, whatever
 * happens to the hub in between, and of two that try at once one gives up (status 75) before it touches any data.
 * Rejected: writing the record from the hub after the spawn, since a hub killed between the two leaves an engine that
 * nobody knows, and the next start a second one on the same folder.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile, realpath, rm } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from './account.ts'
import { identify, isAlive, recordedIdentity, workingFolder } from './identity.ts'
import type { Identity } from './identity.ts'

const RECORD = 'run/process'
const WORK = 'data'
/** Another process has the record. */
const TAKEN = 75

const BECOME_ENGINE = `
set -C; umask 077
if [ -r /proc/$$/stat ]; then
  read -r boot < /proc/sys/kernel/random/boot_id; read -r line < /proc/$$/stat
else
  boot=; line=$(ps -o lstart= -p $$)
fi
{ printf '%s\\n%s\\n%s\\nend\\n' "$$" "$boot" "$line" > "$0"; } 2>/dev/null || exit ${TAKEN}
exec "$@"`

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export const exitInWords = ({ code, signal }: Exit): string =>
  signal ? `signal ${signal}` : code === null ? 'an unknown status' : `status ${code}`

export interface EngineProcess extends Identity {
  adopted: boolean
  ended: Promise<Exit>
}

export interface LaunchOptions {
  folder: string
  command: string
  arguments: readonly string[]
  environment: Readonly<Record<string, string>>
  account: Account | undefined
  nice: number | undefined
  /** A file for its standard input, opened by the hub: the engine's account need not get there. */
  input: string | undefined
}

export async function launch(options: LaunchOptions): Promise<EngineProcess> {
  const work = join(options.folder, WORK)
  await clearDeadRecord(options.folder, options.account)
  // Append: see output.ts.
  const output = openSync(join(options.folder, 'log/output.log'), 'a', 0o600)
  const input = openSync(options.input ?? '/dev/null', 'r')
  try {
    const script = [BECOME_ENGINE, relative(work, join(options.folder, RECORD)), options.command, ...options.arguments]
    const child = spawn('/bin/sh', ['-c', ...script], {
      // Relative to its own folder an engine gets along under a parent that its account may not pass.
      cwd: work,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C', ...options.environment },
      stdio: [input, output, output],
      // Its own process group: neither Ctrl-C at the hub's terminal nor the hub's death reaches it.
      detached: true,
      ...(options.account ? { uid: options.account.uid, gid: options.account.gid } : {}),
    })
    const ended = new Promise<Exit>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    child.unref()
    if (child.pid === undefined) {
      await ended
      throw new Error('no process')
    }
    if (options.nice !== undefined) lower(child.pid, options.nice)
    return { pid: child.pid, started: identify(child.pid)?.started ?? '', adopted: false, ended }
  } finally {
    closeSync(output)
    closeSync(input)
  }
}

function lower(pid: number, nice: number): void {
  try {
    setPriority(pid, nice)
  } catch (error) {
    // It ended already, which `ended` tells better.
    if (identify(pid)) throw error
  }
}

/**
 * The process that has the folder now, if it lives and is ours beyond doubt: same pid, same start, working in this very
 * folder or, as engines do that move into their own, below it (where the system tells), under the engine's account.
 */
export async function recordedProcess(folder: string, account: Account | undefined): Promise<Identity | undefined> {
  const identity = await readRecord(folder)
  if (!identity || !isAlive(identity)) return undefined
  const work = workingFolder(identity.pid)
  if (work !== undefined && !isWithin(work, await realpath(join(folder, WORK)))) return undefined
  return account && !(await runsAs(identity.pid, account)) ? undefined : identity
}

/**
 * Removes a record only when there is one and its process is dead or a stranger: as long as the file is there nobody else can create
 * it, so a start that another hub had under way is never robbed of its record.
 */
async function clearDeadRecord(folder: string, account: Account | undefined): Promise<void> {
  const path = join(folder, RECORD)
  const there = await readFile(path, 'utf8').then(
    () => true,
    () => false,
  )
  if (!there) return
  if (!(await recordedProcess(folder, account))) await rm(path, { force: true })
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

/** Throws when there is a record and it cannot be read: taken for none, the engine would be started a second time. */
async function readRecord(folder: string): Promise<Identity | undefined> {
  // A record without its end is being written at this moment, or its writer died in the middle.
  for (let attempt = 0; attempt < 10; attempt++) {
    const text = await readFile(join(folder, RECORD), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined) return undefined
    const [pid, boot, line, end] = text.split('\n')
    if (end === 'end') return recordedIdentity(Number(pid), boot ?? '', line ?? '')
    await sleep(20)
  }
  return undefined
}

async function runsAs(pid: number, account: Account): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined)
  return status === undefined || new RegExp(`^Uid:\\s+${account.uid}\\s`, 'm').test(status)
}

/** Takes a running process as if this hub had started it. Its end is noticed by looking, since it is nobody's child. */
export function adopt(identity: Identity): EngineProcess {
  const ended = new Promise<Exit>((resolve) => {
    const timer = setInterval(() => {
      if (isAlive(identity)) return
      clearInterval(timer)
      resolve({ code: null, signal: null })
    }, 50)
    timer.unref()
  })
  return { ...identity, adopted: true, ended }
}

/** The polite signal, then, when it has not ended in time, SIGKILL. Returns when it is gone. */
export async function stopProcess(identity: Identity, options: { signal: string; withinMs: number }): Promise<void> {
  const started = performance.now()
  let killed = false
  send(identity, options.signal)
  for (let waitMs = 2; isAlive(identity); waitMs = Math.min(waitMs * 2, 25)) {
    if (!killed && performance.now() - started > options.withinMs) {
      killed = true
      send(identity, 'SIGKILL')
    }
    await sleep(waitMs)
  }
}

export function send(identity: Identity, signal: string): void {
  if (!(signal in constants.signals)) throw new Error(`${signal} is not a signal of this system`)
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if (isAlive(identity)) throw error
  }
}
