/** All choices of a simulated run. The same seed gives the same choices, in whatever order they are asked for by the same code. */
import { seededRandom } from '../../testing/random.ts'

export interface Dice {
  /** In [0, 1). */
  readonly random: () => number
  chance(probability: number): boolean
  /** From 0 to below `limit`. */
  below(limit: number): number
  pick<T>(from: readonly T[]): T
  /** Other choices that do not disturb these. */
  fork(): Dice
}

export function createDice(seed: number): Dice {
  const random = seededRandom(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  return {
    random,
    below,
    chance: (probability) => random() < probability,
    pick(from) {
      if (from.length === 0) throw new TypeError('nothing to pick from')
      return from[below(from.length)]!
    },
    fork: () => createDice(below(2 ** 31)),
  }
}
