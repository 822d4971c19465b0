/** What is saved and restored goes on as the original does: the same operations on both give the same answers. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../json.ts'
import { Arena } from './arena.ts'
import { IndexTable } from './index-table.ts'
import { PackedJson } from './json.ts'
import { Shapes } from './shapes.ts'
import { SlotSet } from './slot-set.ts'
import { SlotsByHash } from './slots-by-hash.ts'
import { reread } from './testing/reread.ts'
import { MAX_WORDS, Words } from './words.ts'

const runs = { numRuns: 60 }

const underHashes = (table: SlotsByHash) => [
  table.size,
  ...Array.from({ length: 17 }, (_, i) => table.candidates(i - 8)),
]
const underValues = (table: IndexTable) => [...table.counts()].map(([value]) => [value, table.slots(value)])
const meet = (words: Words, text: string) => words.numberOf(text) ?? words.meet(text)

function contentOf(arena: Arena, taken: Map<number, number>, lengths: Map<number, number>): unknown[] {
  const records = [...taken].map(([which, slot]) => {
    if (!arena.has(slot)) return [which, arena.isTaken(slot)]
    const start = arena.startOf(slot)
    return [which, arena.bufferOf(slot).toString('latin1', start, start + lengths.get(which)!)]
  })
  return [...records, ...Array.from({ length: arena.end }, (_, slot) => arena.isTaken(slot))]
}

describe('an arena', () => {
  const length = fc.oneof(fc.nat(200), fc.nat(20_000), fc.constantFrom(131_066, 131_072, 300_000))
  const step = fc.record({
    what: fc.constantFrom('put', 'put', 'put', 'clear', 'release'),
    which: fc.nat(40),
    length,
    fill: fc.nat(255),
  })
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

  /** Says where it went, too: slots and what is held must stay the same. */
  function take(arena: Arena, taken: Map<number, number>, { what, which, length, fill }: Step): unknown {
    const slot = taken.get(which)
    if (what === 'put') {
      const to = slot ?? arena.take()
      taken.set(which, to)
      arena.set(to, Buffer.alloc(length, fill), length)
    } else if (slot === undefined) return undefined
    else if (what === 'clear') arena.clear(slot)
    else {
      arena.release(slot)
      taken.delete(which)
    }
    return [taken.get(which), arena.end, arena.heldBytes]
  }

  test('has the same records in the same places, and moves them alike', () => {
    const steps = fc.array(step, { maxLength: 150, size: 'max' })
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const arena = new Arena()
        const taken = new Map<number, number>()
        const lengths = new Map<number, number>()
        for (const each of before) {
          take(arena, taken, each)
          if (each.what === 'put') lengths.set(each.which, each.length)
        }
        const restored = reread(arena.save(), (state) => Arena.restored(state))
        const takenThere = new Map(taken)
        expect(restored.heldBytes).toBe(arena.heldBytes)
        expect(contentOf(restored, takenThere, lengths)).toEqual(contentOf(arena, taken, lengths))
        for (const each of after) {
          expect(take(restored, takenThere, each)).toEqual(take(arena, taken, each))
          if (each.what === 'put') lengths.set(each.which, each.length)
        }
        expect(contentOf(restored, takenThere, lengths)).toEqual(contentOf(arena, taken, lengths))
      }),
      runs,
    )
  })

  test('holds each chunk in memory of its own', () => {
    const arena = new Arena()
    for (let i = 0; i < 400; i++) arena.set(arena.take(), Buffer.alloc(1000, i), 1000)
    const restored = reread(arena.save(), (state) => Arena.restored(state))
    const memories = new Set(Array.from({ length: 400 }, (_, slot) => restored.bufferOf(slot).buffer))
    expect([...memories].map(({ byteLength }) => byteLength)).toEqual([131_072, 131_072, 131_072, 131_072])
  })
})

describe('slots', () => {
  const step = fc.record({ add: fc.boolean(), hash: fc.integer({ min: -8, max: 8 }), slot: fc.nat(60) })
  const steps = fc.array(step, { maxLength: 300, size: 'max' })

  test('by hash', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const table = new SlotsByHash()
        const take = (of: SlotsByHash, { add, hash, slot }: (typeof before)[0]) =>
          add ? of.add(hash, slot) : of.delete(hash, slot)
        for (const each of before) take(table, each)
        const restored = reread(table.save(), (state) => SlotsByHash.restored(state))
        expect(underHashes(restored)).toEqual(underHashes(table))
        for (const each of after) for (const of of [table, restored]) take(of, each)
        expect(underHashes(restored)).toEqual(underHashes(table))
      }),
      runs,
    )
  })

  test('in a set, few and many', () => {
    const some = fc.array(fc.record({ add: fc.boolean(), from: fc.nat(3000), count: fc.nat(400) }), { maxLength: 8 })
    fc.assert(
      fc.property(some, some, (before, after) => {
        const set = new SlotSet()
        const take = (of: SlotSet, { add, from, count }: (typeof before)[0]) => {
          for (let slot = from; slot < from + count; slot++) {
            if (add) of.add(slot)
            else of.delete(slot)
          }
        }
        for (const each of before) take(set, each)
        const restored = reread(set.save(), (state) => SlotSet.restored(state))
        expect([restored.size, ...restored]).toEqual([set.size, ...set])
        for (const each of after) for (const of of [set, restored]) take(of, each)
        expect([restored.size, ...restored]).toEqual([set.size, ...set])
      }),
      runs,
    )
  })

  test('by value, common and rare', () => {
    // Beyond a thousand values the rare ones are kept by their hash.
    const change = fc.record({ slot: fc.nat(1500), value: fc.oneof(fc.nat(3), fc.nat(2000)) })
    const changes = fc.array(change, { maxLength: 2500, size: 'max' })
    fc.assert(
      fc.property(changes, changes, fc.nat(1300), (before, after, filled) => {
        const values = Array.from({ length: 1501 }, (_, i) => (i < filled ? `own-${i}` : 'shared'))
        const valuesOf = (slot: number) => [values[slot]!]
        const table = new IndexTable(valuesOf)
        for (const [slot, value] of values.entries()) table.enter(value, slot)
        const change = (tables: readonly IndexTable[], { slot, value }: (typeof before)[0]) => {
          for (const each of tables) each.leave(values[slot]!, slot)
          values[slot] = `value-${value}`
          for (const each of tables) each.enter(values[slot], slot)
        }
        for (const each of before) change([table], each)
        const restored = reread(table.save(), (state) => IndexTable.restored(state, valuesOf))
        expect(underValues(restored)).toEqual(underValues(table))
        for (const each of after) change([table, restored], each)
        expect(underValues(restored)).toEqual(underValues(table))
      }),
      { numRuns: 15 },
    )
  })
})

describe('words and shapes', () => {
  test('keep their numbers, and give the next ones to others', () => {
    const word = fc.stringMatching(/^[a-d]{3,4}$/)
    const texts = fc.array(word, { maxLength: 600, size: 'max' })
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const words = new Words()
        for (const text of before) meet(words, text)
        const known = new Map(before.map((text) => [text, words.numberOf(text)]))
        const restored = reread(words.save(), (state) => Words.restored(state))
        for (const text of after) meet(restored, text)
        const numbers = new Map<number, string>()
        for (const text of new Set([...before, ...after])) {
          const number = restored.numberOf(text)
          if (known.get(text) !== undefined) expect(number).toBe(known.get(text))
          if (number === undefined) continue
          expect([restored.wordOf(number), numbers.get(number)]).toEqual([text, undefined])
          numbers.set(number, text)
        }
        expect([...numbers.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: numbers.size }, (_, i) => i))
      }),
      runs,
    )
  })

  test('are not more than there are numbers for, also over many restarts', () => {
    let words = new Words()
    for (let i = 0; i < MAX_WORDS + 500; i++) {
      for (let times = 0; times < 8; times++) words.meet(`word-${i}`)
      if (i % 4000 === 0) words = reread(words.save(), (state) => Words.restored(state))
    }
    expect(words.wordOf(MAX_WORDS - 1)).toBe(`word-${MAX_WORDS - 1}`)
    expect(words.numberOf(`word-${MAX_WORDS}`)).toBeUndefined()
  })

  test('shapes are counted on from where they were', () => {
    const keys = fc.array(fc.constantFrom('a', 'b', 'c', '__proto__', ''), { maxLength: 3 })
    const met = fc.array(keys, { maxLength: 300, size: 'max' })
    fc.assert(
      fc.property(met, met, (before, after) => {
        const shapes = new Shapes()
        for (const each of before) shapes.numberOf(each)
        const restored = reread(shapes.save(), (state) => Shapes.restored(state))
        for (const each of [...before, ...after]) {
          const number = shapes.numberOf(each)
          expect(restored.numberOf(each)).toBe(number)
          if (number !== undefined) expect([restored.keysOf(number), shapes.keysOf(number)]).toEqual([each, each])
        }
      }),
      runs,
    )
  })

  test('read what was packed before, and what is packed after', () => {
    const key = fc.constantFrom('kind', 'name', 'labels', '__proto__', 'é')
    const text = fc.oneof(fc.stringMatching(/^[a-c]{3}$/), fc.string({ unit: 'binary', maxLength: 8 }), fc.uuid())
    const json = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.integer(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    })).value
    const values = fc.array(json, { maxLength: 6 })
    fc.assert(
      fc.property(values, values, (before, after) => {
        const packed = new PackedJson()
        const bytes: [Json, Buffer][] = []
        const pack = (by: PackedJson, value: Json) => {
          by.writer.clear()
          by.write(value)
          bytes.push([value, Buffer.from(by.writer.buffer.subarray(0, by.writer.length))])
        }
        // As often as it takes to learn most, and not all.
        for (let round = 0; round < 8; round++) for (const value of before) pack(packed, value)
        const restored = reread(packed.save(), (state) => PackedJson.restored(state))
        for (let round = 0; round < 10; round++) for (const value of [...after, ...before]) pack(restored, value)
        for (const [value, each] of bytes) {
          restored.reader.start(each, 0)
          expect(restored.read()).toStrictEqual(JSON.parse(JSON.stringify(value)))
        }
      }),
      runs,
    )
  })
})
