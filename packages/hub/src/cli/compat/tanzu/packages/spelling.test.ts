/** Flags of `tanzu package` as several releases of it spell them. */
import { expect, test } from 'vitest'
import { parseCommandLine } from '../../../parse.ts'
import { tanzuProgram } from '../commands.ts'
import { schemaRows } from './schema-table.ts'
import { spelled } from './spelling.ts'

const parsed = (line: string) => {
  const found = parseCommandLine(spelled(line.split(' ')), tanzuProgram)
  if (found.type !== 'run') throw new Error(`${line} is no command`)
  return { path: found.command.path.join(' '), ...found.invocation.options }
}

test.each([
  ['package install x -p a.b.c -v 1 -f v.yaml -s me'],
  ['package install x --package a.b.c --version 1 --values-file v.yaml --service-account-name me'],
  ['package install x --package-name=a.b.c --version=1 --values-file=v.yaml --service-account-name=me'],
])('%s', (line) =>
  expect(parsed(line)).toEqual({
    path: 'package install',
    'package-name': 'a.b.c',
    version: '1',
    'values-file': 'v.yaml',
    'service-account-name': 'me',
  }),
)

test('waiting is switched and timed as each release has it', () => {
  expect(parsed('package repo add x --url a/b:1 --wait=false')).toMatchObject({
    path: 'package repository add',
    wait: false,
  })
  expect(parsed('package installed delete x --poll-timeout 30m')).toMatchObject({ timeout: '30m' })
  expect(parsed('package install x --wait-timeout=1h --wait=true')).toMatchObject({ timeout: '1h', wait: true })
})

test('other commands keep their own letters', () =>
  expect(parsed('services class-claims create x -c y -p a=b')).toMatchObject({ parameter: ['a=b'] }))

test('keys of a schema within others stand behind dots, with their defaults as YAML', async () => {
  const schema = {
    properties: {
      b: { properties: { c: { type: 'integer', default: 1 }, d: { type: 'array', default: ['x', 'y'] } } },
      a: { type: 'string', default: 'yes', description: 'one\n  two ' },
      e: { type: 'object', default: {} },
    },
  }
  expect(await schemaRows(schema)).toEqual([
    ['b.c', '1', 'integer', ''],
    ['b.d', '- x; - y', 'array', ''],
    ['a', 'yes', 'string', 'one two'],
    ['e', '', 'object', ''],
  ])
})
