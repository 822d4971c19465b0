import { isDeepStrictEqual } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { expect } from 'vitest'

/** What comes back of a state from a file, whose bytes are gone then: what was restored must not stand on them. */
export function reread<State, Restored extends { save(): State }>(
  state: State,
  restore: (state: State) => Restored,
): Restored {
  const saved = serialize(state)
  // Where an array lies in the bytes decides whether it is read as a view of them.
  const all = [0, 1, 2, 3].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), saved]).subarray(offset)
    const restored = restore(deserialize(bytes) as State)
    bytes.fill(0)
    expect(isDeepStrictEqual(restored.save(), deserialize(saved))).toBe(true)
    return restored
  })
  return all[0]!
}
