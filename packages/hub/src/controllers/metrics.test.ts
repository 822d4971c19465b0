import { expect, test } from 'vitest'
import { createMeter } from '@larder/engine/base/meter'
import type { Claim } from '../model/claim.ts'
import { countReports, HUB_INSTRUMENTS } from './metrics.ts'

const TO_READY = HUB_INSTRUMENTS.find(({ name }) => name === 'larder_claim_time_to_ready_seconds')!
const BORN = '2026-01-01T00:00:00Z'

const conditions = (status: 'True' | 'False') => [
  { type: 'Ready', status, reason: 'Any', message: '', lastTransitionTime: BORN },
]

test('a claim is Ready for the first time once, also when its Secret was taken from it in between', () => {
  const meter = createMeter()
  const report = countReports(meter, () => Date.parse(BORN) + 2000)
  const credential = { id: 'c-1', serial: 1, issuedAt: BORN }
  const ready = { conditions: conditions('True'), binding: { name: 'jar' }, credential }
  const taken = { conditions: conditions('False'), credential }
  const claim = (status: object): Claim => ({
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Claim',
    metadata: { name: 'jar', namespace: 'shop', creationTimestamp: BORN },
    spec: { className: 'jars' },
    status,
  })
  report(claim({}), ready)
  report(claim(ready), taken)
  report(claim(taken), ready)
  const counted = meter.samples(TO_READY, false).filter(({ suffix }) => suffix === '_count')
  expect(counted.map(({ value }) => value)).toEqual([1])
})
