import { expect, test } from 'vitest'
import { CommandFailed, EXIT } from './failure.ts'
import { elapsed, failureText, parseDuration } from './terminal.ts'

const failure = new CommandFailed(EXIT.failed, 'it broke', { why: 'a stone', next: 'another stone' })

test('on a terminal an error has colour, elsewhere it is plain lines', () => {
  expect(failureText(failure, { colour: true })).toBe(
    '\u001b[31merror:\u001b[0m it broke\n  why:   a stone\n  next:  another stone\n',
  )
  expect(failureText(failure, { colour: false })).toBe('error: it broke\n  why:   a stone\n  next:  another stone\n')
})

test.each([
  [40, '0.04s'],
  [12_345, '12.3s'],
  [220_000, '3m40s'],
])('%i ms is shown as %s', (ms, text) => {
  expect(elapsed(ms)).toBe(text)
})

test('lengths of time have a unit, or are seconds', () => {
  expect([parseDuration('90', 'timeout'), parseDuration('1.5m', 'timeout')]).toEqual([90_000, 90_000])
  expect(() => parseDuration('soon', 'timeout')).toThrow('--timeout: "soon" is no length of time')
})
