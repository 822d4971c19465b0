import { spawn } from 'node:child_process'
import type { Account } from './account.ts'

export interface CommandRun {
  folder: string
  command: readonly string[]
  stdin: string
  environment: Readonly<Record<string, string>>
  account: Account | undefined
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export interface CommandEnd {
  code: number | null
  /** The last of what it wrote to stderr. */
  complaint: string
}

/** Runs a program to its end, in `folder`, under the engine's account. */
export function runCommand(run: CommandRun): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = run.command
    const child = spawn(file, args, {
      cwd: run.folder,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C', ...run.environment },
      stdio: ['pipe', 'ignore', 'pipe'],
      timeout: run.timeoutMs,
      killSignal: 'SIGKILL',
      ...(run.signal ? { signal: run.signal } : {}),
      ...(run.account ? { uid: run.account.uid, gid: run.account.gid } : {}),
    })
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-1000)
    })
    // A program may end without reading its input: that is for its exit status to judge.
    child.stdin.on('error', () => {})
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, complaint: complaint.trim() }))
    child.stdin.end(run.stdin)
  })
}
