import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena } from './arena.ts'

const read = (arena: Arena, slot: number, length: number): Buffer =>
  Buffer.from(arena.bufferOf(slot).subarray(arena.startOf(slot), arena.startOf(slot) + length))

describe('an arena', () => {
  test('gives back what was put in, however it was moved', () => {
    const length = fc.oneof(fc.nat(200), fc.nat(20_000), fc.constantFrom(131_066, 131_072, 300_000))
    const step = fc.record({
      what: fc.constantFrom('put', 'clear', 'release'),
      which: fc.nat(30),
      length,
      fill: fc.nat(255),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 200 }), (steps) => {
        const arena = new Arena()
        const model = new Map<number, { slot: number; bytes: Buffer | undefined }>()
        for (const { what, which, length, fill } of steps) {
          const known = model.get(which)
          if (what === 'put') {
            const slot = known?.slot ?? arena.take()
            const bytes = Buffer.alloc(length, fill)
            arena.set(slot, bytes, length)
            model.set(which, { slot, bytes })
          } else if (known && what === 'clear') {
            arena.clear(known.slot)
            model.set(which, { slot: known.slot, bytes: undefined })
          } else if (known) {
            arena.release(known.slot)
            model.delete(which)
            expect(arena.isTaken(known.slot)).toBe(false)
          }
        }
        for (const { slot, bytes } of model.values()) {
          expect(arena.isTaken(slot)).toBe(true)
          expect(arena.has(slot)).toBe(bytes !== undefined)
          if (bytes) expect(read(arena, slot, bytes.length).equals(bytes)).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('holds little more than what is in it, after many times as much went through', () => {
    const arena = new Arena()
    const slots = Array.from({ length: 10_000 }, () => arena.take())
    const bytes = Buffer.alloc(1000)
    let seed = 7
    for (let i = 0; i < 200_000; i++) {
      seed = (seed * 16_807) % 2_147_483_647
      arena.set(slots[seed % slots.length]!, bytes, 100 + (seed % 200))
    }
    expect(arena.heldBytes).toBeLessThan(10_000 * 206 * 1.6)
    for (const slot of slots) arena.release(slot)
    expect(arena.heldBytes).toBeLessThan(500_000)
  })
})
