import { parseArgs } from 'node:util'
import { arity, OPTIONS, type Command, type Invocation, type Option, type OptionName } from './command.ts'
import { CommandFailed, EXIT } from './failure.ts'

export type Parsed =
  | { readonly type: 'run'; readonly command: Command; readonly invocation: Invocation }
  /** `under` is the path that help was asked for; empty for the whole. */
  | { readonly type: 'help'; readonly under: readonly string[] }

/** Finds the command and its options. Throws `CommandFailed` with exit code 2 for everything that does not fit. */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): Parsed {
  const { values, positionals } = split(argv)
  const words = positionals[0] === 'help' ? positionals.slice(1) : positionals
  const command = findCommand(words, commands)
  if (values['help'] === true || positionals[0] === 'help') return { type: 'help', under: command?.path ?? words }
  if (!command) {
    if (commands.some((c) => isPrefix(words, c.path))) return { type: 'help', under: words }
    throw unknownCommand(words, commands)
  }
  const args = words.slice(command.path.length)
  const { least, most } = arity(command)
  const usage = `larder ${command.path.join(' ')}${command.args ? ` ${command.args}` : ''}`
  if (args.length < least)
    throw new CommandFailed(EXIT.usage, `an argument is missing: ${usage}`, {
      next: `larder ${command.path.join(' ')} --help`,
    })
  if (args.length > most) throw new CommandFailed(EXIT.usage, `unexpected argument "${args[most]}": ${usage}`)
  // A variable of a script that is not set, `larder claim delete "$NAME"`, names nothing. Programs to run take empty arguments.
  if (most !== Infinity && args.some((arg) => arg === '' || arg.endsWith('/')))
    throw new CommandFailed(EXIT.usage, `a name is empty: ${usage}`)
  for (const [name, value] of Object.entries(values)) {
    // Of these only an empty selector has a meaning, the same as none.
    if (value === '' && name !== 'selector') throw new CommandFailed(EXIT.usage, `--${name} is empty`)
    if (!command.options.includes(name as OptionName)) {
      throw new CommandFailed(EXIT.usage, `larder ${command.path.join(' ')} takes no --${name}`, {
        next: `larder ${command.path.join(' ')} --help`,
      })
    }
  }
  return { type: 'run', command, invocation: { args, options: values } }
}

function split(argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries<Option>(OPTIONS).map(([name, { type, short, multiple }]) => [
      name,
      { type, multiple: multiple ?? false, ...(short && { short }) },
    ]),
  )
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, allowNegative: true, strict: true })
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. ')[0]! : String(error)
    throw new CommandFailed(EXIT.usage, message, { next: 'larder --help', cause: error })
  }
}

/** The longest command path that the words begin with. */
function findCommand(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return commands.filter((c) => isPrefix(c.path, words)).sort((a, b) => b.path.length - a.path.length)[0]
}

function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.length <= long.length && short.every((word, i) => word === long[i])
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): CommandFailed {
  const asked = words.join(' ')
  const nearest = commands
    .map((c) => ({
      name: c.path.join(' '),
      distance: editDistance(words.slice(0, c.path.length).join(' '), c.path.join(' ')),
    }))
    .sort((a, b) => a.distance - b.distance)[0]
  const near = nearest && nearest.distance <= 2 ? `did you mean \`larder ${nearest.name}\`?` : 'larder --help'
  return new CommandFailed(EXIT.usage, `unknown command "${asked}"`, { next: near })
}

/** Levenshtein distance; the words are short, so one row of the table is enough to think about. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
