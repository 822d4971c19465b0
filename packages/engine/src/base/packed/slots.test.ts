import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SlotSet } from './slot-set.ts'
import { SlotsByHash } from './slots-by-hash.ts'

const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b)

describe('slots', () => {
  test('by hash are those that were added, also where hashes or their places are the same', () => {
    const step = fc.record({ add: fc.boolean(), hash: fc.integer({ min: -8, max: 8 }), slot: fc.nat(9) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new SlotsByHash()
        const model = new Map<number, Set<number>>()
        for (const { add, hash, slot } of steps) {
          const slots = model.get(hash) ?? new Set()
          model.set(hash, slots)
          if (add) {
            table.add(hash, slot)
            slots.add(slot)
          } else {
            table.delete(hash, slot)
            slots.delete(slot)
          }
        }
        for (const [hash, slots] of model) {
          expect(sorted(table.candidates(hash))).toEqual(sorted(slots))
          for (let slot = 0; slot < 10; slot++) {
            expect(table.find(hash, (one) => one === slot)).toBe(slots.has(slot) ? slot : undefined)
          }
        }
        expect(table.size).toBe([...model.values()].reduce((sum, { size }) => sum + size, 0))
        expect([...table.slots()]).toHaveLength(table.size)
      }),
    )
  })

  test('in a set are those that were added, also when they are many', () => {
    const set = new SlotSet()
    const model = new Set<number>()
    let seed = 3
    for (let i = 0; i < 20_000; i++) {
      seed = (seed * 16_807) % 2_147_483_647
      const slot = seed % 3000
      if (seed % 5 < 3) {
        set.add(slot)
        model.add(slot)
      } else {
        set.delete(slot)
        model.delete(slot)
      }
      if (i % 500 === 0) expect([set.size, ...sorted(set)]).toEqual([model.size, ...sorted(model)])
    }
    expect(sorted(set)).toEqual(sorted(model))
    expect(model.size).toBeGreaterThan(1000)
  })
})
