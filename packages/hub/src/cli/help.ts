import { shownOption, type Command } from './command.ts'

/** The text of `larder --help`, of a group (`larder claim`), or of one command. */
export function helpText(under: readonly string[], commands: readonly Command[]): string {
  const exact = commands.find((c) => c.path.join(' ') === under.join(' '))
  return exact ? commandHelp(exact) : groupHelp(under, commands)
}

function groupHelp(under: readonly string[], commands: readonly Command[]): string {
  const shown = commands.filter((c) => under.every((word, i) => c.path[i] === word))
  const rows = shown.map((c) => [`larder ${c.path.join(' ')}${c.args ? ` ${c.args}` : ''}`, c.summary] as const)
  const intro = under.length === 0 ? 'Larder: claim backing services with kubectl, or with this.\n\n' : ''
  const more = under.length === 0 ? '\nStart   larder up\nMore    larder COMMAND --help\n' : ''
  return `${intro}${columns(rows)}${more}`
}

function commandHelp(command: Command): string {
  const examples = command.examples.map((e) => `  ${e}\n`).join('')
  const options = command.options.map((name) => {
    const { flag, short, help } = shownOption(command, name)
    return [`${short ? `-${short}, ` : '    '}${flag}`, help] as const
  })
  return [
    `${command.summary}\n`,
    `Usage\n  larder ${command.path.join(' ')}${command.args ? ` ${command.args}` : ''}${options.length > 0 ? ' [flags]' : ''}\n`,
    ...(examples === '' ? [] : [`Examples\n${examples}`]),
    ...(options.length === 0 ? [] : [`Flags\n${columns(options)}`]),
  ].join('\n')
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')
}
