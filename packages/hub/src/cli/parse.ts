import { parseArgs } from 'node:util'
import { arity, type Command, type Invocation, type Options, type Program, type ValuesOf } from './command.ts'
import { CommandFailed, EXIT } from './failure.ts'

export type Parsed<O extends Options> =
  | { readonly type: 'run'; readonly command: Command<O>; readonly invocation: Invocation<O> }
  /** `under` is the path that help was asked for; empty for the whole. */
  | { readonly type: 'help'; readonly under: readonly string[] }

/** Finds the command and its options. Throws `CommandFailed` with exit code 2 for everything that does not fit. */
export function parseCommandLine<O extends Options>(argv: readonly string[], program: Program<O>): Parsed<O> {
  const passing = program.commands.find(({ passesOn, path }) => passesOn && isPrefix(path, argv))
  if (passing) {
    const invocation = { args: argv.slice(passing.path.length), options: {} as ValuesOf<O> }
    return { type: 'run', command: passing, invocation }
  }
  const { values, positionals } = split(argv, program)
  const words = positionals[0] === 'help' ? positionals.slice(1) : positionals
  const spelled = words.map((word) => program.aliases?.[word] ?? word)
  const command = findCommand(spelled, program.commands)
  if (values['help'] === true || positionals[0] === 'help') return { type: 'help', under: command?.path ?? spelled }
  if (!command) {
    if (program.commands.some((c) => isPrefix(spelled, c.path))) return { type: 'help', under: spelled }
    throw unknownCommand(words, program)
  }
  const args = words.slice(command.path.length)
  checkArguments(args, command, program)
  checkOptions(values, command, program)
  return { type: 'run', command, invocation: { args, options: values as ValuesOf<O> } }
}

function checkArguments<O extends Options>(args: readonly string[], command: Command<O>, program: Program<O>): void {
  const { least, most } = arity(command)
  const line = `${program.name} ${command.path.join(' ')}`
  const usage = `${line}${command.args ? ` ${command.args}` : ''}`
  if (args.length < least)
    throw new CommandFailed(EXIT.usage, `an argument is missing: ${usage}`, { next: `${line} --help` })
  if (args.length > most) throw new CommandFailed(EXIT.usage, `unexpected argument "${args[most]}": ${usage}`)
  // A variable of a script that is not set, `larder claim delete "$NAME"`, names nothing. Programs to run take empty arguments.
  if (most !== Infinity && args.some((arg) => arg === '' || arg.endsWith('/')))
    throw new CommandFailed(EXIT.usage, `a name is empty: ${usage}`)
}

type Values = Readonly<Record<string, unknown>>

function checkOptions<O extends Options>(values: Values, command: Command<O>, program: Program<O>): void {
  const line = `${program.name} ${command.path.join(' ')}`
  for (const [name, value] of Object.entries(values)) {
    if (value === '' && !program.options[name]?.mayBeEmpty) throw new CommandFailed(EXIT.usage, `--${name} is empty`)
    if (!command.options.includes(name))
      throw new CommandFailed(EXIT.usage, `${line} takes no --${name}`, { next: `${line} --help` })
  }
  const missing = (command.requires ?? []).filter((name) => values[name] === undefined)
  if (missing.length > 0)
    throw new CommandFailed(EXIT.usage, `required: ${missing.map((name) => `--${name}`).join(', ')}`, {
      next: `${line} --help`,
    })
}

function split<O extends Options>(argv: readonly string[], program: Program<O>) {
  const options = Object.fromEntries(
    Object.entries(program.options).map(([name, { type, short, multiple }]) => [
      name,
      { type, multiple: multiple ?? false, ...(short && { short }) },
    ]),
  )
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, allowNegative: true, strict: true })
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. ')[0]! : String(error)
    throw new CommandFailed(EXIT.usage, message, { next: `${program.name} --help`, cause: error })
  }
}

/** The longest command path that the words begin with. */
function findCommand<O extends Options>(
  words: readonly string[],
  commands: readonly Command<O>[],
): Command<O> | undefined {
  return commands.filter((c) => isPrefix(c.path, words)).sort((a, b) => b.path.length - a.path.length)[0]
}

function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.length <= long.length && short.every((word, i) => word === long[i])
}

function unknownCommand<O extends Options>(words: readonly string[], { name, commands }: Program<O>): CommandFailed {
  const asked = words.join(' ')
  const nearest = commands
    .map((c) => ({
      name: c.path.join(' '),
      distance: editDistance(words.slice(0, c.path.length).join(' '), c.path.join(' ')),
    }))
    .sort((a, b) => a.distance - b.distance)[0]
  const near = nearest && nearest.distance <= 2 ? `did you mean \`${name} ${nearest.name}\`?` : `${name} --help`
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
