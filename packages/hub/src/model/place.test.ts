import { describe, expect, test } from 'vitest'
import { placeAt, pointerProblem } from './place.ts'

describe('a value is put at its place', () => {
  test.each([
    ['into nothing', {}, '/password', { password: 'x' }],
    ['beside others', { a: 1 }, '/password', { a: 1, password: 'x' }],
    ['over what is there', { password: 'old' }, '/password', { password: 'x' }],
    ['below what is missing', {}, '/admin/password', { admin: { password: 'x' } }],
    ['first of a new list', {}, '/passwords/0', { passwords: ['x'] }],
    ['next in a list', { passwords: ['a'] }, '/passwords/1', { passwords: ['a', 'x'] }],
    ['at the end of a list, not beyond it', { passwords: ['a'] }, '/passwords/9', { passwords: ['a', 'x'] }],
    ['inside an item', { users: [{ name: 'a' }] }, '/users/0/password', { users: [{ name: 'a', password: 'x' }] }],
    ['under a key that is a number', { ports: {} }, '/ports/0', { ports: { '0': 'x' } }],
    ['under a key with a slash', {}, '/a~1b/c~0d', { 'a/b': { 'c~d': 'x' } }],
  ])('%s', (_, whole, pointer, expected) => {
    const before = JSON.stringify(whole)
    expect(placeAt(whole, pointer, 'x')).toEqual(expected)
    expect(JSON.stringify(whole)).toBe(before)
  })

  test('also where the name is one of every object', () => {
    const made = placeAt({}, '/__proto__/polluted', 'x')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.keys(made)).toEqual(['__proto__'])
  })
})

test.each(['', 'password', '/', '/a//b', '/a~2'])('%j is no place', (pointer) =>
  expect(pointerProblem(pointer)).toContain('JSON Pointer'),
)
