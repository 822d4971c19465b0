import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createBindingRoot, type BindingRoot } from './binding-root.ts'

let parent: string
let root: BindingRoot
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'larder-root-test-'))
  root = createBindingRoot(parent)
})
afterEach(() => rmSync(parent, { recursive: true }))

const files = (of: Record<string, string>) =>
  new Map(Object.entries(of).map(([key, value]) => [`cache/${key}`, new TextEncoder().encode(value)]))
const read = (key: string) => readFileSync(join(root.dir, 'cache', key), 'utf8')
const visible = () => readdirSync(join(root.dir, 'cache')).filter((name) => !name.startsWith('..'))
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

test('the files are for their owner alone', () => {
  root.write('cache', files({ password: 'a' }))
  expect(read('password')).toBe('a')
  expect([root.dir, join(root.dir, 'cache')].map(mode)).toEqual(['700', '700'])
  expect(mode(join(root.dir, 'cache', 'password'))).toBe('600')
})

test('a change replaces all files at once: what is reached through ..data is one generation', () => {
  root.write('cache', files({ host: 'a', password: 'a', old: 'a' }))
  const before = readFileSync(join(root.dir, 'cache/..data/password'), 'utf8')
  root.write('cache', files({ host: 'b', password: 'b', added: 'b' }))
  expect([before, read('host'), read('password'), read('added')]).toEqual(['a', 'b', 'b', 'b'])
  expect(visible()).toEqual(['added', 'host', 'password'])
  // The former generation is gone, and nothing half-made is left.
  expect(readdirSync(join(root.dir, 'cache')).filter((name) => name.startsWith('..'))).toEqual(['..2', '..data'])
})

test('nothing is left when it is removed', () => {
  root.write('cache', files({ password: 'a' }))
  root.remove()
  expect(existsSync(root.dir)).toBe(false)
})

test('what a killed run left is removed by the next one, and what runs is left alone', () => {
  const ended = spawnSync(process.execPath, ['-e', '']).pid
  const left = join(parent, `larder-run-${ended}-abcdef`)
  mkdirSync(left)
  writeFileSync(join(left, 'password'), 'a')
  createBindingRoot(parent)
  expect([existsSync(left), existsSync(root.dir)]).toEqual([false, true])
})
