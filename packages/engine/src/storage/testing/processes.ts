import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export interface WriterSettings {
  /** Writes in a round. */
  readonly size: number
  readonly rounds?: number
  readonly first?: number
  readonly historyLimit?: number
  readonly build?: string
}

const running = new Set<ChildProcess>()

/** For `afterEach`: a test that failed has not waited for its children, and they hold folders and mounts. */
export async function endStragglers(): Promise<void> {
  const children = [...running]
  const closed = Promise.all(children.map((child) => once(child, 'close')))
  for (const { pid } of children) killGroup(pid!)
  await closed
}

/** strace leaves what it traces running when it is killed, so the two are a group. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // All of it has ended; only its last lines are still on their way.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A child that prints lines (see writer.mjs). */
export class Talker {
  readonly child: ChildProcess
  readonly lines: string[] = []
  readonly errors: string[] = []
  #onLine = () => {}
  /** When it is gone and all its lines are here. */
  readonly ended: Promise<unknown>

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    if (this.child.pid !== undefined) running.add(this.child)
    this.child.once('close', () => running.delete(this.child))
    readLines(this.child.stdout!, (line) => {
      this.lines.push(line)
      this.#onLine()
    })
    readLines(this.child.stderr!, (line) => this.errors.push(line))
    this.ended = once(this.child, 'close')
    // Awaited by whoever waits for a line or the end; without one it must not count as unhandled.
    this.ended.catch(() => {})
  }

  get pid(): number {
    return this.child.pid!
  }

  /** Rejects when the process ends before the condition holds. */
  async until(condition: (lines: readonly string[]) => boolean): Promise<void> {
    const holds = new Promise<void>((resolve) => {
      this.#onLine = () => {
        if (condition(this.lines)) resolve()
      }
      this.#onLine()
    })
    const early = this.ended.then(() => {
      if (condition(this.lines)) return
      throw new Error(`the process ended early: ${[...this.lines.slice(-3), ...this.errors].join('\n')}`)
    })
    await Promise.race([holds, early])
  }

  /** Resolves when it is gone and all its lines are here. */
  async end(signal?: NodeJS.Signals): Promise<void> {
    if (signal) this.child.kill(signal)
    else this.child.stdin!.end()
    await this.ended
  }
}

/** Whole lines only: the last one of a killed process may be cut, and then says something else. */
function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) onLine(line)
  })
}

export function script(name: 'writer.mjs' | 'filler.mjs' | 'crowd.mjs'): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

export function startWriter(dir: string, settings: WriterSettings): Talker {
  return new Talker(process.execPath, [script('writer.mjs'), dir, JSON.stringify(settings)])
}

/** Starts a script of ours under strace, which writes what it sees to `output`. */
export async function startTraced(output: string, flags: readonly string[], args: readonly string[]): Promise<Talker> {
  const talker = new Talker('strace', ['-f', '-y', '-o', output, ...flags, process.execPath, ...args])
  await new Promise<void>((resolve, reject) => {
    talker.child.once('spawn', resolve)
    talker.child.once('error', (cause) => {
      reject(new Error('strace cannot be started; install it (`apt-get install strace`)', { cause }))
    })
  })
  return talker
}
