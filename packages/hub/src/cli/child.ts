/** A program that runs in our place: its terminal is ours, signals reach it, its exit code is ours. */
import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { isatty } from 'node:tty'

export interface Program {
  readonly command: string
  readonly args: readonly string[]
}

export interface RunningProgram {
  /** The exit code of the last start; 128 and the number of the signal that ended it; 127 when there is no such program, 126 when it may not run. */
  readonly ended: Promise<number>
  signal(name: NodeJS.Signals): void
  /** Ends it and starts it again with another environment. */
  restart(env: NodeJS.ProcessEnv): void
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const
const FORWARDED = [...ENDING, 'SIGUSR1', 'SIGUSR2'] as const
/** Who does not end when asked is made to. */
const GRACE_MS = 10_000

export function startProgram(program: Program, env: NodeJS.ProcessEnv): RunningProgram {
  // Ctrl-C at a terminal reaches the program without us; twice would look like somebody who is impatient.
  const atTerminal = [0, 1, 2].some((fd) => isatty(fd))
  let child: ChildProcess
  /** What to start with when the child has ended. */
  let next: NodeJS.ProcessEnv | undefined
  let leaving = false
  let resolve!: (code: number) => void
  const ended = new Promise<number>((settle) => (resolve = settle))

  const forward = (signal: NodeJS.Signals): void => {
    // Somebody wants it to end: then it is not started again, though a restart may be on its way.
    leaving ||= ENDING.some((name) => name === signal)
    if (signal !== 'SIGINT' || !atTerminal) child.kill(signal)
  }
  for (const signal of FORWARDED) process.on(signal, forward)

  function start(environment: NodeJS.ProcessEnv): void {
    child = spawn(program.command, program.args, { stdio: 'inherit', env: environment })
    const started = child
    started.on('error', (error: NodeJS.ErrnoException) => {
      // With a pid it is running, and only a signal did not reach it.
      if (started.pid === undefined) finish(error.code === 'ENOENT' ? 127 : 126)
    })
    child.once('exit', (code, signal) => {
      const again = leaving ? undefined : next
      next = undefined
      if (again) start(again)
      else finish(code ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  }

  function finish(code: number): void {
    for (const signal of FORWARDED) process.off(signal, forward)
    resolve(code)
  }

  start(env)
  return {
    ended,
    signal: (name) => void child.kill(name),
    restart(environment) {
      const pending = next !== undefined
      next = environment
      if (pending) return
      const stopping = child
      stopping.kill('SIGTERM')
      const timer = setTimeout(() => stopping.kill('SIGKILL'), GRACE_MS)
      stopping.once('exit', () => clearTimeout(timer))
    },
  }
}
