import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { reread } from '../base/packed/testing/reread.ts'
import { SortedSlots } from './sorted-slots.ts'

const key = fc.stringMatching(/^[a-c]{1,7}$/)

test('any keys, loaded and added and deleted in any order, are listed in their order between any two', () => {
  const keys = (size: number) => fc.uniqueArray(key, { maxLength: size, size: 'max' })
  const bounds = fc.tuple(key, key)
  fc.assert(
    fc.property(
      keys(2000),
      keys(2000),
      keys(1500),
      fc.array(bounds, { maxLength: 5 }),
      (loaded, added, deleted, pairs) => {
        const bySlot: string[] = []
        const sorted = new SortedSlots((slot) => bySlot[slot]!)
        const model = new Set(loaded)
        for (const each of loaded) sorted.addUnsorted(bySlot.push(each) - 1)
        for (const each of added) {
          if (!model.has(each)) sorted.add(each, bySlot.push(each) - 1)
          model.add(each)
        }
        for (const each of deleted) {
          sorted.delete(each)
          model.delete(each)
        }
        const all = [...model].sort()
        expect(sorted.size).toBe(all.length)
        for (const [from, to] of [['', '\uffff'] as const, ...pairs]) {
          const between = all.filter((each) => each >= from && each < to)
          expect([...sorted.between(from, to)].map((slot) => bySlot[slot])).toEqual(between)
          expect(sorted.count(from, to)).toBe(between.length)
        }
      },
    ),
    { numRuns: 30 },
  )
})

test('keys that come in their order fill their blocks', () => {
  const bySlot = Array.from({ length: 5000 }, (_, i) => String(i).padStart(4, '0'))
  const sorted = new SortedSlots((slot) => bySlot[slot]!)
  for (const [slot, each] of bySlot.entries()) sorted.add(each, slot)
  expect([...sorted.between('1000', '2000')]).toEqual(Array.from({ length: 1000 }, (_, i) => 1000 + i))
})

test('keys that were saved and restored, sorted or not, stay in their order when others come and go', () => {
  const keys = fc.uniqueArray(key, { maxLength: 1500, size: 'max' })
  fc.assert(
    fc.property(keys, keys, keys, (loaded, added, changed) => {
      const bySlot: string[] = []
      const keyOf = (slot: number) => bySlot[slot]!
      const sorted = new SortedSlots(keyOf)
      const model = new Map<string, number>()
      const add = (each: string, to: readonly SortedSlots[]) => {
        const slot = bySlot.push(each) - 1
        model.set(each, slot)
        for (const one of to) one.add(each, slot)
      }
      for (const each of loaded) {
        model.set(each, bySlot.push(each) - 1)
        sorted.addUnsorted(model.get(each)!)
      }
      for (const each of added) if (!model.has(each)) add(each, [sorted])
      const restored = reread(sorted.save(), (state) => SortedSlots.restored(state, keyOf))
      for (const each of changed) {
        if (!model.delete(each)) add(each, [sorted, restored])
        else for (const one of [sorted, restored]) one.delete(each)
      }
      const all = [...model.keys()].sort().map((each) => model.get(each))
      for (const one of [sorted, restored]) {
        expect([...one.between('', '\uffff')]).toEqual(all)
        expect([one.size, one.count('', 'b')]).toEqual([
          all.length,
          [...model.keys()].filter((each) => each < 'b').length,
        ])
      }
    }),
    { numRuns: 30 },
  )
})
