import { assert, constantFrom, property, stringMatching, tuple, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import { SortedKeys } from './keys.ts'

const listed = (keys: SortedKeys, prefix: string, after?: string): string[] =>
  keys.spans(prefix, after).flatMap((span) => span.keys.slice(span.from, span.to))

const letters = stringMatching(/^[a-c]{1,6}$/)
const aKey = tuple(constantFrom('pods', 'secrets'), constantFrom('a', 'b', 'bb'), letters)

test('any keys, loaded and added and deleted in any order, are listed in their order behind any prefix and key', () => {
  const keysOf = (size: number) =>
    uniqueArray(
      aKey.map((parts) => `/core/${parts.join('/')}`),
      { maxLength: size, size: 'max' },
    )
  assert(
    property(keysOf(3000), keysOf(3000), keysOf(2000), aKey, (loaded, added, deleted, [resource, namespace, name]) => {
      const keys = new SortedKeys()
      const model = new Set(loaded)
      for (const key of loaded) keys.addUnsorted(key)
      for (const key of added) {
        if (!model.has(key)) keys.add(key)
        model.add(key)
      }
      for (const key of deleted) {
        keys.delete(key)
        model.delete(key)
      }
      const all = [...model].sort()
      for (const prefix of ['/', `/core/${resource}/`, `/core/${resource}/${namespace}/`]) {
        const under = all.filter((key) => key.startsWith(prefix))
        expect(listed(keys, prefix)).toEqual(under)
        const after = `/core/${resource}/${namespace}/${name}`
        if (!after.startsWith(prefix)) continue
        expect(listed(keys, prefix, after)).toEqual(under.filter((key) => key > after))
      }
    }),
    { numRuns: 30 },
  )
})
