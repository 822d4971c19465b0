/**
 * What a queue and a cache cost on AWS: calls from the claim's create to Ready, polling included, and how much later than AWS the hub is Ready. AWS is that of the tests
 * (test/aws), told how long things take; the hub is as `larder up` starts it. BENCH_QUEUES=500 and BENCH_PER_SECOND=10 for a crowd under a quota.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { createViteServer } from 'vitest/node'
import { BACKENDS, burst, CLASSES, createClaim, followReadiness, isReady, openNamespace } from './claimants.mjs'
import { startLarder } from './larder.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SECRETS = { group: '', version: 'v1', resource: 'secrets', kind: 'Secret', namespaced: true }
const QUEUE_MS = 12_000
const CACHE_MS = 20_000
const CROWD = Number(process.env.BENCH_QUEUES ?? 40)
const PER_SECOND = Number(process.env.BENCH_PER_SECOND ?? 20)

export async function benchAws() {
  console.log(
    `\nAWS, where a stack takes ${QUEUE_MS / 1000} s and a cache ${CACHE_MS / 1000} s: calls to Ready (aim 6 for each resource)`,
  )
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  const vite = await createViteServer({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    server: { middlewareMode: true, ws: false },
  })
  const { startAws } = await vite.ssrLoadModule('/test/aws/endpoint.ts')
  const aws = await startAws({ creatingMs: QUEUE_MS, modifyingMs: 1000, deletingMs: 500 })
  const larder = startLarder(dir, '--no-samples')
  const transport = httpsTransport(await loadKubeconfig({ path: larder.kubeconfig }))
  try {
    await measure(aws, createClient(transport))
  } finally {
    await transport.close()
    larder.stop('--delete-data')
    await aws.stop()
    await vite.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function measure(aws, client) {
  await openNamespace(client)
  await stockAws(client, aws)
  const readiness = await followReadiness(client)
  const one = async (title, name, className, { resources = 1, awsMs = QUEUE_MS } = {}) => {
    aws.calls.clear()
    const startedAt = performance.now()
    await createClaim(client, name, className)
    const tookMs = (await readiness.of(name)) - startedAt
    tell(title, aws, resources, `Ready ${((tookMs - awsMs) / 1000).toFixed(1)} s after AWS`)
  }
  await one('a queue, the first', 'first', 'queue')
  await one('a queue, the second', 'second', 'queue')
  await one('a queue, `usually: 12s`', 'usual', 'queue-usually')
  await aws.setTimes({ creatingMs: 0 })
  await one('a queue that takes no time', 'at-once', 'queue-at-once', { awsMs: 0 })
  await aws.setTimes({ creatingMs: CACHE_MS })
  await one('a cache with a user', 'cache', 'cache', { resources: 4, awsMs: 2 * CACHE_MS })
  await aws.setTimes({ creatingMs: QUEUE_MS })
  aws.calls.clear()
  aws.limit({ perSecond: PER_SECOND })
  const seconds = await burst(client, readiness, { run: 'crowd', count: CROWD, className: 'queue' })
  tell(`${CROWD} queues at ${PER_SECOND}/s`, aws, CROWD, `all Ready after ${seconds.toFixed(1)} s`)
  readiness.stop()
}

/** Without the probes of the Backends, which are as many for a thousand things as for none. */
const where = ({ service }) => service !== 'sts'

function tell(title, aws, resources, more) {
  const actions = Object.entries(aws.calls.byAction({ where }))
    .map(([action, count]) => `${action} ${count}`)
    .join(', ')
  const [calls, refused] = [aws.calls.count({ where }), aws.calls.count({ where }, 'refused')]
  console.log(
    `${title.padEnd(28)}${(calls / resources).toFixed(1).padStart(5)} for each  ${more}${refused > 0 ? `, ${refused} refused` : ''}  (${actions})`,
  )
}

/** A stack takes about as long as the last of its template: each measure has one of its own. */
const stack = (what) => ({
  template: JSON.stringify({ Description: what, Resources: { Queue: { Type: 'AWS::SQS::Queue' } } }),
})

const base64 = (text) => Buffer.from(text).toString('base64')

async function stockAws(client, aws) {
  const { region, credentials } = aws.client()
  await client.of(SECRETS).create({
    metadata: { name: 'aws', namespace: 'larder-system' },
    data: {
      AWS_ACCESS_KEY_ID: base64(credentials.accessKeyId),
      AWS_SECRET_ACCESS_KEY: base64(credentials.secretAccessKey),
    },
  })
  const at = { config: { region, endpoint: aws.url }, credentialsRef: { namespace: 'larder-system', name: 'aws' } }
  for (const driver of ['cloudformation', 'elasticache']) {
    await client.of(BACKENDS).create({ metadata: { name: driver }, spec: { driver, ...at } })
  }
  const make = (name, driver, recipe) =>
    client.of(CLASSES).create({ metadata: { name }, spec: { type: 'bench', backendRef: { name: driver }, recipe } })
  await make('queue', 'cloudformation', stack('of nobody knows how long'))
  await make('queue-usually', 'cloudformation', { ...stack('of a known time'), usually: `${QUEUE_MS / 1000}s` })
  await make('queue-at-once', 'cloudformation', stack('of no time'))
  await make('cache', 'elasticache', { cache: { nodeType: 'cache.t4g.micro', replicas: 1 } })
  // A class is looked at too, by calls that are no claim's.
  for (const name of ['queue', 'queue-usually', 'queue-at-once', 'cache']) {
    while (!isReady(await client.of(CLASSES).get(name))) await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
