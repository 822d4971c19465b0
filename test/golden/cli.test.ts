/** What the command shows of itself. Regenerate with `npx vitest run test/golden -u`. */
import { expect, test } from 'vitest'
import { larderProgram, type Command } from '../../packages/hub/src/cli/command.ts'
import { commandTable } from '../../packages/hub/src/cli/commands.ts'
import { tanzuProgram } from '../../packages/hub/src/cli/compat/tanzu/commands.ts'
import { helpText } from '../../packages/hub/src/cli/help.ts'
import { commandReference, standInReference } from '../../packages/hub/src/cli/reference.ts'

const notRun = () => Promise.reject(new Error('not run here'))
const commands: readonly Command[] = commandTable({ up: notRun, hub: notRun, install: notRun, down: notRun, compatInstall: notRun, engineList: notRun, engineAdd: notRun, version: notRun })

test('docs/reference/cli.md tells what the table of commands says', async () => {
  await expect(commandReference(commands)).toMatchFileSnapshot('../../docs/reference/cli.md')
})

const TANZU = `\`larder compat install --dir DIR tanzu\` makes it; \`larder compat tanzu\` is the same. What it prints is what the documents of the Tanzu CLI
show. How it is used: [Use the tanzu commands](../how-to/tanzu-commands.md).

Of these nothing was ever published, and they were decided here: an empty list is its headings, and a sentence on standard error; a claim that is not
ready is shown with its reason and message; what is printed of a deletion, and its question. Additions are \`--wait\`, \`--timeout\` and \`-o json\`. Errors look as those of
\`larder\` do, with [its exit codes](cli.md#exit-codes); a script that only asks for 0 sees no difference. Claims are never listed by the plural alone: the
group of each kind is said in full, so that the ResourceClaim of Kubernetes is not in the way. \`apps workload create\` asks nothing, \`--yes\` or not.`

test('docs/reference/tanzu.md tells what the table of tanzu commands says', async () => {
  await expect(standInReference(tanzuProgram, TANZU)).toMatchFileSnapshot('../../docs/reference/tanzu.md')
})

test('help of the whole, of a group and of a command', async () => {
  const all = [[], ['claim'], ['claim', 'create']].map((path) => `$ larder ${[...path, '--help'].join(' ')}\n${helpText(path, larderProgram(commands))}`)
  const tanzu = [[], ['services', 'claims'], ['services', 'claims', 'create']].map((path) => `$ tanzu ${[...path, '--help'].join(' ')}\n${helpText(path, tanzuProgram)}`)
  await expect([...all, ...tanzu].join('\n')).toMatchFileSnapshot('help.txt')
})

test('every command has an example, and every example is a command line that parses', async () => {
  const { parseCommandLine } = await import('../../packages/hub/src/cli/parse.ts')
  for (const command of commands) {
    expect(command.examples.length, command.path.join(' ')).toBeGreaterThan(0)
    for (const example of command.examples) {
      const line = /larder ([^)|"]*)/.exec(example)![1]!.trim()
      expect(parseCommandLine(line.split(/\s+/), larderProgram(commands)), example).toMatchObject({ type: 'run', command: { path: command.path } })
    }
  }
})

const OTHER_SPELLINGS: Readonly<Record<string, string>> = { services: 'service', classes: 'class', claims: 'resource-claim', 'class-claims': 'class-claim', workload: 'workloads' }

test('every tanzu command has an example that parses, in the spelling of the documents too', async () => {
  const { parseCommandLine } = await import('../../packages/hub/src/cli/parse.ts')
  for (const { path, examples } of tanzuProgram.commands) {
    expect(examples.length, path.join(' ')).toBeGreaterThan(0)
    for (const example of examples) {
      const words = example.split(/\s+/).slice(1)
      expect(parseCommandLine(words, tanzuProgram), example).toMatchObject({ type: 'run', command: { path } })
      const singular = words.map((word, i) => (i < 2 ? (OTHER_SPELLINGS[word] ?? word) : word))
      expect(parseCommandLine(singular, tanzuProgram), singular.join(' ')).toMatchObject({ type: 'run', command: { path } })
    }
  }
})
