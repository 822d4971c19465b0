import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { equalJson, freezeJson, type Json } from '../../base/json.ts'
import { isApiError } from '../status.ts'
import { jsonPatch } from './json.ts'

const apply = (target: Json, ...patch: Json[]) => jsonPatch(freezeJson(target), patch)

function refusal(target: Json, ...patch: Json[]): string {
  try {
    apply(target, ...patch)
  } catch (error) {
    if (isApiError(error)) return `${error.code} ${error.message}`
    throw error
  }
  return 'applied'
}

describe('operations', () => {
  test.each<[Json, Json[], Json]>([
    [{ a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    [{ a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    [{ a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
    [{ a: [1, 2, 3] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 3] }],
    [{ a: { b: 1 } }, [{ op: 'replace', path: '/a/b', value: null }], { a: { b: null } }],
    [{ a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
    [{ a: [1, 2, 3] }, [{ op: 'move', from: '/a/0', path: '/a/2' }], { a: [2, 3, 1] }],
    [{ a: 1 }, [{ op: 'copy', from: '/a', path: '/b' }], { a: 1, b: 1 }],
    [{ 'x/y': { '~': 1 } }, [{ op: 'replace', path: '/x~1y/~0', value: 2 }], { 'x/y': { '~': 2 } }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 1 } }], { b: 1 }],
    [
      { a: 2n ** 60n, b: 5 },
      [
        { op: 'test', path: '/a', value: 2n ** 60n },
        { op: 'test', path: '/b', value: 5n },
      ],
      { a: 2n ** 60n, b: 5 },
    ],
    [{ a: { x: 1, y: [2] } }, [{ op: 'test', path: '/a', value: { y: [2], x: 1 } }], { a: { x: 1, y: [2] } }],
    [{}, [{ op: 'test', path: '/a', value: null }], {}],
  ])('%o with %o', (target, patch, expected) => {
    expect(apply(target, ...patch)).toEqual(expected)
  })

  const head = '422 the server rejected our request due to an error in our request:'
  test.each<[Json, Json[], string]>([
    [
      { a: 1 },
      [{ op: 'test', path: '/a', value: 2 }],
      `${head} test operation does not apply: testing path failed: "/a"`,
    ],
    [{}, [{ op: 'remove', path: '/a' }], `${head} remove operation does not apply: "/a" is not there: "/a"`],
    [
      {},
      [{ op: 'replace', path: '/a', value: 1 }],
      `${head} replace operation does not apply: "/a" is not there: "/a"`,
    ],
    [
      {},
      [{ op: 'add', path: '/a/b', value: 1 }],
      `${head} add operation does not apply: the parent of "/a/b" is not there: "/a/b"`,
    ],
    [
      { a: [] },
      [{ op: 'add', path: '/a/1', value: 1 }],
      `${head} add operation does not apply: "1" is no index of a list of 0: "/a/1"`,
    ],
    [
      { a: [1] },
      [{ op: 'add', path: '/a/00', value: 1 }],
      `${head} add operation does not apply: "00" is no index of a list of 1: "/a/00"`,
    ],
    [
      { a: {} },
      [{ op: 'move', from: '/a', path: '/a/b' }],
      `${head} move operation does not apply: "/a" cannot be moved into itself: "/a/b"`,
    ],
    [
      {},
      [{ op: 'add', path: 'a', value: 1 }],
      `${head} add operation does not apply: "a" is no JSON pointer: it must start with "/": "a"`,
    ],
    [
      {},
      [{ op: 'remove', path: '/toString' }],
      `${head} remove operation does not apply: "/toString" is not there: "/toString"`,
    ],
    [
      {},
      [{ op: 'merge', path: '/a' }],
      '400 error decoding patch: operation 0: op must be add, remove, replace, move, copy or test, not "merge"',
    ],
    [{}, [{ op: 'add', path: '/a' }], '400 error decoding patch: operation 0: add needs value'],
  ])('%o refuses %o', (target, patch, expected) => {
    expect(refusal(target, ...patch)).toBe(expected)
  })

  test('more than 10000 operations, or copies of more than 3 MiB, are refused', () => {
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} }))
    expect(refusal({}, ...many)).toBe('413 The allowed maximum operations in a JSON patch is 10000, got 10001')
    const bomb = [
      { op: 'add', path: '/a', value: ['x'.repeat(1000)] },
      ...Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' })),
    ]
    expect(refusal({}, ...bomb)).toContain('copies of this patch exceed the limit of 3145728 bytes')
  })

  test('what went wrong is told as a cause', () => {
    const patch = [{ op: 'test', path: '/a', value: 2 }]
    try {
      jsonPatch({ a: 1 }, patch)
      expect.unreachable()
    } catch (error) {
      if (!isApiError(error, 'Invalid')) throw error
      const message = 'test operation does not apply: testing path failed: "/a"'
      expect(error.toStatus().details).toEqual({ causes: [{ reason: 'UnexpectedServerResponse', message }] })
    }
  })

  test('a patch that is no list is refused', () => {
    expect(() => jsonPatch({}, { op: 'add' })).toThrow(
      'error decoding patch: a JSON patch must be a list of operations',
    )
  })
})

test('agrees with a mutable model on flat objects and lists', () => {
  const key = fc.constantFrom('a', 'b', 'c')
  const value = fc.constantFrom<Json>(1, 'x', null)
  const operation = fc.oneof(
    fc.record({ op: fc.constant('add'), path: key.map((k) => `/${k}`), value }),
    fc.record({ op: fc.constant('remove'), path: key.map((k) => `/${k}`) }),
    fc.record({ op: fc.constant('replace'), path: key.map((k) => `/${k}`), value }),
    fc.record({ op: fc.constant('add'), path: fc.nat(3).map((i) => `/list/${i}`), value }),
    fc.record({ op: fc.constant('remove'), path: fc.nat(3).map((i) => `/list/${i}`) }),
  )
  fc.assert(
    fc.property(fc.dictionary(key, value), fc.array(operation, { maxLength: 6 }), (flat, operations) => {
      const start = { ...flat, list: [0, 1] }
      const model = structuredClone(start) as Record<string, Json> & { list: Json[] }
      let good = true
      for (const { op, path, ...rest } of operations) {
        const index = path.startsWith('/list/') ? Number(path.slice(6)) : undefined
        const name = path.slice(1)
        const next = (rest as { value?: Json }).value as Json
        if (index !== undefined) {
          if (index > model.list.length - (op === 'add' ? 0 : 1)) good = false
          else if (op === 'add') model.list.splice(index, 0, next)
          else model.list.splice(index, 1)
        } else if (op !== 'add' && !Object.hasOwn(model, name)) good = false
        else if (op === 'remove') delete model[name]
        else model[name] = next
        if (!good) break
      }
      if (good) expect(equalJson(apply(start, ...operations), model)).toBe(true)
      else expect(refusal(start, ...operations)).toMatch(/^422 /)
    }),
  )
})
