/**
 * Thousands of ResourceClaims while everything that decides over them moves: policies come, change and go, Secrets are labelled anew, get
 * other passwords, go and come again, claims are edited, deleted and made again. When it rests, each claim says what is true, who may have
 * something has it unless another does, and there is no Secret without its claim.
 *
 * `SEED` tries other choices (each run is in time of its own, so that no seed gives the same run twice), `CLAIMS` and `CHANGES` another size.
 */
import { expect, test } from 'vitest'
import { startTown, type Town } from './town/town.ts'
import { mistakesIn } from './town/mistakes.ts'

const COUNT = Number(process.env['CLAIMS'] ?? 2000)
const CHANGES = Number(process.env['CHANGES'] ?? COUNT / 4)
const SEED = Number(process.env['SEED'] ?? 20261121)
const NAMESPACES = 50
const REST_MS = 60_000

test(`${COUNT} claims over ${COUNT} Secrets in ${NAMESPACES} namespaces`, { timeout: 240_000 }, async () => {
  const begun = Date.now()
  const town = await startTown({ seed: SEED, namespaces: NAMESPACES, secrets: COUNT })
  try {
    const [changes] = await Promise.all([town.unrest(CHANGES), town.claim(COUNT)])
    await town.calm()
    const moved = Date.now()
    await atRest(town)
    const { ready, waiting, forbidden } = await town.census()
    console.log(
      `seed ${SEED}: ${ready} Ready, ${waiting} wait for a holder, ${forbidden} may not; ` +
        `${changes} changes; ${seconds(begun)} s, at rest ${seconds(moved)} s after the last of them`,
    )
    // Each of the three ways to end was taken by many.
    for (const some of [ready, waiting, forbidden]) expect(some).toBeGreaterThan(COUNT / 20)
    expect(town.heldByTwo()).toEqual([])
  } finally {
    await town.stop()
  }
})

const seconds = (from: number) => ((Date.now() - from) / 1000).toFixed(1)

async function atRest(town: Town): Promise<void> {
  const deadline = Date.now() + REST_MS
  for (;;) {
    const mistakes = mistakesIn(await town.look())
    if (mistakes.length === 0) return
    if (Date.now() > deadline) {
      expect(mistakes.slice(0, 20)).toEqual([])
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
