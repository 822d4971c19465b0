import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@larder/engine/base/clock'
import { expect, test } from 'vitest'
import { createHubMetrics, INSTRUMENTS } from './metrics.ts'
import { API_METRIC_NAMES, metricsReference } from './metrics-reference.ts'

const CALL = {
  backend: 'secret-project',
  driver: 'process',
  verb: 'create',
  startedAt: 1000,
  endedAt: 1250,
  waitedMs: 5,
  code: 'ok',
  message: undefined,
  signal: new AbortController().signal,
}

test('who may read /metrics of the API sees names of backends; the plain port tells none, and sums', async () => {
  const metrics = createHubMetrics(systemClock)
  metrics.calls.backend('secret-project', true)
  metrics.calls.call(CALL)
  metrics.calls.call({ ...CALL, backend: 'other' })
  metrics.lead('larder-hub', () => true)
  const all = await (await metrics.api.registry()).metrics()
  expect(all).toContain('larder_backend_requests_total{backend="secret-project",operation="create",code="ok"} 1')
  expect(all).toContain('larder_backend_up{backend="secret-project"} 1')
  const { text } = await metrics.exposition()
  expect(text).toContain('larder_backend_requests_total{operation="create",code="ok"} 2')
  expect(text).toContain('leader_election_master_status{name="larder-hub"} 1')
  expect(text).toContain('larder_backend_request_duration_seconds_bucket{operation="create",le="0.25"} 2')
  expect(text).not.toContain('secret-project')
  metrics.api.close()
})

test('names and units are those that Prometheus expects, and each is declared once', async () => {
  const names = INSTRUMENTS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, type, help } of INSTRUMENTS) {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    if (type === 'histogram') expect(name).toMatch(/_seconds$/)
    expect(help).toMatch(/[.]$/)
  }
  const metrics = createHubMetrics(systemClock)
  const shown = (await metrics.exposition()).text.matchAll(/^# TYPE (\S+)/gm)
  expect(new Set([...shown].map(([, name]) => name))).toEqual(new Set([...names, ...API_METRIC_NAMES]))
  metrics.api.close()
})

test('docs/reference/metrics.md is made from the declarations', () => {
  const file = join(import.meta.dirname, '../../../../docs/reference/metrics.md')
  if (process.env['UPDATE_GOLDEN']) writeFileSync(file, metricsReference())
  expect(readFileSync(file, 'utf8')).toBe(metricsReference())
})
