/** `Continue? [yN]: `, as these commands ask: the answer may come from a pipe as well. */
import { createInterface } from 'node:readline'
import { CommandFailed, EXIT } from '../../../failure.ts'
import type { Terminal } from '../../../terminal.ts'

export async function askToContinue(terminal: Terminal): Promise<void> {
  terminal.out('Continue? [yN]: ')
  const lines = createInterface({ input: process.stdin })
  const stop = () => lines.close()
  terminal.signal.addEventListener('abort', stop)
  try {
    for await (const line of lines) {
      if (/^y(es)?$/i.test(line.trim())) return terminal.out('\n')
      throw new CommandFailed(EXIT.failed, 'nothing was deleted')
    }
  } finally {
    terminal.signal.removeEventListener('abort', stop)
    lines.close()
  }
  throw new CommandFailed(EXIT.usage, 'nobody is there to confirm: nothing was deleted', { next: 'say --yes' })
}
