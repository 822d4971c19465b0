/** What the simulation guards: each planted mistake is found, and without one nothing is. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { mistakes, type Mistake } from './mistakes/mistakes.ts'
import { townMistakes } from './mistakes/town.ts'

const ROOT = join(import.meta.dirname, '../..')
const MAX_SEEDS = 200
const PAGE = 'docs/explanation/simulation.md'

afterEach(() => void vi.resetModules())

/** The simulation with the mistake in the hub. */
async function plant({ file, name }: Mistake): Promise<typeof import('./hub/simulate.ts')> {
  const path = join(ROOT, 'packages/hub/src', file)
  vi.resetModules()
  vi.doMock(path, () => import(`${path}?mistake=${name}`))
  try {
    return await import('./hub/simulate.ts')
  } finally {
    vi.doUnmock(path)
  }
}

// As many seeds as it takes, on a machine however busy.
test.each(mistakes)('a hub that $does is caught', { timeout: 300_000 }, async (mistake) => {
  const { simulate } = await plant(mistake)
  const others: string[] = []
  for (let seed = 1; seed <= MAX_SEEDS; seed++) {
    const { problems } = await simulate(seed)
    if (problems.some((problem) => mistake.found.test(problem))) return
    others.push(...problems.map((problem) => `seed ${seed}: ${problem}`))
  }
  expect.fail([`${MAX_SEEDS} seeds did not find it`, ...others].join('\n'))
})

test('the page lists the mistakes that are planted', () => {
  const rows = [...mistakes, ...townMistakes].map(({ name, does, breaks }) => `| ${name} | ${does} | ${breaks} |`)
  const page = readFileSync(join(ROOT, PAGE), 'utf8')
  const listed = page.split('\n').filter((line) => /^\| [a-z]+-/.test(line))
  expect(listed).toEqual(rows)
})
