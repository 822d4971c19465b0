import { expect, test } from 'vitest'
import { counter, createMeter, gauge, histogram } from './meter.ts'

test('a histogram counts each value in all buckets that it fits', () => {
  const meter = createMeter()
  const took = histogram('took_seconds', 'Time.', ['step'], [1, 10])
  for (const seconds of [0.5, 1, 2, 100]) meter.observe(took, ['bind'], seconds)
  expect(meter.samples(took, false).map((s) => [s.suffix, s.labels['le'], s.value])).toEqual([
    ['_bucket', '1', 2],
    ['_bucket', '10', 3],
    ['_bucket', '+Inf', 4],
    ['_sum', undefined, 103.5],
    ['_count', undefined, 4],
  ])
})

test('where anybody may read, names are left out and what they name is summed', () => {
  const meter = createMeter()
  const calls = counter('calls_total', 'Calls.', ['backend*', 'code'])
  meter.add(calls, ['aws', 'ok'])
  meter.add(calls, ['gcp', 'ok'], 2)
  meter.add(calls, ['gcp', 'denied'])
  expect(meter.samples(calls, true)).toEqual([
    { suffix: '', labels: { code: 'ok' }, value: 3 },
    { suffix: '', labels: { code: 'denied' }, value: 1 },
  ])
  expect(meter.samples(calls, false)).toHaveLength(3)
})

test('labels without bound do not fill the memory', () => {
  const meter = createMeter()
  const calls = counter('calls_total', 'Calls.', ['who'])
  for (let i = 0; i < 5000; i++) meter.add(calls, [`user-${i}`])
  const samples = meter.samples(calls, false)
  expect(samples.length).toBeLessThanOrEqual(2001)
  expect(samples.at(-1)).toEqual({ suffix: '', labels: { who: 'other' }, value: 3000 })
})

test('a gauge that is counted when it is read shows what is there then', () => {
  const meter = createMeter()
  const claims = gauge('claims', 'Claims.', ['state'])
  let states = ['ready', 'ready']
  const end = meter.onRead(() => {
    meter.reset(claims)
    for (const state of states) meter.add(claims, [state])
  })
  meter.read()
  expect(meter.samples(claims, false)).toEqual([{ suffix: '', labels: { state: 'ready' }, value: 2 }])
  states = ['lost']
  meter.read()
  expect(meter.samples(claims, false)).toEqual([{ suffix: '', labels: { state: 'lost' }, value: 1 }])
  end()
})
