import { OPTIONS, shownOption, type Command } from './command.ts'
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

${commands.map(section).join('\n')}
## Exit codes

| code | meaning |
|---|---|
${Object.entries(EXIT)
  .map(([name, code]) => `| ${code} | ${EXIT_MEANINGS[name as keyof typeof EXIT]} |\n`)
  .join('')}`
}

function section(command: Command): string {
  const options = command.options.map((name) => {
    const { flag, short, help } = shownOption(OPTIONS, command, name)
    return `| \`${flag}\`${short ? `, \`-${short}\`` : ''} | ${help} |\n`
  })
  return `## larder ${command.path.join(' ')}

${command.summary}.

\`\`\`sh
${command.examples.join('\n')}
\`\`\`

| flag | |
|---|---|
${options.join('')}`
}
