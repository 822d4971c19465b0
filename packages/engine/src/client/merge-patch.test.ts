import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isObject, type Json, type JsonObject } from '../base/json.ts'
import { copyJson, mergePatchBetween } from './merge-patch.ts'

/** RFC 7386, section 2. */
function apply(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result: Record<string, Json> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = apply(result[key], value)
  }
  return result
}

/** Merge patches cannot say null, so neither do the objects. */
const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { noNullPrototype: true }),
  ),
})).value
const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value, {
  noNullPrototype: true,
}) as fc.Arbitrary<JsonObject>

describe('merge patch', () => {
  test('the patch between two objects makes one of the other', () => {
    fc.assert(
      fc.property(object, object, (before, after) => {
        expect(apply(before, mergePatchBetween(before, after))).toEqual(after)
      }),
    )
  })

  test('equal objects need no patch, undefined fields or not', () => {
    expect(mergePatchBetween({ a: { b: 1 } }, { a: { b: 1, c: undefined } } as never)).toEqual({})
    expect(mergePatchBetween({ n: 1n }, { n: 1 })).toEqual({})
  })

  test('a copy drops what the wire would drop and shares nothing', () => {
    const original = { a: undefined, list: [{ b: 1 }] }
    const copy = copyJson(original) as { list: { b: number }[] }
    expect(copy).toEqual({ list: [{ b: 1 }] })
    expect(Object.keys(copy)).toEqual(['list'])
    expect(copy.list[0]).not.toBe(original.list[0])
  })
})
