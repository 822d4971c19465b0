import { OPTIONS, shownOption, type Command, type Options, type Program } from './command.ts'
import { EXIT } from './failure.ts'

const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'it worked',
  failed: 'it did not; the message says why',
  usage: 'the command line is wrong',
  notFound: 'something named does not exist',
  forbidden: 'not logged in, or not allowed',
  failedWhileWaiting: 'what was waited for has failed and needs somebody to act',
  timedOut: 'it was not there in time',
  conflict: 'it exists already, was changed meanwhile, or somebody else holds it',
  unreachable: 'the API does not answer',
  interrupted: 'Ctrl-C',
}

/** docs/reference/cli.md, from the table of commands. */
export function commandReference(commands: readonly Command[]): string {
  return `# The larder command

Flags stand anywhere in the line, and of two equal or opposite flags the later one wins. Data goes to standard output, messages to
standard error; with \`-o json\` errors are JSON too.

Commands that talk to an API find it by \`--kubeconfig\`, by the variable \`KUBECONFIG\` (unless \`--data\` is given), else by the hub of the
data folder.

On a terminal messages have colour, unless \`NO_COLOR\` is set; elsewhere they are plain lines, and data is plain everywhere. \`-o jsonpath=\`
takes kubectl's templates.

With the folder \`bin\` on \`PATH\`, \`kubectl larder ...\` is the same command, and kubectl completes it.

${commands.map((command) => section(command, { name: 'larder', options: OPTIONS })).join('\n')}
## Exit codes

| code | meaning |
|---|---|
${Object.entries(EXIT)
  .map(([name, code]) => `| ${code} | ${EXIT_MEANINGS[name as keyof typeof EXIT]} |\n`)
  .join('')}`
}

/** docs/reference/tanzu.md, from the table of commands that stand in for that program. */
export function standInReference<O extends Options>(program: Program<O>, intro: string): string {
  const shown = program.commands.filter(({ hidden }) => !hidden)
  const aliases = Object.entries(program.aliases ?? {}).map(([word, of]) => `\`${word}\` for \`${of}\``)
  return `# The ${program.name} command

${intro}

Words may be spelled otherwise: ${aliases.join(', ')}.

${shown.map((command) => section(command, program)).join('\n')}`
}

function section<O extends Options>(command: Command<O>, program: Pick<Program<O>, 'name' | 'options'>): string {
  const options = command.options.map((name) => {
    const { flag, short, help } = shownOption(program.options, command, name)
    return `| \`${flag}\`${short ? `, \`-${short}\`` : ''} | ${help} |\n`
  })
  return `## ${program.name} ${command.path.join(' ')}

${command.summary}.

\`\`\`sh
${command.examples.join('\n')}
\`\`\`

| flag | |
|---|---|
${options.join('')}`
}
