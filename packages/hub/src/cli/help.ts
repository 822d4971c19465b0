import { shownOption, type Command, type Options, type Program } from './command.ts'

/** The text of `larder --help`, of a group (`larder claim`), or of one command. */
export function helpText<O extends Options>(under: readonly string[], program: Program<O>): string {
  const exact = program.commands.find((c) => c.path.join(' ') === under.join(' '))
  return exact ? commandHelp(exact, program) : groupHelp(under, program)
}

function groupHelp<O extends Options>(under: readonly string[], program: Program<O>): string {
  const shown = program.commands.filter((c) => !c.hidden && under.every((word, i) => c.path[i] === word))
  const rows = shown.map((c) => [`${program.name} ${usageOf(c)}`, c.summary] as const)
  const whole = under.length === 0
  return `${whole ? program.intro : ''}${columns(rows)}${whole ? program.outro : ''}`
}

function commandHelp<O extends Options>(command: Command<O>, program: Program<O>): string {
  const examples = command.examples.map((e) => `  ${e}\n`).join('')
  const options = command.options.map((name) => {
    const { flag, short, help } = shownOption(program.options, command, name)
    return [`${short ? `-${short}, ` : '    '}${flag}`, help] as const
  })
  return [
    `${command.summary}\n`,
    `Usage\n  ${program.name} ${usageOf(command)}${options.length > 0 ? ' [flags]' : ''}\n`,
    ...(examples === '' ? [] : [`Examples\n${examples}`]),
    ...(options.length === 0 ? [] : [`Flags\n${columns(options)}`]),
  ].join('\n')
}

const usageOf = ({ path, args }: Pick<Command, 'path' | 'args'>): string =>
  `${path.join(' ')}${args === undefined ? '' : ` ${args}`}`

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')
}
