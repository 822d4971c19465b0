import { larderProgram, type Command, type Options, type Program } from './command.ts'
import { CommandFailed, EXIT } from './failure.ts'
import { helpText } from './help.ts'
import { parseCommandLine } from './parse.ts'
import { failureJson, failureText, type Terminal } from './terminal.ts'

/** Runs `larder`, or what it is called as. `__complete WORD...` is for shells, and in no help. */
export async function runLarder(
  argv: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
): Promise<number> {
  if (argv[0] !== '__complete') return runCommandLine(argv, larderProgram(commands), terminal)
  const { complete } = await import('./complete.ts')
  terminal.out(await complete(argv.slice(1), commands, terminal))
  return EXIT.ok
}

/** Runs one command line to its exit code. */
export async function runCommandLine<O extends Options>(
  argv: readonly string[],
  program: Program<O>,
  terminal: Terminal,
): Promise<number> {
  try {
    const parsed = parseCommandLine(argv, program)
    if (parsed.type === 'help') {
      terminal.out(helpText(parsed.under, program))
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
