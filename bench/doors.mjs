/**
 * What doors add to what the core takes. A ResourceClaim and a ClassClaim to Ready beside a Claim of the core on the same pool, in turns; then
 * ServiceBindings that wait for their claims, from the claim Ready to the workload that has it. Claims are made and watched from here over HTTPS.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import {
  CLAIMS,
  createClaim,
  follow,
  inParallel,
  isReady,
  NAMESPACE as namespace,
  openNamespace,
  quantile,
  stockNothing,
} from './claimants.mjs'
import { startLarder } from './larder.mjs'
import { rounds } from './measure.mjs'

const kind = (group, version, resource, name, namespaced = true) => ({
  group,
  version,
  resource,
  kind: name,
  namespaced,
})
const STK = 'services.apps.tanzu.vmware.com'
const INSTANCE_CLASSES = kind(STK, 'v1alpha1', 'clusterinstanceclasses', 'ClusterInstanceClass', false)
const RESOURCE_CLAIMS = kind(STK, 'v1alpha1', 'resourceclaims', 'ResourceClaim')
const CLASS_CLAIMS = kind(STK, 'v1alpha1', 'classclaims', 'ClassClaim')
const BINDINGS = kind('servicebinding.io', 'v1', 'servicebindings', 'ServiceBinding')
const DEPLOYMENTS = kind('apps', 'v1', 'deployments', 'Deployment')
const SECRETS = kind('', 'v1', 'secrets', 'Secret')
const ROLES = kind('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false)

const POOL = 'caches'
const STEADY = { perSecond: 10, seconds: 4 }
const COUNT = STEADY.perSecond * STEADY.seconds
const BOUND = Number(process.env.BENCH_BINDINGS ?? 1000)
const BOUND_PER_SECOND = 25
/** Of what nobody can make Ready before it starts. */
const PATIENCE_MS = 60_000

export async function benchDoors() {
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  const larder = startLarder(dir, '--no-samples')
  const transport = httpsTransport(await loadKubeconfig({ path: larder.kubeconfig }))
  const client = createClient(transport)
  try {
    await openNamespace(client)
    await benchClaimsOfDoors(client)
    await benchBindings(client)
  } finally {
    await transport.close()
    larder.stop('--delete-data')
    rmSync(dir, { recursive: true, force: true })
  }
}

async function benchClaimsOfDoors(client) {
  console.log(`\nClaims on one pool, ${rounds} interleaved rounds of ${COUNT} each at ${STEADY.perSecond}/s, to Ready`)
  await stockPool(client)
  const doors = [
    ['Claim', CLAIMS, () => ({ className: `stk-${POOL}` })],
    ['ResourceClaim', RESOURCE_CLAIMS, (i) => ({ ref: { apiVersion: 'v1', kind: 'Secret', name: `${POOL}-${i}` } })],
    ['ClassClaim', CLASS_CLAIMS, () => ({ classRef: { name: POOL } })],
  ].map(([name, type, specOf]) => ({ name, type, specOf, waits: [] }))
  for (let round = -1; round < rounds; round++) {
    for (const door of doors) {
      const waits = await claimAll(client, door, `${door.name.toLowerCase()}-${round + 1}`)
      if (round >= 0) door.waits.push(...waits) // the first of each warms code
    }
  }
  const [native] = doors.map(({ waits }) => waits.sort((a, b) => a - b))
  for (const { name, waits } of doors) {
    const at = (q) => quantile(waits, q)
    const ratio = (q) => (at(q) / quantile(native, q)).toFixed(2)
    const beside = waits === native ? '' : `  ratio p50 ${ratio(0.5)} p99 ${ratio(0.99)} (aim 1.5)`
    console.log(`${name.padEnd(13)}  p50 ${at(0.5).toFixed(0)} p99 ${at(0.99).toFixed(0)} ms${beside}`)
  }
}

/** Secrets of a class, which everything may read that claims. */
async function stockPool(client) {
  const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }]
  const labels = { 'servicebinding.io/controller': 'true' }
  await client.of(ROLES).create({ metadata: { name: 'bench-secrets', labels }, rules })
  await inParallel(COUNT, (i) =>
    client.of(SECRETS).create({
      metadata: { name: `${POOL}-${i}`, namespace, labels: { offer: POOL } },
      stringData: { type: 'redis', password: `secret-${i}` },
    }),
  )
  const pool = { kind: 'Secret', labelSelector: { matchLabels: { offer: POOL } } }
  await client.of(INSTANCE_CLASSES).create({ metadata: { name: POOL }, spec: { pool } })
  await until('the pool to be Ready', async () => isReady(await client.of(INSTANCE_CLASSES).get(POOL)))
}

/** How long each took from the create to Ready, in ms; afterwards all is free again. */
async function claimAll(client, { type, specOf }, run) {
  const readiness = await follow(client, type, isReady)
  const startedAt = performance.now()
  const one = async (_, i) => {
    await pause(startedAt + (i / STEADY.perSecond) * 1000 - performance.now())
    const sentAt = performance.now()
    const name = `${run}-${i}`
    await client.of(type).create({ metadata: { name, namespace }, spec: specOf(i) })
    return (await readiness.of(name)) - sentAt
  }
  const waits = await Promise.all(Array.from({ length: COUNT }, one))
  readiness.stop()
  await inParallel(COUNT, (i) => client.of(type).delete(`${run}-${i}`, { namespace }))
  await until('all to be released', async () => {
    const { items } = await client.of(CLAIMS).list({ namespace })
    return items.length === 0
  })
  return waits
}

async function benchBindings(client) {
  console.log(`\n${BOUND} ServiceBindings over ${BOUND} Deployments, whose claims come at ${BOUND_PER_SECOND}/s`)
  await stockNothing(client)
  const labels = { app: 'bench' }
  await inParallel(BOUND, async (i) => {
    const name = `app-${i}`
    const containers = [{ name: 'app', image: 'app' }]
    const template = { metadata: { labels }, spec: { containers } }
    const spec = { replicas: 0, selector: { matchLabels: labels }, template }
    await client.of(DEPLOYMENTS).create({ metadata: { name, namespace }, spec })
    await client.of(BINDINGS).create({
      metadata: { name, namespace },
      spec: {
        service: { apiVersion: 'larder.dev/v1alpha1', kind: 'Claim', name },
        workload: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      },
    })
  })
  const claims = await follow(client, CLAIMS, isReady)
  const projected = await follow(client, DEPLOYMENTS, ({ spec }) => spec.template.spec.volumes?.length > 0)
  const startedAt = performance.now()
  const one = async (_, i) => {
    await pause(startedAt + (i / BOUND_PER_SECOND) * 1000 - performance.now())
    await createClaim(client, `app-${i}`)
    const readyAt = await claims.of(`app-${i}`)
    return Math.max(0, (await projected.of(`app-${i}`)) - readyAt)
  }
  const waits = (await Promise.all(Array.from({ length: BOUND }, one))).sort((a, b) => a - b)
  claims.stop()
  projected.stop()
  const at = (q) => quantile(waits, q).toFixed(0)
  const within = (100 * waits.filter((ms) => ms <= 100).length) / waits.length
  console.log(
    `from the claim Ready to the workload that has it  p50 ${at(0.5)} p99 ${at(0.99)} ms, longest ${waits.at(-1).toFixed(0)} ms; ${within.toFixed(1)} of 100 within 100 ms (aim 100)`,
  )
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function until(what, ask) {
  for (const deadline = performance.now() + PATIENCE_MS; !(await ask());) {
    if (performance.now() > deadline) throw new Error(`waited for ${what}`)
    await pause(20)
  }
}
