import { expect, test } from 'vitest'
import { larderProgram, type Command } from './command.ts'
import { CommandFailed } from './failure.ts'
import { parseCommandLine } from './parse.ts'

const load = () => Promise.reject(new Error('not run here'))
const commands: readonly Command[] = [
  { path: ['up'], summary: '', options: ['data', 'demo', 'port', 'samples'], examples: [], load },
  {
    path: ['claim', 'create'],
    args: 'NAME',
    summary: '',
    options: ['class', 'param', 'namespace'],
    examples: [],
    load,
  },
  { path: ['claim', 'list'], summary: '', options: ['namespace', 'all-namespaces'], examples: [], load },
  { path: ['wait'], args: 'KIND[/NAME] [NAME]', summary: '', options: ['for'], examples: [], load },
]
const program = larderProgram(commands)
const parse = (line: string) => parseCommandLine(line.split(' ').filter(Boolean), program)
const failure = (line: string): CommandFailed => {
  try {
    parse(line)
  } catch (error) {
    if (error instanceof CommandFailed) return error
    throw error
  }
  throw new Error(`"${line}" was accepted`)
}

test.each([
  '-n shop claim create cache --class redis',
  'claim -n shop create --class redis cache',
  'claim create cache --class=redis -n shop',
])('flags stand anywhere: %s', (line) => {
  expect(parse(line)).toMatchObject({
    type: 'run',
    command: { path: ['claim', 'create'] },
    invocation: { args: ['cache'], options: { namespace: 'shop', class: 'redis' } },
  })
})

test('of two opposite or equal flags the later one wins', () => {
  expect(parse('up --demo --no-demo')).toMatchObject({ invocation: { options: { demo: false } } })
  expect(parse('up --no-demo --demo')).toMatchObject({ invocation: { options: { demo: true } } })
  expect(parse('up --port 1 --port 2')).toMatchObject({ invocation: { options: { port: '2' } } })
})

test('a flag that may be repeated keeps every value', () => {
  expect(parse('claim create c -p a=1 -p b.c=2')).toMatchObject({
    invocation: { options: { param: ['a=1', 'b.c=2'] } },
  })
})

test.each([
  ['claim create', 'an argument is missing: larder claim create NAME'],
  ['claim create a b', 'unexpected argument "b": larder claim create NAME'],
  ['claim list --class redis', 'larder claim list takes no --class'],
  ['up --unknown', "Unknown option '--unknown'"],
  ['clam list', 'unknown command "clam list"'],
])('refused with exit code 2: %s', (line, message) => {
  expect(failure(line)).toMatchObject({ code: 2, message })
})

test.each([
  ['claim', 'create', ''],
  ['wait', 'claim/'],
  ['wait', 'claim', ''],
])('an empty name is refused, which would stand for all: %s %s %j', (...argv) => {
  expect(() => parseCommandLine(argv, program)).toThrow('a name is empty: larder ')
})

test('an option that is empty is refused, as a variable that is not set makes it', () => {
  expect(() => parseCommandLine(['claim', 'list', '-n', ''], program)).toThrow('--namespace is empty')
  expect(() => parseCommandLine(['claim', 'create', 'c', '--class='], program)).toThrow('--class is empty')
})

test('a near miss is named', () => {
  expect(failure('clam list').next).toBe('did you mean `larder claim list`?')
})

test('help is reachable from everywhere', () => {
  expect(parse('--help')).toEqual({ type: 'help', under: [] })
  expect(parse('')).toEqual({ type: 'help', under: [] })
  expect(parse('claim')).toEqual({ type: 'help', under: ['claim'] })
  expect(parse('claim create --help')).toEqual({ type: 'help', under: ['claim', 'create'] })
  expect(parse('help claim create')).toEqual({ type: 'help', under: ['claim', 'create'] })
})

test('an optional argument may be left out', () => {
  expect(parse('wait claim/cache')).toMatchObject({ invocation: { args: ['claim/cache'] } })
  expect(parse('wait claim cache')).toMatchObject({ invocation: { args: ['claim', 'cache'] } })
})
