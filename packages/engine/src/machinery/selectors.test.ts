import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { labelSelectorOf, matchesFields, parseFieldSelector, parseLabelSelector } from './selectors.ts'
import { isApiError } from './status.ts'

const messageOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (isApiError(error, 'BadRequest') && error.code === 400) return error.message
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('label selectors', () => {
  const labels = { a: 'b', tier: 'web', 'example.com/zone': 'x1', n: '10', empty: '' }
  test.each([
    ['', true],
    ['a=b', true],
    ['a==b', true],
    ['a!=b', false],
    ['missing!=b', true],
    ['a in (x, b)', true],
    ['a notin (x,b)', false],
    ['missing notin (x)', true],
    ['a', true],
    ['!a', false],
    [' a = b , tier in ( web ) ,!zzz', true],
    ['example.com/zone=x1', true],
    ['empty=', true],
    ['empty in (,)', true],
    ['empty in (a,)', true],
    ['n>9', true],
    ['n<9', false],
    ['a>9', false],
    ['in=b', false],
    [
      'a in ()',
      "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    ],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a=b,', "found '', expected: identifier after ','"],
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in x', "unable to parse requirement: found 'x' expected: '('"],
    ['a in (x', "unable to parse requirement: found '', expected: ',' or ')'"],
    [
      'a>b',
      "unable to parse requirement: values: Invalid value: [\"b\"]: for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])('%j selects %j', (text, expected) => {
    if (typeof expected === 'boolean') expect(parseLabelSelector(text).matches(labels)).toBe(expected)
    else expect(messageOf(() => parseLabelSelector(text))).toBe(expected)
  })

  test('a bad key and a bad value are named', () => {
    expect(messageOf(() => parseLabelSelector('-a=b'))).toMatch(
      /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric/,
    )
    expect(messageOf(() => parseLabelSelector('a=b@'))).toMatch(
      /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "b@": a valid label must be an empty string or consist of/,
    )
  })

  test('an absent selector of an object selects nothing, an empty one everything', () => {
    expect(labelSelectorOf(undefined).matches({})).toBe(false)
    expect(labelSelectorOf({}).matches({})).toBe(true)
    expect(labelSelectorOf({ matchLabels: { a: 'b' } }).matches({ a: 'b', c: 'd' })).toBe(true)
    expect(() => labelSelectorOf({ matchExpressions: [{ key: 'a', operator: 'Like' }] })).toThrow(
      '"Like" is not a valid label selector operator',
    )
  })

  test('agree with a plain model, written as text and as an object', () => {
    const word = fc.constantFrom('a', 'b', 'in', 'notin', 'x-1', 'y.z')
    const requirement = fc.record({
      key: word,
      operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
      values: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
    })
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), fc.dictionary(word, word), (requirements, labels) => {
        const expected = requirements.every(({ key, operator, values }) => {
          const has = Object.hasOwn(labels, key)
          const among = has && values.includes(labels[key]!)
          return { In: among, NotIn: !among, Exists: has, DoesNotExist: !has }[operator]
        })
        const text = requirements.map(({ key, operator, values }) =>
          operator === 'Exists'
            ? key
            : operator === 'DoesNotExist'
              ? `!${key}`
              : `${key} ${operator.toLowerCase()} (${values.join(',')})`,
        )
        expect(parseLabelSelector(text.join(',')).matches(labels)).toBe(expected)
        const matchExpressions = requirements.map(({ key, operator, values }) => ({
          key,
          operator,
          values: operator.endsWith('In') ? values : [],
        }))
        expect(labelSelectorOf({ matchExpressions }).matches(labels)).toBe(expected)
      }),
    )
  })
})

const valueOf = (field: string) => (field === 'a' ? 'b' : undefined)

describe('field selectors', () => {
  test.each([
    ['', []],
    ['a=b', [{ field: 'a', operator: '=', value: 'b' }]],
    [
      'a==b,c!=d',
      [
        { field: 'a', operator: '=', value: 'b' },
        { field: 'c', operator: '!=', value: 'd' },
      ],
    ],
    ['metadata.name=x\\,y\\=\\\\', [{ field: 'metadata.name', operator: '=', value: 'x,y=\\' }]],
    ['a=', [{ field: 'a', operator: '=', value: '' }]],
  ])('%j is read', (text, expected) => {
    expect(parseFieldSelector(text)).toEqual(expected)
  })

  test('a term without an operator and a bad escape are refused', () => {
    expect(messageOf(() => parseFieldSelector('a=b,foo'))).toBe("invalid selector: 'a=b,foo'; can't understand 'foo'")
    expect(messageOf(() => parseFieldSelector('a=b\\n'))).toBe('invalid field selector: invalid escape sequence: \\n')
  })

  test('an absent field reads as empty', () => {
    expect(matchesFields(parseFieldSelector('a=b,c='), valueOf)).toBe(true)
    expect(matchesFields(parseFieldSelector('c!='), valueOf)).toBe(false)
  })
})
