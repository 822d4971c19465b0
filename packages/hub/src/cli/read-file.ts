/** What a flag like `--file` names. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { CommandFailed, EXIT } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** `-` is standard input. */
export async function readTextFile(path: string, { cwd }: Terminal): Promise<string> {
  if (path === '-') return await text(process.stdin)
  try {
    return readFileSync(resolve(cwd, path), 'utf8')
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `${path} cannot be read`, {
      why: (error as NodeJS.ErrnoException).code ?? String(error),
      cause: error,
    })
  }
}
