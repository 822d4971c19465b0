import { describe, expect, test } from 'vitest'
import type { Claim } from '../model/claim.ts'
import type { Instance, InstanceStep } from '../model/instance.ts'
import { duration, parseTook, renderTimeline, timelineOf } from './timeline.ts'

const T0 = Date.parse('2026-11-21T10:00:00Z')
const at = (ms: number) => new Date(T0 + ms).toISOString()

const step = (name: string, ms: number, more: Partial<InstanceStep> = {}): InstanceStep => ({
  name,
  startedAt: at(ms),
  attempts: 1,
  outcome: 'Done',
  ...more,
})

const claim = (ready: 'True' | 'False', since: number, reason = 'Ready') =>
  ({
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Claim',
    metadata: { name: 'cache', namespace: 'shop', creationTimestamp: at(0) },
    spec: { className: 'redis' },
    status: {
      ...(ready === 'True' && { credential: { id: 'c', serial: 1, issuedAt: at(since) } }),
      conditions: [{ type: 'Ready', status: ready, reason, message: 'm', lastTransitionTime: at(since) }],
    },
  }) as Claim

const instance = (...steps: InstanceStep[]) =>
  ({
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Instance',
    metadata: { name: 'i', namespace: 'larder-instances' },
    spec: {},
    status: { steps },
  }) as Instance

const names = (claimed: Claim, held?: Instance) => timelineOf(claimed, held).entries.map((entry) => entry.name)

describe('a claim and the steps of what it holds', () => {
  test('stand in the order of time, and what was reached in the second of a step stands behind it', () => {
    const held = instance(step('create', 91, { took: '66ms' }), step('Starting', 157, { took: '33ms' }))
    expect(names(claim('True', 0), held)).toEqual(['claimed', 'create', 'Starting', 'credentials', 'Ready'])
  })

  test('without the right to read the instance there is the claim alone', () => {
    expect(names(claim('True', 2000))).toEqual(['claimed', 'credentials', 'Ready'])
  })

  test('what is not Ready says since when and why', () => {
    const entries = timelineOf(claim('False', 0, 'ClassNotFound'), undefined).entries
    expect(entries.at(-1)).toEqual({ name: 'ClassNotFound', startedAt: at(0), message: 'm' })
  })
})

const shown = (held: Instance, now: number) =>
  renderTimeline(timelineOf(claim('False', 0, 'Provisioning'), held), T0 + now).split('\n')

describe('bars', () => {
  test('what runs is half filled and reaches the present, what failed is crossed out', () => {
    const lines = shown(
      instance(step('create', 0, { took: '1.0s', outcome: 'Failed' }), step('wait', 1000, { outcome: 'Running' })),
      2000,
    )
    expect(lines.find((line) => line.includes('create'))).toMatch(/ {3}✗{12} {15}1\.0s {3}Failed/)
    expect(lines.find((line) => line.includes('wait'))).toMatch(/ {15}▒{12} {3}1\.0s {3}Running/)
  })

  test('a change months later has a scale of its own', () => {
    const month = 30 * 86_400_000
    const lines = shown(
      instance(step('create', 0, { took: '2.0s' }), step('update', month, { took: '2.0s' })),
      month + 5000,
    )
    for (const name of ['create', 'update']) expect(lines.find((line) => line.includes(name))).toMatch(/█{24} {3}2\.0s/)
    expect(lines.find((line) => line.includes('update'))).toMatch(/^\+30d0h/)
  })
})

test.each([
  [412, '412ms'],
  [2400, '2.4s'],
  [220_000, '3m40s'],
  [3_600_000 * 2 + 300_000, '2h05m'],
  [86_400_000 * 3 + 3_600_000 * 4, '3d4h'],
])('%i ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test.each([
  ['412ms', 412],
  ['2.4s', 2400],
  ['3m40s', 220_000],
  ['soon', undefined],
])('a step that took %s took %s ms', (text, ms) => {
  expect(parseTook(text)).toBe(ms)
})
