import { expect, test } from 'vitest'
import { environmentFor, projectBinding } from './project.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const data = { type: bytes('redis'), host: bytes('127.0.0.1'), password: bytes('s3cret') }
const text = (files: ReadonlyMap<string, Uint8Array>) =>
  Object.fromEntries([...files].map(([path, value]) => [path, new TextDecoder().decode(value)]))

test('each key is a file below the name of the binding', () => {
  const { files, env, problems } = projectBinding({ data }, { name: 'cache' })
  expect(text(files)).toEqual({ 'cache/host': '127.0.0.1', 'cache/password': 's3cret', 'cache/type': 'redis' })
  expect([env, problems]).toEqual([{}, []])
})

test('type and provider are replaced where asked, for files and variables alike', () => {
  const env = [
    { name: 'KIND', key: 'type' },
    { name: 'BY', key: 'provider' },
  ]
  const projected = projectBinding({ data }, { name: 'cache', type: 'valkey', provider: 'us', env })
  expect(text(projected.files)).toMatchObject({ 'cache/type': 'valkey', 'cache/provider': 'us' })
  expect(projected.env).toEqual({ KIND: 'valkey', BY: 'us' })
})

test('a variable whose key is missing is named, and the others are there', () => {
  const env = [
    { name: 'REDIS_URL', key: 'uri' },
    { name: 'REDIS_HOST', key: 'host' },
  ]
  const projected = projectBinding({ data }, { name: 'cache', env })
  expect(projected.env).toEqual({ REDIS_HOST: '127.0.0.1' })
  expect(projected.problems).toEqual(['REDIS_URL: the Secret has no key "uri"'])
})

test('a Secret without a type is projected, and what follows from that is said', () => {
  const { files, problems } = projectBinding({ data: { a: bytes('b') } }, { name: 'x' })
  expect([files.size, problems]).toEqual([1, [expect.stringContaining('no key "type"')]])
})

test('no value reaches a message', () => {
  const binary = { type: bytes('t'), key: Uint8Array.of(0x70, 0, 0x71), other: Uint8Array.of(0xff, 0xfe) }
  const env = environmentFor('x', Object.keys(binary))
  const projected = projectBinding({ data: binary }, { name: 'x', env })
  expect(projected.env).toEqual({ X_TYPE: 't' })
  expect(projected.problems).toEqual([
    'X_KEY: the value of key "key" is no text',
    'X_OTHER: the value of key "other" is no text',
  ])
  expect(projected.files.get('x/key')).toEqual(binary.key)
})

test.each(['../up', 'a/b', '', '.', '..', 'a..b', 'UPPER'])('nothing is written under the name %j', (name) => {
  const { files, problems } = projectBinding({ data }, { name })
  expect([files.size, problems.length]).toEqual([0, 1])
})

test('keys that would clash with the folder of whoever writes it are no files', () => {
  const { files, problems } = projectBinding({ data: { ...data, '..data': bytes('x') } }, { name: 'cache' })
  expect(files.has('cache/..data')).toBe(false)
  expect(problems).toEqual(['not names of files: ..data'])
})

test('variables are named after binding and key', () => {
  expect(environmentFor('my-db', ['user.name', 'port']).map(({ name }) => name)).toEqual([
    'MY_DB_USER_NAME',
    'MY_DB_PORT',
  ])
  expect(environmentFor('1st', ['a'])[0]!.name).toBe('_1ST_A')
})
