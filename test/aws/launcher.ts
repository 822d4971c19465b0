/** Runs moto with what launcher/ adds to it, as a process that ends with this one. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { must, run } from '../testing/processes.ts'

const LAUNCHER = join(import.meta.dirname, 'launcher')

export interface Moto {
  readonly port: number
  /** What it printed last, tracebacks of operations that failed inside moto for instance. */
  log(): string
  stop(): Promise<void>
}

export async function startMoto(): Promise<Moto> {
  // Made by `npm test` already; who runs one test file alone waits here the first time, and never longer than another who makes it.
  const installed = await must('install.py', run('python3', [join(LAUNCHER, 'install.py')], { timeoutMs: 300_000 }))
  const child = spawn(installed.trim(), [join(LAUNCHER, 'main.py')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // The images that moto knows cost a second, and nobody here starts machines.
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', MOTO_EC2_LOAD_DEFAULT_AMIS: 'false' },
  })
  // The pipe is there to be closed: moto ends with it, and may have ended before.
  child.stdin.on('error', () => {})
  const lines: string[] = []
  createInterface(child.stderr).on('line', (line) => {
    lines.push(line)
    if (lines.length > 200) lines.shift()
  })
  const log = (): string => lines.join('\n')
  const port = await readyPort(child, log)
  return { port, log, stop: () => stop(child, log) }
}

function readyPort(child: ChildProcess, log: () => string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { stdout } = child
    if (stdout === null) throw new Error('moto was started without a pipe')
    createInterface(stdout).once('line', (line) => resolve(Number(line)))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`moto ended with ${code} before it listened\n${log()}`)))
  })
}

async function stop(child: ChildProcess, log: () => string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`moto had ended by itself, with ${child.exitCode ?? child.signalCode}\n${log()}`)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.stdin?.end()
  await ended
}
