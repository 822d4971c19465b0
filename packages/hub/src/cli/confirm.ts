import { CommandFailed, EXIT } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Asks before something goes that does not come back. Throws when the answer is no, and when nobody is there to answer. */
export async function confirm(terminal: Terminal, question: string): Promise<void> {
  if (!terminal.interactive)
    throw new CommandFailed(EXIT.usage, 'nobody is there to confirm', { why: question, next: 'say --yes' })
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: terminal.signal })
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed(EXIT.failed, 'nothing was deleted')
  } finally {
    lines.close()
  }
}
