import { expect, test } from 'vitest'
import { lookAgainMs, Waits } from './pace.ts'

/** When somebody who does as told has looked. */
function looks(untilMs: number, usuallyMs?: number): number {
  let count = 1
  for (let elapsedMs = 0; elapsedMs < untilMs; count++) elapsedMs += lookAgainMs(elapsedMs, usuallyMs)
  return count
}

test('what takes ten minutes costs hardly more looks than what takes one', () => {
  expect(looks(12_000)).toBeLessThanOrEqual(5)
  expect(looks(60_000)).toBeLessThanOrEqual(7)
  expect(looks(600_000)).toBeLessThanOrEqual(25)
})

test('where the usual time is known, most looks are left out', () => {
  expect(looks(60_000, 60_000)).toBeLessThanOrEqual(4)
  expect(looks(600_000, 600_000)).toBeLessThanOrEqual(23)
})

test('a clock of AWS that is ahead of ours makes nobody look without a pause', () => {
  expect(lookAgainMs(-60_000, undefined)).toBe(750)
})

test('a wait is counted from its beginning, and a later one of the same thing anew', () => {
  let nowMs = 0
  const waits = new Waits(() => nowMs)
  expect(waits.again('a', 'queue')).toBe(750)
  nowMs = 4_000
  expect(waits.again('a', 'queue')).toBe(6_400)
  expect(waits.again('b', 'queue')).toBe(750)
  expect(waits.again('a', 'queue', { sinceMs: 1_000 })).toBe(4_800)
  nowMs = 200_000
  expect(waits.again('b', 'queue')).toBe(750)
})

test('what took so long the last time is looked at then, and not before', () => {
  let nowMs = 0
  const waits = new Waits(() => nowMs)
  waits.again('first', 'queue')
  nowMs = 10_000
  waits.over('first')
  expect(waits.again('second', 'queue')).toBe(8_000)
  expect(waits.again('another', 'table')).toBe(750)
  expect(waits.again('known', 'queue', { usuallyMs: 20_000 })).toBe(16_000)
})
