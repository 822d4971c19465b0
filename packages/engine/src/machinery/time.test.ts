import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatMicroTime, formatTime, isZeroTime, parseTime } from './time.ts'

it.each<[string, string]>([
  ['2024-02-29T03:04:05Z', '2024-02-29T03:04:05.000000Z'],
  ['2024-02-29T03:04:05.9876543Z', '2024-02-29T03:04:05.987654Z'],
  ['2024-01-01T01:30:00+02:00', '2023-12-31T23:30:00.000000Z'],
  ['1969-12-31T23:59:59.5-00:30', '1970-01-01T00:29:59.500000Z'],
  ['0099-01-01T00:00:00Z', '0099-01-01T00:00:00.000000Z'],
])('%s is %s', (text, expected) => {
  const { seconds, micros } = parseTime(text)!
  expect(formatMicroTime(seconds, micros)).toBe(expected)
  expect(formatTime(seconds)).toBe(`${expected.slice(0, 19)}Z`)
})

it.each([
  '2023-02-29T00:00:00Z',
  '2024-13-01T00:00:00Z',
  '2024-01-01T24:00:00Z',
  '2024-01-01T00:00:60Z',
  '2024-01-01 00:00:00Z',
  '2024-01-01T00:00:00',
  '2024-01-01T00:00:00+2:00',
  '',
])('%s is no time', (text) => {
  expect(parseTime(text)).toBeUndefined()
})

it('the zero time of Go is known', () => {
  expect(isZeroTime(parseTime('0001-01-01T00:00:00Z')!.seconds)).toBe(true)
  expect(isZeroTime(parseTime('1970-01-01T00:00:00Z')!.seconds)).toBe(false)
})

it('what was formatted is read back as the same moment', () => {
  const moment = fc.record({
    seconds: fc.integer({ min: -62135596800, max: 253402300799 }),
    micros: fc.integer({ min: 0, max: 999_999 }),
  })
  fc.assert(
    fc.property(moment, ({ seconds, micros }) => {
      expect(parseTime(formatMicroTime(seconds, micros))).toEqual({ seconds, micros })
    }),
  )
})
