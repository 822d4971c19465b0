/**
 * The hub with many claims: with driver noop and with a pool, beside 0, 10,000 and 100,000 claims that are there already. Claims are made
 * and watched from here over HTTPS. The reference is the same hub when it is empty.
 *
 * `larder up`, or with BENCH_KUBECONFIG=FILE `larder hub` on the cluster that the file names, in namespace
 * larder-bench: at the end the cluster has of it what `larder install` leaves, and the samples.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import {
  burst,
  CLAIMS,
  CLASSES,
  BACKENDS,
  createClaim,
  dropNamespace,
  follow,
  followReadiness,
  inParallel,
  NAMESPACE,
  openNamespace,
  quantile,
  steady,
  stockNothing,
} from './claimants.mjs'
import { startHubOn, startLarder } from './larder.mjs'

const CLUSTER = process.env.BENCH_KUBECONFIG
const SECRETS = { group: '', version: 'v1', resource: 'secrets', kind: 'Secret', namespaced: true }
/** Claims that are there already; `BENCH_CLAIMS=0,10000` for a shorter run. */
const SCALES = (process.env.BENCH_CLAIMS ?? '0,10000,100000').split(',').map(Number)
const BURST = 2000
const STEADY = { perSecond: 200, seconds: 5 }
const DELETED = 10_000
const WAITING = 1000
/** As many as it takes until the code that serves them is compiled. */
const WARM = 3000

export async function benchHub() {
  console.log(`\nThe hub with many claims; steady ${STEADY.perSecond}/s for ${STEADY.seconds} s, then ${BURST} at once`)
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  const start = async () => (CLUSTER ? startHubOn(CLUSTER, dir) : startLarder(dir))
  let larder = await start()
  let world = await connect(larder)
  try {
    await openNamespace(world.client)
    await stockNothing(world.client)
    await stockPool(world.client)
    await measure(world, larder)
    await world.close()
    await larder.stop()
    const startedAt = performance.now()
    larder = await start()
    world = await connect(larder)
    await firstClaim(world.client, startedAt)
  } finally {
    if (CLUSTER) await cleanUp(world.client)
    await world.close()
    await larder.stop('--delete-data')
    rmSync(dir, { recursive: true, force: true })
  }
}

async function measure(world, larder) {
  const readiness = await followReadiness(world.client)
  await burst(world.client, readiness, { run: 'warm', count: WARM })
  let there = 0
  const reference = {}
  for (const scale of SCALES) {
    await fill(world.client, readiness, there, scale)
    there = Math.max(there, scale)
    for (const className of ['nothing', 'caches']) {
      await claimsBeside(world, readiness, { scale, className, reference })
    }
    console.log(`${label(scale)}  resident ${larder.residentMb().toFixed(0)} MB (aim 512 at 100,000)`)
  }
  await besideDeadBackend(world.client, readiness)
  readiness.stop()
  await deletion(world, Math.min(DELETED, there))
}

/** While the hub runs, which lets go of what it holds there. */
async function cleanUp(client) {
  await dropNamespace(client)
  for (const name of ['nothing', 'caches', 'dead']) await client.of(CLASSES).delete(name)
  for (const name of ['nothing', 'dead']) await client.of(BACKENDS).delete(name)
}

const label = (scale) => `${String(scale).padStart(6)} claims`

async function connect(larder) {
  const transport = httpsTransport(await loadKubeconfig({ path: larder.kubeconfig }))
  return { client: createClient(transport), transport, close: () => transport.close() }
}

/** As many members as are ever claimed at once. */
async function stockPool(client) {
  await inParallel(BURST, (i) =>
    client.of(SECRETS).create({
      metadata: { name: `member-${i}`, namespace: NAMESPACE, labels: { offer: 'caches' } },
      stringData: { url: `redis://member-${i}` },
    }),
  )
  const recipe = { apiVersion: 'v1', kind: 'Secret', selector: { matchLabels: { offer: 'caches' } } }
  const spec = { type: 'redis', backendRef: { name: 'pool' }, recipe, reclaimPolicy: 'Release' }
  await client.of(CLASSES).create({ metadata: { name: 'caches' }, spec })
}

async function fill(client, readiness, from, to) {
  const startedAt = performance.now()
  await inParallel(to - from, async (i) => {
    await createClaim(client, `there-${from + i}`)
    // Not all at once: what waits here must not be what is measured later.
    await readiness.of(`there-${from + i}`)
  })
  if (to > from) {
    const seconds = (performance.now() - startedAt) / 1000
    console.log(`${label(to)}  filled at ${((to - from) / seconds).toFixed(0)} claims/s, 16 at a time`)
  }
}

async function claimsBeside(world, readiness, { scale, className, reference }) {
  const run = `${className}-${scale}`
  const { client } = world
  await quiet(client)
  const waits = await steady(client, readiness, { run: `${run}-steady`, className, ...STEADY })
  await release(world, `${run}-steady`, STEADY.perSecond * STEADY.seconds)
  await quiet(client)
  const seconds = await burst(client, readiness, { run: `${run}-burst`, className, count: BURST })
  await release(world, `${run}-burst`, BURST)
  const p99 = quantile(waits, 0.99)
  reference[className] ??= p99
  const within = (100 * waits.filter((ms) => ms <= 100).length) / waits.length
  console.log(
    `${label(scale)}  ${className === 'caches' ? 'pool' : 'noop'}  Ready after p50 ${quantile(waits, 0.5).toFixed(0)} p99 ${p99.toFixed(0)} ms, ` +
      `${within.toFixed(1)} of 100 within 100 ms (aim 99), p99 ${(p99 / reference[className]).toFixed(2)} of the empty hub's (aim 1.10 at most); ` +
      `${BURST} at once in ${seconds.toFixed(1)} s (aim 5)`,
  )
}

/** Returns when what these claims held is given back. */
async function release({ client, transport }, run, count) {
  const before = await instances(transport)
  await inParallel(count, (i) => client.of(CLAIMS).delete(`${run}-${i}`, { namespace: NAMESPACE }))
  while ((await instances(transport)) > before - count) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** A backend that never answers, with claims that wait for it: what it costs the others. */
async function besideDeadBackend(client, readiness) {
  await quiet(client)
  const before = await steady(client, readiness, { run: 'before-dead', ...STEADY })
  await stockNothing(client, 'dead', { silent: true })
  const told = await follow(client, CLAIMS, ({ status }) => status?.cause !== undefined)
  await inParallel(WAITING, (i) => createClaim(client, `dead-${i}`, 'dead'))
  // What is measured is that they wait, not that they come.
  await Promise.all(Array.from({ length: WAITING }, (_, i) => told.of(`dead-${i}`)))
  told.stop()
  await quiet(client)
  const beside = await steady(client, readiness, { run: 'beside-dead', ...STEADY })
  const ratio = quantile(beside, 0.99) / quantile(before, 0.99)
  console.log(
    `beside ${WAITING} claims of a dead backend  p50 ${quantile(beside, 0.5).toFixed(0)} p99 ${quantile(beside, 0.99).toFixed(0)} ms, ${ratio.toFixed(2)} of before (aim 1)`,
  )
}

async function deletion(world, count) {
  if (count === 0) return
  const startedAt = performance.now()
  await release(world, 'there', count)
  console.log(
    `${count} claims deleted, instances gone  in ${((performance.now() - startedAt) / 1000).toFixed(1)} s (aim 60)`,
  )
}

/** Returns when hardly anything is written any more (a Lease always is): what one part has left to do is no part of the next. */
async function quiet(client) {
  const revision = async () => {
    const none = await client.of(CLAIMS).list({ namespace: NAMESPACE, fieldSelector: 'metadata.name=nobody' })
    return Number(none.metadata.resourceVersion)
  }
  for (let last = await revision(), wrote = Infinity; wrote > 5;) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const now = await revision()
    wrote = now - last
    last = now
  }
}

/** How many there are, from the first page alone. */
async function instances(transport) {
  const { items, metadata } = await transport.raw(
    '/apis/larder.dev/v1alpha1/namespaces/larder-instances/instances?limit=1',
  )
  return items.length + (metadata.remainingItemCount ?? 0)
}

async function firstClaim(client, startedAt) {
  const readiness = await followReadiness(client)
  await createClaim(client, 'after-restart')
  await readiness.of('after-restart')
  readiness.stop()
  console.log(`restart to the first new claim Ready  ${((performance.now() - startedAt) / 1000).toFixed(1)} s (aim 5)`)
}
