import { deserialize, serialize } from 'node:v8'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freezeJson } from '../base/json.ts'
import { asJson, type KubeObject } from '../machinery/object.ts'
import { PackedJson } from '../base/packed/json.ts'
import { createStash, keyOf, type IndexFunction } from './stash.ts'

interface Shirt extends KubeObject {
  readonly colours: readonly string[]
}

function shirt(name: string, namespace: string, colours: readonly string[]): Shirt {
  const object = { apiVersion: 'v1', kind: 'Shirt', metadata: { name, namespace }, colours }
  freezeJson(asJson(object))
  return object
}

const WARM = 3
const byColour: IndexFunction<Shirt> = ({ colours }) => colours
const byCount: IndexFunction<Shirt> = ({ colours }) => [String(colours.length)]

function createShirts() {
  const packed = new PackedJson()
  return { packed, stash: createStash<Shirt>({ indexes: { colour: byColour }, warmObjects: WARM, packed }) }
}

/** What the next process makes of what this one has saved. */
function reread(
  { packed, stash }: ReturnType<typeof createShirts>,
  colour = byColour,
): ReturnType<typeof createShirts> {
  const [words, saved] = deserialize(serialize([packed.save(), stash.save()])) as [
    ReturnType<PackedJson['save']>,
    ReturnType<typeof stash.save>,
  ]
  const again = PackedJson.restored(words)
  return { packed: again, stash: createStash<Shirt>({ indexes: { colour }, warmObjects: WARM, packed: again, saved }) }
}
const byName = (shirts: readonly Shirt[]) => shirts.map((s) => JSON.stringify(s)).sort()

const step = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  namespace: fc.constantFrom('x', 'y'),
  colours: fc.option(fc.uniqueArray(fc.constantFrom('red', 'green', 'blue')), { nil: undefined }),
})

describe('the memory of an informer', () => {
  test('is a map with indexes, whatever of it is warm', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), fc.nat(60), fc.nat(9), (steps, later, end, pause) => {
        let shirts = createShirts()
        const model = new Map<string, Shirt>()
        for (const [i, { name, namespace, colours }] of steps.entries()) {
          if (i === end) shirts = reread(shirts)
          // Saved or not, asked for at once or after changes: an index finds the same.
          if (i === later || i === end + pause) shirts.stash.addIndex('count', byCount)
          const { stash } = shirts
          const key = keyOf(name, namespace)
          const before = model.get(key)
          if (colours) {
            const object = shirt(name, namespace, colours)
            expect(stash.put(object)).toEqual(before)
            model.set(key, object)
          } else {
            expect(stash.remove(key)).toEqual(before)
            model.delete(key)
          }
          const all = [...model.values()]
          expect(stash.get(name, namespace)).toEqual(model.get(key))
          expect([...stash.keys()].sort()).toEqual([...model.keys()].sort())
          expect(byName(stash.list())).toEqual(byName(all))
          expect(byName(stash.list('x'))).toEqual(byName(all.filter((s) => s.metadata.namespace === 'x')))
          for (const colour of ['red', 'green', 'blue']) {
            const worn = all.filter((s) => s.colours.includes(colour))
            expect(byName(stash.byIndex('colour', colour))).toEqual(byName(worn))
            expect(stash.counts('colour').get(colour) ?? 0).toBe(worn.length)
          }
          if (!stash.hasIndex('count')) continue
          expect(stash.counts('count').get('2') ?? 0).toBe(all.filter((s) => s.colours.length === 2).length)
        }
      }),
    )
  })

  test('gives frozen objects, also of what was cold', () => {
    const stash = createStash<Shirt>({ warmObjects: 1 })
    stash.put(shirt('a', 'x', ['red']))
    stash.put(shirt('b', 'x', []))
    const cold = stash.get('a', 'x')!
    expect(Object.isFrozen(cold.colours)).toBe(true)
    expect(stash.get('a', 'x')).toBe(cold)
  })

  test('finds each of many by a value of its own, few by one that few have, and counts them', () => {
    const stash = createStash<Shirt>({ indexes: { colour: ({ colours }) => colours }, warmObjects: WARM })
    for (let i = 0; i < 3000; i++) {
      stash.put(shirt(`s${i}`, 'x', [`own-${i}`, `pair-${i >> 1}`, `ten-${i % 300}`, 'all']))
    }
    const names = (colour: string) => stash.byIndex('colour', colour).map(({ metadata }) => metadata.name)
    expect(names('own-1234')).toEqual(['s1234'])
    expect(names('pair-617').sort()).toEqual(['s1234', 's1235'])
    expect(names('ten-34')).toHaveLength(10)
    expect(names('all')).toHaveLength(3000)
    const counts = stash.counts('colour')
    expect([counts.size, counts.get('own-7'), counts.get('pair-7'), counts.get('ten-7'), counts.get('all')]).toEqual([
      3000 + 1500 + 300 + 1,
      1,
      2,
      10,
      3000,
    ])
    stash.put(shirt('s1234', 'x', ['own-1234', 'new']))
    stash.remove('x/s1235')
    expect([names('own-1234'), names('pair-617'), names('new')]).toEqual([['s1234'], [], ['s1234']])
    expect(names('ten-34')).toHaveLength(9)
    expect(stash.counts('colour').get('all')).toBe(2998)
  })

  test('takes up its indexes where they were saved, without asking of each object anew', () => {
    const shirts = createShirts()
    shirts.stash.addIndex('count', byCount)
    for (let i = 0; i < 3000; i++) shirts.stash.put(shirt(`s${i}`, 'x', [`own-${i}`, 'all']))
    let asked = 0
    const counting: IndexFunction<Shirt> = (s) => {
      asked++
      return s.colours
    }
    const { stash } = reread(shirts, counting)
    stash.addIndex('count', (s) => {
      asked++
      return byCount(s)
    })
    expect([asked, stash.size, stash.counts('count').get('2')]).toEqual([0, 3000, 3000])
    expect(stash.byIndex('colour', 'own-1234').map(({ metadata }) => metadata.name)).toEqual(['s1234'])
  })

  test('an index that nobody declared is named', () => {
    expect(() => createStash<Shirt>().byIndex('size', 'm')).toThrow('no index "size"')
  })
})
