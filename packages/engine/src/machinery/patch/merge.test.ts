import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { freezeJson, isObject, type Json } from '../../base/json.ts'
import { mergePatch } from './merge.ts'

test.each<[Json, Json, Json]>([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: 'foo' }, null, null],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ n: 1 }, { n: 9007199254740993n }, { n: 9007199254740993n }],
])('%o patched with %o', (target, patch, expected) => {
  expect(mergePatch(freezeJson(target), freezeJson(patch))).toEqual(expected)
})

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, true, 1, 'x', 2n ** 60n),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('value'), { maxKeys: 3 }),
  ),
})).value

/** The RFC's own pseudo code, on maps. */
function model(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result = new Map<string, Json>(isObject(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key)
    else result.set(key, model(result.get(key), value))
  }
  return Object.fromEntries(result)
}

test('agrees with the pseudo code of the RFC and changes no argument', () => {
  fc.assert(
    fc.property(json, json, (target, patch) => {
      expect(mergePatch(freezeJson(target), freezeJson(patch))).toEqual(model(target, patch))
    }),
  )
})
