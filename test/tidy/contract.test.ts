/** The page that driver authors read and the suite that they run are about the same rules. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const SUITE = join(ROOT, 'packages/kit/src/conformance')
/** Looked at in every call of every case, and so no case of its own. */
const EVERYWHERE = ['D20']

const rulesIn = (text: string, pattern: RegExp) => new Set([...text.matchAll(pattern)].map(([, rule]) => rule!))

test('each rule of docs/contracts/driver.md is tried by the conformance suite, and the suite tries no other', () => {
  const page = rulesIn(readFileSync(join(ROOT, 'docs/contracts/driver.md'), 'utf8'), /\*\*(D\d+)\*\*/g)
  const source = readdirSync(SUITE)
    .map((name) => readFileSync(join(SUITE, name), 'utf8'))
    .join('\n')
  const tried = rulesIn(source, /rule: '(D\d+)'/g)
  expect(page.size).toBeGreaterThan(20)
  for (const rule of EVERYWHERE) expect(source).toContain(rule)
  expect([...tried, ...EVERYWHERE].toSorted()).toEqual([...page].toSorted())
})
