import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { oldestOf } from './oldest.ts'

test('the oldest is the first of those that are there, whatever was put in, renewed and taken out', () => {
  const step = fc.record({ what: fc.constantFrom('put', 'put', 'delete', 'take'), key: fc.nat(20) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new Map<number, string>()
      const oldest = oldestOf(map)
      for (const { what, key } of steps) {
        if (what === 'take') {
          const [first] = map.keys()
          expect(oldest()).toBe(first)
          if (first !== undefined) map.delete(first)
        } else {
          map.delete(key)
          if (what === 'put') map.set(key, 'x')
        }
      }
    }),
  )
})
