/**
 * Claims of a class whose driver does nothing: what the hub itself takes. `embedded` is a hub as `larder up` starts it; `over HTTPS` is the
 * API in one process and the controllers, under the hub's ServiceAccount, in another. Claims are made and watched from here over HTTPS.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClient } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { startLarder } from './larder.mjs'
import { rounds, withSpread } from './measure.mjs'

const HUB = fileURLToPath(new URL('hub-over-https.mjs', import.meta.url))
const BURST = 500
const CREATORS = 16
const STEADY = { perSecond: 25, seconds: 4 }

const larderKind = (resource, kind, namespaced) => ({
  group: 'larder.dev',
  version: 'v1alpha1',
  resource,
  kind,
  namespaced,
})
const BACKENDS = larderKind('backends', 'Backend', false)
const CLASSES = larderKind('classes', 'Class', false)
const CLAIMS = larderKind('claims', 'Claim', true)

export async function benchNoopClaims() {
  console.log(`\nClaims of a class with driver noop, ${rounds} rounds: ${BURST} at once, then ${STEADY.perSecond}/s`)
  await measure('embedded', 400, ['--no-samples'], async () => async () => {})
  await measure('over HTTPS', 200, ['--api-only'], hubOverHttps)
}

async function measure(name, aim, flags, startHub) {
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  const larder = startLarder(dir, ...flags)
  const stopHub = await startHub(larder)
  const transport = httpsTransport(await loadKubeconfig({ path: larder.kubeconfig }))
  const client = createClient(transport)
  const rates = []
  const waits = []
  try {
    await stock(client)
    const readiness = await followReadiness(client)
    await burst(client, readiness, 'warm')
    for (let round = 0; round < rounds; round++) {
      rates.push(await burst(client, readiness, `burst-${round}`))
      waits.push(...(await steady(client, readiness, `steady-${round}`)))
    }
    readiness.stop()
  } finally {
    await transport.close()
    await stopHub()
    larder.stop('--delete-data')
    rmSync(dir, { recursive: true, force: true })
  }
  waits.sort((a, b) => a - b)
  const at = (q) => waits[Math.min(waits.length - 1, Math.floor(waits.length * q))].toFixed(0)
  const within = (100 * waits.filter((ms) => ms <= 100).length) / waits.length
  console.log(
    `${name.padEnd(10)}  ${withSpread(rates, 0)} claims/s (aim ${aim})  at ${STEADY.perSecond}/s Ready after p50 ${at(0.5)} p90 ${at(0.9)} p99 ${at(0.99)} ms, ${within.toFixed(1)} of 100 within 100 ms (aim 99)`,
  )
}

async function stock(client) {
  await client.of(BACKENDS).create({ metadata: { name: 'nothing' }, spec: { driver: 'noop' } })
  await client
    .of(CLASSES)
    .create({ metadata: { name: 'nothing' }, spec: { type: 'nothing', backendRef: { name: 'nothing' } } })
}

const isReady = ({ status }) => status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')

/** When each claim was first seen Ready, by one watch. */
async function followReadiness(client) {
  const done = new AbortController()
  const readyAt = new Map()
  const waiting = new Map()
  const { metadata } = await client.of(CLAIMS).list()
  const follow = async () => {
    const from = { namespace: 'default', resourceVersion: metadata.resourceVersion }
    for await (const { object } of client.of(CLAIMS).watch(from, done.signal)) {
      const { name } = object.metadata
      if (readyAt.has(name) || !isReady(object)) continue
      readyAt.set(name, performance.now())
      waiting.get(name)?.(readyAt.get(name))
    }
  }
  const following = follow()
  return {
    of: (name) => readyAt.get(name) ?? Promise.race([new Promise((resolve) => waiting.set(name, resolve)), following]),
    stop: () => done.abort(),
  }
}

const createClaim = (client, name) =>
  client.of(CLAIMS).create({ metadata: { name, namespace: 'default' }, spec: { className: 'nothing' } })

/** Claims a second, from the first create to the last one Ready. */
async function burst(client, readiness, run) {
  const startedAt = performance.now()
  let next = 0
  const creator = async () => {
    while (next < BURST) await createClaim(client, `${run}-${next++}`)
  }
  await Promise.all(Array.from({ length: CREATORS }, creator))
  await Promise.all(Array.from({ length: BURST }, (_, i) => readiness.of(`${run}-${i}`)))
  return (BURST / (performance.now() - startedAt)) * 1000
}

/** How long each took from the create to Ready, in ms. */
async function steady(client, readiness, run) {
  const startedAt = performance.now()
  const one = async (_, i) => {
    const at = startedAt + (i / STEADY.perSecond) * 1000
    await new Promise((resolve) => setTimeout(resolve, at - performance.now()))
    const sentAt = performance.now()
    await createClaim(client, `${run}-${i}`)
    return (await readiness.of(`${run}-${i}`)) - sentAt
  }
  return Promise.all(Array.from({ length: STEADY.perSecond * STEADY.seconds }, one))
}

async function hubOverHttps({ kubeconfig }) {
  const child = spawn(process.execPath, [...process.execArgv, HUB], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.write(`${JSON.stringify({ kubeconfig })}\n`)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  if ((await lines.next()).value !== 'ready') throw new Error('the hub over HTTPS did not start')
  return async () => {
    child.stdin.end()
    await once(child, 'exit')
  }
}
