/** `larder up`: in the foreground until a signal, or with `--detach` in a process of its own. */
import { fork } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { OptionValues, Run } from '../../cli/command.ts'
import { asFolderTrouble, dataFolder, makeDataFolder, runningHub, type DataFolder } from '../../cli/data-folder.ts'
import { CommandFailed, EXIT, type ExitCode } from '../../cli/failure.ts'
import { elapsed, failureText, paint, type Terminal } from '../../cli/terminal.ts'
import { doorNames } from '../doors.ts'
import { waitForSamples } from '../settled.ts'
import { runDemo } from '../demo.ts'
import { larderVersion } from '../version.ts'

/** What the process in the background tells the one that started it. */
type Message =
  | { readonly type: 'ready' }
  | {
      readonly type: 'failed'
      readonly code: ExitCode
      readonly message: string
      readonly why?: string
      readonly next?: string
    }

export const run: Run = async (invocation, terminal) => {
  const options = withoutHub(invocation.options)
  const folder = dataFolder(options, terminal.cwd)
  doorNames(options, 'all')
  const other = runningHub(folder)
  if (other) {
    throw new CommandFailed(EXIT.conflict, `a hub runs on ${folder.dir} already`, {
      why: `process ${other.pid} holds it`,
      next: `larder down --data ${folder.dir}`,
    })
  }
  if (process.send) return inBackground(options, folder, terminal)
  if (options.detach) return detach(options, folder, terminal)
  return inForeground(options, folder, terminal)
}

/** With `--api-only` there is nothing to claim and nothing to wait for. It wins over `--demo`, which `npm start` always gives. */
function withoutHub(options: OptionValues): OptionValues {
  return options['api-only'] ? { ...options, samples: false, wait: false, demo: false } : options
}

async function inForeground(options: OptionValues, folder: DataFolder, terminal: Terminal): Promise<void> {
  const startedAt = terminal.now()
  terminal.note(`larder ${larderVersion()}  data ${folder.dir}  (nothing outside this folder is changed)\n`)
  const { startHub } = await import('../start.ts')
  const hub = await startHub(options, folder, (name, detail) => {
    terminal.note(
      `  ${elapsed(terminal.now() - startedAt).padStart(6)} ${paint('✔', 'green', terminal)}  ${name.padEnd(16)} ${detail}\n`,
    )
  })
  try {
    await showItsUse(options, folder, terminal)
    terminal.note(`Stop     Ctrl-C   Status  larder status   Remove  larder down --delete-data\n`)
    await new Promise<void>((resolve) => {
      if (terminal.signal.aborted) resolve()
      terminal.signal.addEventListener('abort', () => resolve())
    })
  } finally {
    await hub.stop()
  }
}

/** A failing demo or sample is told and leaves the hub up: it is there to be looked into. */
async function showItsUse(options: OptionValues, folder: DataFolder, terminal: Terminal): Promise<void> {
  try {
    if (options.wait) await waitForSamples(folder, terminal)
    await addresses(folder, terminal)
    if (options.demo) await runDemo(folder, terminal)
  } catch (error) {
    if (terminal.signal.aborted) return
    if (!(error instanceof CommandFailed)) throw error
    terminal.note(failureText(error, terminal))
  }
}

async function addresses(folder: DataFolder, terminal: Terminal): Promise<void> {
  const hub = runningHub(folder)
  terminal.out(`Kubernetes API  ${hub?.api}\nHTTP            ${hub?.http}\nKubeconfig      ${folder.kubeconfig}\n`)
}

/** Starts this command again in a process that outlives us, and waits for its word. */
async function detach(options: OptionValues, folder: DataFolder, terminal: Terminal): Promise<void> {
  const log = openLog(folder)
  const child = fork(process.argv[1]!, backgroundArguments(options, folder), {
    detached: true,
    cwd: '/',
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  const message = await new Promise<Message>((resolve, reject) => {
    child.once('message', (m) => resolve(m as Message))
    child.once('error', reject)
    child.once('exit', (code) =>
      resolve({
        type: 'failed',
        code: EXIT.failed,
        message: `the hub ended with ${code} at start`,
        next: `see ${folder.log}`,
      }),
    )
    terminal.signal.addEventListener('abort', () => child.kill('SIGTERM'))
  })
  child.removeAllListeners()
  if (child.connected) child.disconnect()
  child.unref()
  if (message.type === 'failed') throw new CommandFailed(message.code, message.message, message)
  if (options.wait) await waitForSamples(folder, terminal)
  await addresses(folder, terminal)
  if (options.demo) await runDemo(folder, terminal)
}

/** For what the process says before it has a log of its own. */
function openLog(folder: DataFolder): number {
  try {
    makeDataFolder(folder.dir)
    mkdirSync(dirname(folder.log), { recursive: true, mode: 0o700 })
    return openSync(folder.log, 'a', 0o600)
  } catch (error) {
    throw asFolderTrouble(error, folder)
  }
}

function backgroundArguments(options: OptionValues, folder: DataFolder): string[] {
  const passed = (['port', 'api-port', 'doors'] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name}`, options[name]],
  )
  const switches = [
    ...(options.samples === false ? ['--no-samples'] : []),
    ...(options['api-only'] ? ['--api-only'] : []),
  ]
  return ['up', '--data', folder.dir, ...passed, ...switches]
}

async function inBackground(options: OptionValues, folder: DataFolder, terminal: Terminal): Promise<void> {
  const { startHub } = await import('../start.ts')
  let hub
  try {
    hub = await startHub(options, folder, () => {})
  } catch (error) {
    const failed = error instanceof CommandFailed ? error : new CommandFailed(EXIT.failed, String(error))
    const { code, message, why, next } = failed
    await tell({
      type: 'failed',
      code,
      message,
      ...(why !== undefined && { why }),
      ...(next !== undefined && { next }),
    })
    throw error
  }
  // The one who started us may have been interrupted; then nobody listens, and the hub runs all the same.
  await tell({ type: 'ready' })
  if (process.connected) process.disconnect()
  await new Promise<void>((resolve) => {
    if (terminal.signal.aborted) resolve()
    terminal.signal.addEventListener('abort', () => resolve())
  })
  await hub.stop()
}

function tell(message: Message): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()))
}
