import { expect, test } from 'vitest'
import type { Condition } from '../client/builtin.ts'
import { applyConditions } from './report.ts'

const at = (seconds: number) => Date.UTC(2026, 0, 1, 0, 0, seconds)

test('readiness turns: the time moves with the status only, and Reconciling and Stalled are there only while True', () => {
  const status: { conditions?: Condition[]; observedGeneration?: number } = {}
  const summary = () =>
    status.conditions?.map((c) => `${c.type}=${c.status} ${c.reason} ${c.lastTransitionTime.slice(17, 19)}`)

  applyConditions(status, { type: 'wait', reason: 'Creating', message: 'creating' }, 1, at(1))
  expect(summary()).toEqual(['Ready=False Creating 01', 'Reconciling=True Creating 01'])
  applyConditions(status, { type: 'wait', reason: 'Binding', message: 'binding' }, 1, at(2))
  expect(summary()).toEqual(['Ready=False Binding 01', 'Reconciling=True Binding 01'])
  applyConditions(status, { type: 'stalled', reason: 'Denied', message: 'denied' }, 2, at(3))
  expect(summary()).toEqual(['Ready=False Denied 01', 'Stalled=True Denied 03'])
  applyConditions(status, { type: 'done' }, 3, at(4))
  expect(summary()).toEqual(['Ready=True Ready 04'])
  applyConditions(status, { type: 'done' }, 4, at(5))
  expect(summary()).toEqual(['Ready=True Ready 04'])
  expect(status.observedGeneration).toBe(4)
  expect(status.conditions?.[0]?.observedGeneration).toBe(4)
})
