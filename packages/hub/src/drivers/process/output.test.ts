import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { boundOutput, lastWords } from './output.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'larder-output-'))
  path = join(folder, 'output.log')
})

afterEach(() => rmSync(folder, { recursive: true }))

test('an output that outgrows its limit keeps its newer half', () => {
  writeFileSync(path, `${'old '.repeat(300)}${'new '.repeat(100)}`)
  boundOutput(path, 1_000)
  expect(readFileSync(path, 'utf8')).toBe(`${'old '.repeat(25)}${'new '.repeat(100)}`)
  boundOutput(path, 1_000)
  expect(readFileSync(path, 'utf8')).toHaveLength(500)
})

test('the last words are those since the start, without what changes and what is secret', () => {
  const before = '12:04 earlier\n'
  writeFileSync(path, `${before}12:05 one\n12:06 two\n\n12:07 password is hush\n12:08 end\n`)
  const options = { fromByte: before.length, prefix: '^[0-9:]+ ', secrets: ['hush'] }
  expect(lastWords(path, options)).toBe('two / password is [redacted] / end')
})
