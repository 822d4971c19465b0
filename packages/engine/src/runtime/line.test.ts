import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLine } from './line.ts'

test('the first of a line is who came first of those that never left, or have come again', () => {
  const step = fc.record({
    what: fc.constantFrom('add', 'add', 'take', 'delete'),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const line = createLine()
      const model = new Map<string, number>()
      for (const [at, { what, key }] of steps.entries()) {
        if (what === 'add' && !model.has(key)) {
          line.add(key, at)
          model.set(key, at)
        } else if (what === 'delete') {
          line.delete(key)
          model.delete(key)
        } else if (what === 'take') {
          const first = line.first()
          // Who left the middle and came again may have the old place.
          expect(first !== undefined && model.has(first)).toBe(model.size > 0)
          if (first !== undefined) {
            line.delete(first)
            model.delete(first)
          }
        }
        expect([line.size, line.since(key), line.has(key)]).toEqual([model.size, model.get(key), model.has(key)])
      }
    }),
  )
})

test('a long line is left in the order in which it was joined', () => {
  const line = createLine()
  const keys = Array.from({ length: 5000 }, (_, i) => `key-${i}`)
  for (const key of keys) line.add(key, 0)
  const left = []
  for (let first = line.first(); first !== undefined; first = line.first()) {
    left.push(first)
    line.delete(first)
  }
  expect(left).toEqual(keys)
})
