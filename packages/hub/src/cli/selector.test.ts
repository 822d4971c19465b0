import { expect, test } from 'vitest'
import { EXIT } from './failure.ts'
import { labelsOf, selectorOf } from './selector.ts'

test('labels on the command line become the selector of an object', () => {
  expect(selectorOf('a=b,c in (d,e),!f,g', 'selector')).toEqual({
    matchLabels: { a: 'b' },
    matchExpressions: [
      { key: 'c', operator: 'In', values: ['d', 'e'] },
      { key: 'f', operator: 'DoesNotExist' },
      { key: 'g', operator: 'Exists' },
    ],
  })
})

test('labels that something has are equalities', () => {
  expect(labelsOf('a=b,c=d', 'selector')).toEqual({ a: 'b', c: 'd' })
  expect(() => labelsOf('a!=b', 'selector')).toThrow('labels are KEY=VALUE')
})

test.each(['a=b=c', 'a>1', '=', 'a in b'])('%s is a mistake in the command line', (text) => {
  expect(() => selectorOf(text, 'selector')).toThrow(expect.objectContaining({ code: EXIT.usage }) as Error)
})
