/**
 * One hub as it is started, with everything that tells switched on, and a driver that says secrets wherever it can. What was planted
 * must be in Secrets and nowhere else; and what is told must still be a whole story: the spans of a claim are one tree.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import { createApi } from '@larder/engine/apiserver/core/api'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import { jsonLog } from '@larder/engine/base/log'
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { createClient, type Client } from '@larder/engine/client/client'
import type { Manager } from '@larder/engine/runtime/manager'
import { findCondition } from '@larder/engine/runtime/conditions'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import { unavailable, type Driver } from '@larder/kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimAdmission, readThrough } from '../controllers/claim/admission.ts'
import { backendKind } from '../model/backend.ts'
import { claimKind, type Claim } from '../model/claim.ts'
import { classKind } from '../model/class.ts'
import { installHub } from '../samples/install.ts'
import { accountUser, hubUser } from '../samples/rbac.ts'
import { startControllers } from './controllers.ts'
import { createHubMetrics, type HubMetrics } from './metrics.ts'
import { openTraces, type Traces } from './otlp.ts'

const PLANTED = {
  account: 'account-4f1d!"x/y',
  password: 'password-9c22&z',
  state: 'state-token-77aa01',
}

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
}

const lines: string[] = []
const versions: object[] = []
const bodies: string[] = []
let receiver: Server
let admin: Client
let manager: Manager
let metrics: HubMetrics
let traces: Traces
let close: () => Promise<void>

/** Quotes what it was told in every text that it may say. */
function leakyDriver(): Driver {
  const made = new Set<string>()
  const users = new Set<string>()
  let refused = 0
  return {
    name: 'leaky',
    configSchema: { type: 'object' },
    recipeSchema: { type: 'object' },
    traits: () => ({ credentials: 'per-binding', provisions: true, observes: 'truth' }),
    connect: (_backend, { log }) => ({
      async probe() {
        log.info(`probing as ${PLANTED.account}`, { token: PLANTED.account })
        return { info: { user: `x:${PLANTED.account}`, [PLANTED.account]: encodeURIComponent(PLANTED.account) } }
      },
      async observe({ id, state }) {
        if (!made.has(id)) return { phase: 'absent' }
        const said = `${PLANTED.account} ${PLANTED.state}`
        const outside = { id, message: `seen as ${said}`, url: `https://${encodeURIComponent(PLANTED.account)}@x` }
        return { phase: 'ready', drift: [], outside, outputs: { said, state: state ?? '' }, state: PLANTED.state }
      },
      async create({ id }) {
        if (refused++ === 0) throw unavailable(`401 for ${PLANTED.account}`, new Error(`cause ${PLANTED.account}`))
        made.add(id)
        return { state: PLANTED.state, outside: { id, message: `made with ${PLANTED.state}` } }
      },
      async delete({ id }) {
        made.delete(id)
        return {}
      },
      async bind(_want, { id }) {
        if (!users.has(id)) {
          users.add(id)
          const base64 = Buffer.from(PLANTED.account).toString('base64')
          return { phase: 'changing', doing: 'Binding', message: `with ${PLANTED.account} ${base64}`, againMs: 1 }
        }
        return { phase: 'ready', values: { username: 'app', password: PLANTED.password }, state: PLANTED.state }
      },
      async unbind(_want, { id }) {
        if (users.delete(id)) throw unavailable(`cannot revoke ${Object.values(PLANTED).join(' ')}`)
        return { phase: 'gone' }
      },
    }),
  }
}

async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`waited for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString())
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`

  const clock = systemClock
  const log = jsonLog({ level: 'debug', write: (line) => lines.push(line), now: () => clock.now() })
  const store = openMemoryStore()
  store.watch({ prefix: '/', after: store.revision }, (events) => {
    for (const { document } of events) versions.push(document.object)
  })
  traces = (await openTraces(process.env, clock, log))!
  const admission = [traces.admission(claimAdmission(readThrough(() => admin)))]
  const api = await createApi({ store, clock, ids: randomIds, log, admission })
  admin = createClient(inProcessTransport(api, ADMIN))
  await installHub(admin)
  await admin.of(namespaceType).create({ metadata: { name: 'shop' } })
  metrics = createHubMetrics(clock)
  const driver = leakyDriver()
  manager = startControllers({
    client: createClient(metrics.measured(inProcessTransport(api, hubUser), 'in-process')),
    clock,
    log,
    metrics,
    traces,
    drivers: new Map([[driver.name, driver]]),
    transportOf: (account) => inProcessTransport(api, accountUser(account)),
  })
  await manager.ready()
  close = async () => {
    await manager.stop()
    metrics.api.close()
    await api.close()
  }
})

afterAll(async () => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
  await new Promise((resolve) => receiver.close(resolve))
})

async function lifeOfAClaim(): Promise<Claim> {
  await admin.of(secretType).create({
    metadata: { name: 'account', namespace: 'larder-system' },
    stringData: { token: PLANTED.account },
  })
  await admin.of(backendKind).create({
    metadata: { name: 'leaky' },
    spec: { driver: 'leaky', credentialsRef: { namespace: 'larder-system', name: 'account' } },
  })
  await admin.of(classKind).create({ metadata: { name: 'jars' }, spec: { type: 'jar', backendRef: { name: 'leaky' } } })
  await admin.of(claimKind).create({ metadata: { name: 'jar', namespace: 'shop' }, spec: { className: 'jars' } })
  const claim = await until('the claim to be Ready, with its trace', async () => {
    const found = await admin.of(claimKind).get('jar', 'shop')
    const traced = found.metadata.annotations?.['larder.dev/traceparent'] !== undefined
    return traced && findCondition(found.status?.conditions, 'Ready')?.status === 'True' ? found : undefined
  })
  await admin.of(claimKind).delete('jar', { namespace: 'shop' })
  await until('the claim to be gone', async () => ((await admin.of(claimKind).find('jar', 'shop')) ? undefined : true))
  return claim
}

test('what is planted is in Secrets and nowhere else, and the spans of a claim are one tree', async () => {
  const claim = await lifeOfAClaim()
  const all = await (await metrics.api.registry()).metrics()
  const { text } = await metrics.exposition()
  await close()
  await traces.close()

  const open = versions.filter((object) => (object as { kind: string }).kind !== 'Secret')
  const told = { log: lines.join(''), objects: JSON.stringify(open), metrics: all + text, spans: bodies.join('\n') }
  for (const [where, said] of Object.entries(told)) {
    expect(said.length, where).toBeGreaterThan(500)
    for (const [what, value] of Object.entries(PLANTED)) {
      for (const form of [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), base64Of(value)]) {
        expect(said.includes(form), `${what} in ${where} as ${form}`).toBe(false)
      }
    }
  }
  expect(told.log).toContain('[redacted]')
  expect(told.objects).toContain('[redacted]')
  expect(text).not.toMatch(/jars|leaky|shop|"jar"/)
  expect(all).toMatch(/larder_backend_requests_total\{backend="leaky",operation="bind",code="ok"\} 2/)
  expect(all).toMatch(/larder_claim_time_to_ready_seconds_count\{class="jars",plan=""\} 1/)
  expectTree(spansOf(bodies), claim)
})

const base64Of = (value: string) => Buffer.from(value).toString('base64').replace(/=+$/, '')

function spansOf(all: readonly string[]): readonly OtlpSpan[] {
  return all.flatMap((body) => {
    const { resourceSpans } = JSON.parse(body) as {
      resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[]
    }
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
  })
}

function expectTree(spans: readonly OtlpSpan[], claim: Claim): void {
  const [, traceId, rootId] = claim.metadata.annotations!['larder.dev/traceparent']!.split('-')
  const ofTrace = spans.filter((span) => span.traceId === traceId)
  const ids = new Set(ofTrace.map(({ spanId }) => spanId))
  expect(ids.size).toBe(ofTrace.length)
  const roots = ofTrace.filter(({ parentSpanId }) => !parentSpanId)
  expect(roots.map(({ name, spanId }) => [name, spanId])).toEqual([['claim', rootId]])
  for (const { parentSpanId, name } of ofTrace) if (parentSpanId) expect(ids.has(parentSpanId), name).toBe(true)
  const names = new Set(ofTrace.map(({ name }) => name))
  for (const name of ['admission', 'claim: reconcile', 'instance: reconcile', 'leaky: create', 'leaky: bind']) {
    expect(names).toContain(name)
  }
  const ended = ofTrace.every(
    ({ startTimeUnixNano, endTimeUnixNano }) => BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano),
  )
  expect(ended).toBe(true)
  // The deletion is a generation of its own.
  expect(spans.some(({ name, traceId: other }) => name === 'claim: delete' && other !== traceId)).toBe(true)
}
