import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { referencePages } from './reference.ts'
import { reasonInWords } from './reason-in-words.ts'
import { reasons, type Reason } from './reasons.ts'

const FOLDER = resolve(import.meta.dirname, '../../../../docs/reference')

describe('reference pages', () => {
  if (process.env['UPDATE_GOLDEN']) {
    for (const { path, text } of referencePages()) {
      mkdirSync(dirname(join(FOLDER, path)), { recursive: true })
      writeFileSync(join(FOLDER, path), text)
    }
  }

  test.each(referencePages().map((page) => [page.path, page] as const))(
    '%s says what the declaration says',
    (_, page) => {
      const file = join(FOLDER, page.path)
      expect(existsSync(file) ? readFileSync(file, 'utf8') : 'no such page').toBe(page.text)
    },
  )

  test('no page is left of a kind that is gone', () => {
    const made = referencePages().map((page) => page.path)
    const there = readdirSync(join(FOLDER, 'kinds')).map((name) => `kinds/${name}`)
    expect(there.filter((path) => !made.includes(path))).toEqual([])
  })

  test('every reason has its section, and every section its reason', () => {
    const page = readFileSync(join(FOLDER, 'reasons.md'), 'utf8')
    const sections = [...page.matchAll(/^## (\w+)$/gm)].map((match) => match[1])
    expect(new Set(sections)).toEqual(new Set(Object.keys(reasons)))
    expect(sections).toHaveLength(Object.keys(reasons).length)
  })

  test('no reason leaves a placeholder or an empty sentence to its reader', () => {
    for (const reason of Object.keys(reasons) as Reason[]) {
      for (const said of Object.values(reasonInWords(reason))) expect(said, reason).toMatch(/^[A-Za-z][^{}]+$/)
    }
  })
})
