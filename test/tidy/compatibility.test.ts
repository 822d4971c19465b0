/** Pages that say what of another system holds promise nothing without a test, and leave nothing out without a reason. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const FOLDER = 'docs/reference'
/** With the rows of the checklist; what is promised beyond it comes behind. */
const PAGES = [
  ['kubernetes-compatibility.md', 50],
  ['services-toolkit-compatibility.md', 78],
  ['aws-compatibility.md', 52],
] as const
const SHORTEST_REASON = 20

interface Row {
  readonly number: number
  readonly state: string
  readonly evidence: string
}

/** What is wrong with a row; nothing when it keeps its promise. */
function problems({ number, state, evidence }: Row): string[] {
  const tests = [...evidence.matchAll(/\[[^\]]+\]\(([^)]+)\): "((?:\\\\.|[^"\\])+)"/g)].map(([, file, title]) => ({
    file: file!,
    title: title!,
  }))
  const reason = /Missing: (.+)/.exec(evidence)?.[1] ?? ''
  const found: string[] = []
  if (!['holds', 'partly', 'not yet'].includes(state)) found.push(`row ${number}: "${state}" is no state`)
  if (state !== 'not yet' && tests.length === 0) found.push(`row ${number} ${state}, and no test shows it`)
  if (state !== 'holds' && reason.length < SHORTEST_REASON)
    found.push(`row ${number}: ${state}, and there is no reason`)
  if (state === 'holds' && reason !== '') found.push(`row ${number} holds, and something is missing`)
  return [...found, ...tests.filter((t) => !exists(t)).map((t) => `row ${number}: ${t.file} has no test "${t.title}"`)]
}

function exists({ file, title }: { file: string; title: string }): boolean {
  const path = join(ROOT, FOLDER, file)
  if (!existsSync(path)) return false
  const quoted = title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("'", String.raw`\\?'`)
  return new RegExp(`(?:'|"|\`)${quoted}(?:'|"|\`),`).test(readFileSync(path, 'utf8'))
}

const planted = (state: string, evidence: string) => problems({ number: 1, state, evidence })

describe.each(PAGES)('what holds by %s', (page, least) => {
  const rows = [
    ...readFileSync(join(ROOT, FOLDER, page), 'utf8').matchAll(/^\| (\d+) +\| (.+?) +\| ([a-z ]+?) +\| (.+?) *\|$/gm),
  ].map(([, number, , state, evidence]): Row => ({ number: Number(number), state: state!, evidence: evidence! }))

  test('has every row of the checklist', () => {
    expect(rows.length).toBeGreaterThanOrEqual(least)
    expect(rows.map(({ number }) => number)).toEqual(rows.map((_, i) => i + 1))
  })

  test('each row has a test that exists, or a reason', () => {
    expect(rows.flatMap(problems)).toEqual([])
  })
})

test('a promise without a test, a test that does not exist, and a gap without a reason are noticed', () => {
  expect(planted('holds', 'surely')).toHaveLength(1)
  expect(planted('holds', '[x](../../test/tidy/compatibility.test.ts): "no such title at all"')).toHaveLength(1)
  expect(
    planted('holds', '[x](../../test/tidy/absent.test.ts): "each row has a test that exists, or a reason"'),
  ).toHaveLength(1)
  expect(planted('not yet', 'Missing: time')).toHaveLength(1)
  expect(
    planted('holds', '[x](../../test/tidy/compatibility.test.ts): "each row has a test that exists, or a reason"'),
  ).toEqual([])
})
