import type { Command } from './command.ts'
import { CommandFailed, EXIT } from './failure.ts'
import { helpText } from './help.ts'
import { parseCommandLine } from './parse.ts'
import { failureJson, failureText, type Terminal } from './terminal.ts'

/** Runs one command line to its exit code. `__complete WORD...` is for shells, and in no help. */
export async function runCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
): Promise<number> {
  if (argv[0] === '__complete') {
    const { complete } = await import('./complete.ts')
    terminal.out(await complete(argv.slice(1), commands, terminal))
    return EXIT.ok
  }
  try {
    const parsed = parseCommandLine(argv, commands)
    if (parsed.type === 'help') {
      terminal.out(helpText(parsed.under, commands))
      return EXIT.ok
    }
    const work = await parsed.command.load()
    return (await work(parsed.invocation, terminal)) ?? EXIT.ok
  } catch (error) {
    if (terminal.signal.aborted && !(error instanceof CommandFailed)) return EXIT.interrupted
    if (!(error instanceof CommandFailed)) throw error
    terminal.note(wantsJson(argv) ? failureJson(error) : failureText(error, terminal))
    return error.code
  }
}

/** Looked for by hand: the line that failed may be one that could not be parsed. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, i) =>
      word === '-ojson' ||
      word === '--output=json' ||
      (word === 'json' && ['-o', '--output'].includes(argv[i - 1] ?? '')),
  )
}
