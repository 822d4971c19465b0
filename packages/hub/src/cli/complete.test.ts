import { expect, test } from 'vitest'
import { commandTable } from './commands.ts'
import { complete } from './complete.ts'
import type { Terminal } from './terminal.ts'

const notRun = () => Promise.reject(new Error('not run here'))
const commands = commandTable({
  up: notRun,
  hub: notRun,
  install: notRun,
  down: notRun,
  engineList: notRun,
  engineAdd: notRun,
  compatInstall: notRun,
  version: notRun,
})
const terminal: Terminal = {
  out: () => undefined,
  note: () => undefined,
  interactive: false,
  colour: false,
  env: {},
  cwd: '/nowhere',
  signal: new AbortController().signal,
  now: () => 0,
}
const offered = async (...words: string[]) => (await complete(words, commands, terminal)).trim().split('\n')

test.each([
  [['cla'], ['class', 'claimable', 'claim', ':4']],
  [
    ['claim', ''],
    ['create', 'list', 'get', 'delete', 'edit', ':4'],
  ],
  [
    ['-n', 'shop', 'claim', 'l'],
    ['list', ':4'],
  ],
  [
    ['get', 'inst'],
    ['instance', 'instances', ':4'],
  ],
  [
    ['wait', 'claim/x', '--for', ''],
    ['ready', 'deleted', ':4'],
  ],
  [
    ['events', '--for', 'backen'],
    ['backend', 'backends', ':4'],
  ],
  [
    ['get', 'claims', '-o', 'j'],
    ['json', 'jsonpath=', ':4'],
  ],
  [
    ['claim', 'list', '--sel'],
    ['--selector', ':4'],
  ],
  [
    ['up', '--no-'],
    ['--no-samples', ':4'],
  ],
  [
    ['explain', 'PlanN'],
    ['PlanNotFound', 'PlanNotOffered', 'PlanNotBindable', 'PlanNotUpdatable', ':4'],
  ],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish', ':4'],
  ],
])('%j may go on with %j', async (words, found) => {
  expect(await offered(...words)).toEqual(found)
})

test('a path is left to the shell', async () => {
  expect(await offered('status', '--data', '')).toEqual([':0'])
})

test('names without an API to ask: nothing is proposed, and nothing fails', async () => {
  expect(await offered('claim', 'get', '')).toEqual([':4'])
})
