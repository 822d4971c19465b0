import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { countMetrics } from './metrics.ts'

test('passes are counted by controller and result, also those before anybody scrapes', async () => {
  const metrics = countMetrics()
  metrics.pass('claim', 'done', 0.5)
  metrics.pass('claim', 'done', 0.25)
  const registry = new Registry()
  await metrics.register(registry)
  metrics.pass('claim', 'failed', 0.25)
  metrics.depth('claim', 3)
  for (let scrape = 0; scrape < 2; scrape++) {
    const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines).toEqual([
      'controller_passes_total{controller="claim",result="done"} 2',
      'controller_passes_total{controller="claim",result="failed"} 1',
      'controller_pass_seconds_total{controller="claim"} 1',
      'controller_queue_depth{controller="claim"} 3',
    ])
  }
})
