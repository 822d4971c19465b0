/** Counting by the second, with calls whose time is given. */
import { expect, test } from 'vitest'
import type { Call } from './call.ts'
import { Calls } from './calls.ts'
import { Quota } from './quota.ts'

const callAt = (atMs: number, accessKeyId = 'one'): Call => ({
  service: 'sqs',
  action: 'CreateQueue',
  region: 'us-west-2',
  accessKeyId,
  protocol: 'json',
  atMs,
  parameter: () => undefined,
})

const passed = (quota: Quota, times: readonly number[]) => times.filter((atMs) => quota.allows(callAt(atMs)))

test('a quota lets a burst pass, and then as many as come in again', () => {
  const quota = new Quota({ perSecond: 2, burst: 3 })
  expect(passed(quota, [0, 1, 2, 3, 4])).toEqual([0, 1, 2])
  expect(passed(quota, [400, 510, 700, 1020, 1021])).toEqual([510, 1020])
  // Never more than the burst, however quiet it was.
  expect(passed(quota, [60_000, 60_001, 60_002, 60_003])).toEqual([60_000, 60_001, 60_002])
})

test('each account has its own', () => {
  const quota = new Quota({ perSecond: 1 })
  expect([quota.allows(callAt(0)), quota.allows(callAt(0)), quota.allows(callAt(0, 'other'))]).toEqual([
    true,
    false,
    true,
  ])
})

test('what it is not for passes', () => {
  const quota = new Quota({ perSecond: 1, service: 'cloudformation' })
  expect(passed(quota, [0, 0, 0])).toHaveLength(3)
})

test('the busiest second is looked for at any place, and counts what was refused', () => {
  const calls = new Calls()
  expect(calls.busiestSecond()).toBe(0)
  for (const atMs of [0, 900, 999, 1000, 1899, 5000, 5001]) calls.add(callAt(atMs), 'refused')
  // From 900 to 1899: one at 1900 would be in the next.
  expect(calls.busiestSecond()).toBe(4)
  expect(calls.busiestSecond({ accessKeyId: 'other' })).toBe(0)
})
