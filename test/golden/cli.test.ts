/** What the command shows of itself. Regenerate with `npx vitest run test/golden -u`. */
import { expect, test } from 'vitest'
import { larderProgram, type Command } from '../../packages/hub/src/cli/command.ts'
import { commandTable } from '../../packages/hub/src/cli/commands.ts'
import { helpText } from '../../packages/hub/src/cli/help.ts'
import { commandReference } from '../../packages/hub/src/cli/reference.ts'

const notRun = () => Promise.reject(new Error('not run here'))
const commands: readonly Command[] = commandTable({ up: notRun, hub: notRun, install: notRun, down: notRun, compatInstall: notRun, engineList: notRun, engineAdd: notRun, version: notRun })

test('docs/reference/cli.md tells what the table of commands says', async () => {
  await expect(commandReference(commands)).toMatchFileSnapshot('../../docs/reference/cli.md')
})

test('help of the whole, of a group and of a command', async () => {
  const all = [[], ['claim'], ['claim', 'create']].map((path) => `$ larder ${[...path, '--help'].join(' ')}\n${helpText(path, larderProgram(commands))}`)
  await expect(all.join('\n')).toMatchFileSnapshot('help.txt')
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
