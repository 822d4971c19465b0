import { expect, test } from 'vitest'
import { age, formatAge } from './age.ts'

const [second, minute, hour, day] = [1, 60, 3600, 86400]
test.each([
  [0, '0s'],
  [-1, '0s'],
  [-2, '<invalid>'],
  [5 * second, '5s'],
  [119 * second, '119s'],
  [2 * minute + 3, '2m3s'],
  [9 * minute, '9m'],
  [10 * minute + 5, '10m'],
  [179 * minute, '179m'],
  [3 * hour + 12 * minute, '3h12m'],
  [7 * hour, '7h'],
  [8 * hour + 5 * minute, '8h'],
  [47 * hour, '47h'],
  [2 * day + 4 * hour, '2d4h'],
  [8 * day + 4 * hour, '8d'],
  [30 * day, '30d'],
  [729 * day, '729d'],
  [730 * day, '2y'],
  [(2 * 365 + 40) * day, '2y40d'],
  [(8 * 365 + 40) * day, '8y'],
])('%i seconds are shown as %s', (seconds, expected) => {
  expect(formatAge(seconds * 1000)).toBe(expected)
})

test('a time that is none, or absent, is said so', () => {
  const nowMs = Date.UTC(2026, 0, 1, 0, 0, 30)
  expect(age('2026-01-01T00:00:00Z', nowMs)).toBe('30s')
  expect(age('2026-01-01T01:00:00+01:00', nowMs)).toBe('30s')
  expect(age('yesterday', nowMs)).toBe('<invalid>')
  expect(age(undefined, nowMs)).toBe('<unknown>')
  expect(age('0001-01-01T00:00:00Z', nowMs)).toBe('<unknown>')
})
