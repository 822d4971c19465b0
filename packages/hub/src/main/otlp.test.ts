/** Traces as whoever receives them sees them: by OTLP over HTTP, with the variables that docs/reference/traces.md names. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@larder/engine/base/clock'
import { jsonLog } from '@larder/engine/base/log'
import type { KubeObject } from '@larder/engine/machinery/object'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimKind } from '../model/claim.ts'
import { openTraces, type Traces } from './otlp.ts'

interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly resource: Readonly<Record<string, string>>
  readonly spans: readonly Readonly<Record<'traceId' | 'spanId' | 'parentSpanId' | 'name', string>>[]
}

const received: Received[] = []
const lines: string[] = []
const log = jsonLog({ level: 'info', write: (line) => lines.push(line), now: () => systemClock.now() })
const before = { ...process.env }
let receiver: Server
let endpoint: string

beforeEach(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push(read(request.url ?? '', request.headers, Buffer.concat(chunks).toString()))
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
})

afterEach(async () => {
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name]
  Object.assign(process.env, before)
  received.length = lines.length = 0
  await new Promise((resolve) => receiver.close(resolve))
})

function read(path: string, headers: IncomingHttpHeaders, body: string): Received {
  const { resourceSpans } = JSON.parse(body) as {
    resourceSpans: {
      resource: { attributes: { key: string; value: { stringValue: string } }[] }
      scopeSpans: { spans: Received['spans'] }[]
    }[]
  }
  return {
    path,
    headers,
    resource: Object.fromEntries(
      resourceSpans.flatMap(({ resource }) => resource.attributes.map(({ key, value }) => [key, value.stringValue])),
    ),
    spans: resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  }
}

const claim = (annotations: Record<string, string>): KubeObject => ({
  apiVersion: 'larder.dev/v1alpha1',
  kind: claimKind.kind,
  metadata: { name: 'cache', namespace: 'shop', uid: '6f1c', generation: 1, annotations },
})

async function opened(variables: Record<string, string>): Promise<Traces> {
  Object.assign(process.env, variables)
  return (await openTraces(process.env, systemClock, log))!
}

/** One span: that a claim was judged. */
const judged = (traces: Traces, object: KubeObject) =>
  traces.admission({ name: 'plugin', handles: () => true, review: async () => undefined }).review({ object })

test('nothing is opened without an endpoint', async () => {
  expect(await openTraces({}, systemClock, log)).toBeUndefined()
  expect(await openTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, systemClock, log)).toBeUndefined()
})

test('headers, resource and the name of the service are as the environment says', async () => {
  const traces = await opened({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=acme',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=laptop',
    OTEL_SERVICE_NAME: 'pantry',
  })
  await judged(traces, claim({}))
  await traces.close()
  expect(received).toHaveLength(1)
  expect(received[0]).toMatchObject({
    path: '/v1/traces',
    headers: { 'x-tenant': 'acme', 'content-type': 'application/json' },
    resource: { 'service.name': 'pantry', 'deployment.environment': 'laptop' },
  })
})

test('two hubs say the same trace and root of a claim, and a claim with a trace of somebody continues that', async () => {
  for (let hub = 0; hub < 2; hub++) {
    const traces = await opened({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
    await judged(traces, claim({}))
    await judged(traces, claim({ 'larder.dev/traceparent': `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }))
    await traces.close()
  }
  const [[own, theirs], [ownAgain, theirsAgain]] = received.map(({ spans }) => spans) as [
    Received['spans'],
    Received['spans'],
  ]
  expect(ownAgain).toMatchObject({ traceId: own!.traceId, parentSpanId: own!.parentSpanId })
  expect(ownAgain!.spanId).not.toBe(own!.spanId)
  for (const span of [theirs, theirsAgain]) expect(span).toMatchObject({ name: 'admission', traceId: 'a'.repeat(32) })
})

test('an endpoint that nobody serves is told in the log, and keeps no hub from ending', async () => {
  const traces = await opened({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_EXPORTER_OTLP_TIMEOUT: '500' })
  await judged(traces, claim({}))
  await traces.close()
  expect(lines.join('')).toMatch(/traces could not be sent.*ECONNREFUSED/)
})
