import { expect, test } from 'vitest'
import { health } from './health.ts'

const checks = [
  { name: 'storage', ok: true },
  { name: 'controllers', ok: false },
]
const query = (text: string) => new URLSearchParams(text)

test('all well is ok, and a list when asked', () => {
  expect(health('readyz', undefined, undefined, [checks[0]!])).toEqual({ code: 200, text: 'ok' })
  expect(health('readyz', undefined, query('verbose'), [checks[0]!]).text).toBe(
    '[+]ping ok\n[+]storage ok\nreadyz check passed\n',
  )
})

test('a failing check fails the whole, names itself and keeps its reason', () => {
  expect(health('readyz', undefined, undefined, checks)).toEqual({
    code: 500,
    text: '[+]ping ok\n[+]storage ok\n[-]controllers failed: reason withheld\nreadyz check failed\n',
  })
})

test('a check can be left out, and one that does not exist is named', () => {
  expect(health('readyz', undefined, query('exclude=controllers'), checks).code).toBe(200)
  expect(health('readyz', undefined, query('verbose&exclude=nothing'), [checks[0]!]).text).toContain(
    'warn: some health checks cannot be excluded: no matches for "nothing"',
  )
})

test('one check can be asked alone', () => {
  expect(health('readyz', 'storage', undefined, checks)).toEqual({ code: 200, text: 'ok' })
  expect(health('readyz', 'controllers', undefined, checks).code).toBe(500)
  expect(health('readyz', 'nothing', undefined, checks).code).toBe(404)
})
