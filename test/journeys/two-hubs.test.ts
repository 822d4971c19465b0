/**
 * Several hub processes over one API, as replicas of a Deployment are: one leads, and whatever becomes of it, what it was about is
 * finished by another, once.
 */
import { leaseType, namespaceType, secretType } from '@larder/engine/client/builtin'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import type { Transport } from '@larder/engine/machinery/call'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimPolicyKind } from '../../packages/hub/src/model/claim-policy.ts'
import { claimKind, type Claim } from '../../packages/hub/src/model/claim.ts'
import { classKind } from '../../packages/hub/src/model/class.ts'
import { instanceKind, type Instance } from '../../packages/hub/src/model/instance.ts'
import { HUB_LEASE } from '../../packages/hub/src/model/names.ts'
import { startHubProcess, type HubProcess } from '../testing/cluster-hub.ts'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually, isRunning } from '../testing/processes.ts'
import { bindingOf, redis } from '../testing/redis.ts'

/** The lease of 3 s, and time for a busy machine. */
const TAKE_OVER_MS = 30_000

let api: Hub
let transport: Transport
let client: Client
let hubs: HubProcess[]

beforeEach(async () => {
  api = await newHub()
  const { code, stderr } = await api.larder('up', '--api-only', '--detach', '--port', '0', '--api-port', '0')
  if (code !== 0) throw new Error(stderr)
  transport = httpsTransport(await loadKubeconfig({ path: api.kubeconfig }))
  client = createClient(transport)
  hubs = []
})
afterEach(async () => {
  // The one that leads last: it stops what it runs.
  for (const hub of hubs) if (isAlive(hub)) await hub.end('SIGTERM')
  await transport.close()
  await api.larder('down')
  await api.remove()
})

const isAlive = ({ child }: HubProcess) => child.exitCode === null && child.signalCode === null

async function joined(data = api.dir): Promise<HubProcess> {
  const hub = await startHubProcess(api.kubeconfig, ['--data', data, '--samples'])
  hubs.push(hub)
  return hub
}

const identityOf = (hub: HubProcess) => /"identity":"([^"]+)"/.exec(hub.log())?.[1]
const holder = async () =>
  (await client.of(leaseType).find(HUB_LEASE.name, HUB_LEASE.namespace))?.spec?.holderIdentity ?? ''
const leader = () =>
  eventually(
    'one to lead',
    async () => {
      const identity = await holder()
      return hubs.find((hub) => isAlive(hub) && identityOf(hub) === identity)
    },
    TAKE_OVER_MS,
  )
const other = (hub: HubProcess) => hubs.find((one) => isAlive(one) && one !== hub)!
const isReady = ({ status }: Claim) => findCondition(status?.conditions, 'Ready')?.status === 'True'
const claims = async () => (await client.of(claimKind).list({ namespace: 'shop' })).items

describe('two hub processes', () => {
  test('two hundred claims on a pool of ten, the leader killed in the middle: ten held, once, the rest in order', async () => {
    await Promise.all([joined(), joined()])
    for (const name of ['shop', 'services']) await client.of(namespaceType).create({ metadata: { name } })
    const labels = { offer: 'caches' }
    await client.of(claimPolicyKind).create({
      metadata: { name: 'shop-may', namespace: 'services' },
      spec: { consumers: { namespaces: ['shop'] }, subjects: [{ kind: 'Secret', selector: { matchLabels: labels } }] },
    })
    for (let i = 0; i < 10; i++) {
      const metadata = { name: `member-${i}`, namespace: 'services', labels }
      await client.of(secretType).create({ metadata, stringData: { password: `secret-${i}` } })
    }
    await client.of(classKind).create({
      metadata: { name: 'caches' },
      spec: {
        type: 'redis',
        description: 'Caches by hand',
        backendRef: { name: 'pool' },
        recipe: { apiVersion: 'v1', kind: 'Secret', selector: { matchLabels: labels } },
        reclaimPolicy: 'Release',
      },
    })
    const history = recordInstances()
    const made = Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        client.of(claimKind).create({ metadata: { name: `c-${i}`, namespace: 'shop' }, spec: { className: 'caches' } }),
      ),
    )
    const first = await leader()
    await eventually('some to be held, and some not', async () => {
      const held = (await client.of(instanceKind).list()).items.length
      return held >= 2 ? held : undefined
    })
    await first.end('SIGKILL')
    await made
    const { waiting } = await settled(190)

    // A clean stop hands over at once, and the release meanwhile goes to the oldest.
    await joined()
    const second = await leader()
    const [oldest] = waiting
    const [leaving] = (await claims()).filter(isReady)
    await client.of(claimKind).delete(leaving!.metadata.name, { namespace: 'shop' })
    const stoppedAt = Date.now()
    expect(await second.end('SIGTERM')).toBe(0)
    await leader()
    expect(Date.now() - stoppedAt).toBeLessThan(10_000)
    const { ready } = await settled(189)
    expect(ready.map(({ metadata }) => metadata.uid)).toContain(oldest!.metadata.uid)
    const records = (await client.of(instanceKind).list()).items
    expect(new Set(records.map(({ spec }) => spec.resourceRef?.name)).size).toBe(10)
    expect(new Set(records.map(({ spec }) => spec.claimRef?.uid))).toEqual(
      new Set(ready.map(({ metadata }) => metadata.uid)),
    )
    await history.stop()
    expect(history.changedHands).toEqual([])
  })

  test('engines go on when their hub is killed or was asleep, and the next one has them', async () => {
    await Promise.all([joined(), joined()])
    await client.of(namespaceType).create({ metadata: { name: 'shop' } })
    const names = ['a', 'b', 'c', 'd']
    for (const name of names)
      await client.of(claimKind).create({ metadata: { name, namespace: 'shop' }, spec: { className: 'redis' } })
    const first = await leader()
    await eventually('an engine to run', async () => (await claims()).some(isReady) || undefined)
    await first.end('SIGKILL')
    await allReady(names.length)
    expect((await client.of(instanceKind).list()).items).toHaveLength(names.length)

    // A machine that was suspended wakes, and its hub must not believe that it still leads.
    await joined()
    const asleep = await leader()
    const pid = await pidOf('a')
    asleep.child.kill('SIGSTOP')
    const awake = other(asleep)
    await eventually('the other to lead', async () => (await holder()) === identityOf(awake) || undefined, TAKE_OVER_MS)
    asleep.child.kill('SIGCONT')
    await eventually('it to know', () => asleep.log().includes('no longer leading') || undefined)
    await client.of(claimKind).create({ metadata: { name: 'e', namespace: 'shop' }, spec: { className: 'redis' } })
    await allReady(names.length + 1)
    expect(isRunning(pid)).toBe(true)
    expect(await pidOf('a')).toBe(pid)

    // It may lead again, and then knows what came meanwhile.
    await awake.end('SIGTERM')
    await eventually('e to answer again', async () => {
      const cache = await redis(await bindingOf(api, 'shop', 'e')).catch(() => undefined)
      const answer = await cache?.ping()
      cache?.disconnect()
      return answer
    })
    await eventually('it to lead', async () => (await holder()) === identityOf(asleep) || undefined)
    await allReady(names.length + 1)
    expect((await client.of(instanceKind).list()).items).toHaveLength(names.length + 1)
  })

  test('an API that is away for longer than the lease finds its hub again, and the engines never stopped', async () => {
    // A folder of its own: whoever takes the API down must not take the services with it.
    const hub = await joined(`${api.dir}-hub`)
    await client.of(namespaceType).create({ metadata: { name: 'shop' } })
    await client.of(claimKind).create({ metadata: { name: 'a', namespace: 'shop' }, spec: { className: 'redis' } })
    await allReady(1)
    const pid = await pidOf('a')
    await api.larder('down')
    await eventually('it to stop leading', () => hub.log().includes('no longer leading') || undefined)
    expect((await fetch(`${hub.http}/livez`)).status).toBe(200)
    await api.larder('up', '--api-only', '--detach')
    await client.of(claimKind).create({ metadata: { name: 'b', namespace: 'shop' }, spec: { className: 'redis' } })
    await allReady(2)
    expect(await pidOf('a')).toBe(pid)
    expect(hub.log().match(/cannot reach the lease/g)?.length ?? 0).toBeLessThanOrEqual(1)
  })

  test('beside larder up, which leads its own API for good, a hub waits', async () => {
    await api.larder('down')
    await api.start()
    const waiting = await joined()
    expect((await fetch(`${waiting.http}/readyz`)).status).toBe(200)
    expect(await holder()).toBe('larder up')
    expect(waiting.log()).not.toContain('"msg":"leading"')
    // An API alone leaves the lead to it.
    await api.larder('down')
    await api.larder('up', '--api-only', '--detach')
    await leader()
  })
})

async function pidOf(claim: string): Promise<number> {
  const cache = await redis(await bindingOf(api, 'shop', claim))
  const info = await cache.info('server')
  cache.disconnect()
  return Number(/process_id:(\d+)/.exec(info)![1])
}

const allReady = (count: number) =>
  eventually(
    `${count} claims to be Ready`,
    async () => ((await claims()).filter(isReady).length === count ? true : undefined),
    60_000,
  )

const age = ({ metadata }: Claim) => `${metadata.creationTimestamp} ${metadata.uid}`

/** Ten Ready, and so many that wait, oldest first, and say why. */
const settled = (left: number) =>
  eventually(
    'ten to be Ready and the rest to say why',
    async () => {
      const all = await claims()
      const ready = all.filter(isReady)
      const waiting = all.filter((one) => !isReady(one)).sort((a, b) => (age(a) < age(b) ? -1 : 1))
      const told = waiting.every(({ status }) => status?.cause?.reason === 'PoolExhausted')
      return ready.length === 10 && waiting.length === left && told ? { ready, waiting } : undefined
    },
    60_000,
  )

/** Follows every version of every Instance, and notes those whose holder changed. */
function recordInstances() {
  const holders = new Map<string, string>()
  const changedHands: string[] = []
  const abort = new AbortController()
  const look = ({ metadata, spec }: Instance) => {
    const uid = metadata.uid ?? ''
    const now = spec.claimRef?.uid ?? ''
    if ((holders.get(uid) ?? now) !== now) changedHands.push(metadata.name)
    holders.set(uid, now)
  }
  const followed = (async () => {
    for await (const { object } of client.of(instanceKind).watch({ resourceVersion: '0' }, abort.signal)) look(object)
  })()
  return {
    changedHands,
    async stop() {
      abort.abort()
      await followed
    },
  }
}
