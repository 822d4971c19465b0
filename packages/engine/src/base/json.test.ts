import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson, parseOwnJson, stringifyJson, type Json } from './json.ts'

describe('what we wrote ourselves', () => {
  test('is read as any other text would be', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = stringifyJson(value as Json)
        expect(parseOwnJson(text)).toEqual(parseJson(text))
      }),
    )
  })

  test.each(['9007199254740993', '-9223372036854775808', '9223372036854775807'])('keeps all digits of %s', (whole) => {
    const value = { spec: [{ count: BigInt(whole) }] }
    expect(parseOwnJson(stringifyJson(value))).toEqual(value)
  })

  test('keeps a key that is called __proto__', () => {
    expect(stringifyJson(parseOwnJson('{"a":{"__proto__":{"b":1}}}'))).toBe('{"a":{"__proto__":{"b":1}}}')
  })
})
