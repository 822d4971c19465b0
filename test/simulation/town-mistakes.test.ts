/** What the oracle of the town guards: each mistake that is planted where ResourceClaims are served is found, and without one nothing is. */
import { isDeepStrictEqual } from 'node:util'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { townMistakes } from './mistakes/town.ts'
import { mistakesIn, type Sight } from './town/mistakes.ts'
import type { Town } from './town/town.ts'

type TownModule = typeof import('./town/town.ts')

const SOURCE = join(import.meta.dirname, '../../packages/hub/src')
const SEED = 7
const SIZE = { namespaces: 6, secrets: 60 }
/** People are as quick as the machine lets them: in one town out of some nobody meets the mistake. */
const MAX_TOWNS = 5
const CLAIMS = 90
const CHANGES = 120
/** Nothing has changed for so long: who looks again after a second has looked. */
const REST_MS = 2500
const PATIENCE_MS = 60_000

afterEach(() => void vi.resetModules())

/** What the oracle says of a town, when it is time to ask. */
async function oracleOf(
  { startTown }: TownModule,
  seed: number,
  settled: (town: Town) => Promise<Sight>,
): Promise<readonly string[]> {
  const town = await startTown({ seed, ...SIZE })
  try {
    await town.claim(CLAIMS)
    await town.unrest(CHANGES)
    await town.calm()
    return mistakesIn(await settled(town))
  } finally {
    await town.stop()
  }
}

/** Nothing is wrong, or will not be right any more: a hub on a busy machine may be quiet before it is done. */
async function righted(town: Town): Promise<Sight> {
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    const sight = await town.look()
    if (mistakesIn(sight).length === 0 || Date.now() > deadline) return sight
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** Nothing moves, right or wrong. */
async function rested(town: Town): Promise<Sight> {
  let sight = await town.look()
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, REST_MS))
    const now = await town.look()
    if (isDeepStrictEqual(now, sight)) return now
    sight = now
  }
  throw new Error(`the town did not come to rest within ${PATIENCE_MS} ms`)
}

test.each(townMistakes)('a hub that $does is caught', { timeout: 300_000 }, async ({ file, name, found }) => {
  const path = join(SOURCE, file)
  vi.resetModules()
  vi.doMock(path, () => import(`${path}?mistake=${name}`))
  try {
    // A door loads its modules when the hub starts: until then the mistake must stand ready.
    const town = await import('./town/town.ts')
    const others: string[] = []
    for (let seed = SEED; seed < SEED + MAX_TOWNS; seed++) {
      const said = await oracleOf(town, seed, rested)
      if (said.some((each) => found.test(each))) return
      others.push(...said.map((each) => `seed ${seed}: ${each}`))
    }
    expect.fail([`${MAX_TOWNS} towns did not find it`, ...others.slice(0, 20)].join('\n'))
  } finally {
    vi.doUnmock(path)
  }
})

test('a hub without any is not', { timeout: 120_000 }, async () => {
  expect(await oracleOf(await import('./town/town.ts'), SEED, righted)).toEqual([])
})
