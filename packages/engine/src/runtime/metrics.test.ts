import { expect, test } from 'vitest'
import { createMeter } from '../base/meter.ts'
import { countRuntime, RUNTIME_INSTRUMENTS } from './metrics.ts'

test('passes are counted by controller and result, in the words of controller-runtime', () => {
  const meter = createMeter()
  const metrics = countRuntime(meter)
  metrics.pass('claim', 'done', 0.5)
  metrics.pass('claim', 'done', 0.25)
  metrics.pass('claim', 'stalled', 0.25)
  metrics.depth('claim', 3)
  const lines = RUNTIME_INSTRUMENTS.flatMap((instrument) =>
    meter
      .samples(instrument, true)
      .filter(({ suffix }) => suffix === '' || suffix === '_count')
      .map(({ suffix, labels, value }) => `${instrument.name}${suffix} ${Object.values(labels).join(' ')} ${value}`),
  )
  expect(lines).toEqual([
    'controller_runtime_reconcile_total claim success 2',
    'controller_runtime_reconcile_total claim error 1',
    'controller_runtime_reconcile_errors_total claim 1',
    'controller_runtime_terminal_reconcile_errors_total claim 1',
    'controller_runtime_reconcile_time_seconds_count claim 3',
    'workqueue_depth claim claim 3',
    'workqueue_work_duration_seconds_count claim claim 3',
  ])
})
