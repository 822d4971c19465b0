/**
 * `larder up` killed with SIGKILL at each write of a ResourceClaim and of a ClassClaim, of their making and of their end: the next one brings
 * every claim to where it was going, with one hold, one copy, and nothing left over.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretType } from '@larder/engine/client/builtin'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { isApiError } from '@larder/engine/machinery/status'
import { findCondition } from '@larder/engine/runtime/conditions'
import { classClaimType, resourceClaimType } from '../../packages/hub/src/dialects/services-toolkit/kinds.ts'
import { claimKind } from '../../packages/hub/src/model/claim.ts'
import { instanceKind } from '../../packages/hub/src/model/instance.ts'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually, isRunning } from '../testing/processes.ts'

const DEATH = resolve(import.meta.dirname, '../testing/die-at-write.mjs')
/** Fewer would mean that the count does not count what it should. */
const FEWEST_STEPS = 5
const MOST_STEPS = 25

const PLATFORM = `
{apiVersion: v1, kind: Namespace, metadata: {name: services}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: v1
kind: Secret
metadata: {name: creds, namespace: services, labels: {offer: caches}}
type: servicebinding.io/redis
stringData: {type: redis, password: made-up}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: stk-secret-reader, labels: {servicebinding.io/controller: "true"}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]
---
apiVersion: services.apps.tanzu.vmware.com/v1alpha1
kind: ClusterInstanceClass
metadata: {name: caches}
spec: {description: {short: Caches}, pool: {kind: Secret, labelSelector: {matchLabels: {offer: caches}}}}
---
apiVersion: services.apps.tanzu.vmware.com/v1alpha1
kind: ResourceClaimPolicy
metadata: {name: shop-may, namespace: services}
spec: {consumingNamespaces: [shop], subject: {group: "", kind: Secret}}
`

let hub: Hub
let pid: number
let plan: string
let client: Client
let close = () => Promise.resolve()

beforeAll(async () => {
  plan = join(tmpdir(), `larder-death-${process.pid}`)
  hub = await newHub({ env: { NODE_OPTIONS: `--import ${DEATH}`, LARDER_TEST_DEATH: plan } })
  await start()
  await hub.ok(['apply', '-f', '-'], { stdin: PLATFORM })
  await hub.ok(['wait', '--for=condition=Ready', 'clusterinstanceclass/caches', '--timeout=30s'])
})
afterAll(async () => {
  await close()
  await hub.remove()
  rmSync(plan, { force: true })
})

async function start(): Promise<void> {
  await close()
  await hub.start('--no-samples')
  pid = (await hub.status()).pid!
  const transport = httpsTransport(await loadKubeconfig({ path: hub.kubeconfig }))
  client = createClient(transport)
  close = () => transport.close()
}

const dieAt = (write: number): void => writeFileSync(plan, String(write))

/** Does it with a hub that dies at that write, and after the death with another. Whether it died. */
async function surviving(
  write: number,
  act: () => Promise<unknown>,
  settled: () => Promise<boolean>,
): Promise<boolean> {
  dieAt(write)
  await act()
  await eventually('the end, or the death', async () => !isRunning(pid) || (await settled().catch(() => false)))
  if (isRunning(pid)) {
    dieAt(Infinity)
    return false
  }
  await start()
  await eventually('the end, with the next hub', settled)
  return true
}

const AT = { name: 'cache', namespace: 'shop' }

const KINDS = [
  [
    'ResourceClaim',
    resourceClaimType,
    { ref: { apiVersion: 'v1', kind: 'Secret', name: 'creds', namespace: 'services' } },
  ],
  ['ClassClaim', classClaimType, { classRef: { name: 'caches' } }],
] as const

describe.each(KINDS)('a %s', (_, type, spec) => {
  const claims = () => client.of(type as typeof resourceClaimType)
  const isReady = async () => {
    const { status } = await claims().get(AT.name, AT.namespace)
    return findCondition(status?.conditions, 'Ready')?.status === 'True'
  }
  const isGone = async () => (await claims().find(AT.name, AT.namespace)) === undefined

  test('heals at whichever write the hub is killed, and so does its end', { timeout: 240_000 }, async () => {
    let [making, ending] = [0, 0]
    // The first write is the claim itself.
    for (let write = 2, isOver = false; !isOver; write++) {
      expect(write).toBeLessThan(MOST_STEPS)
      const made = await surviving(write, () => claims().create({ metadata: AT, spec } as never), isReady)
      await hasOne()
      const ended = await surviving(write, () => claims().delete(AT.name, { namespace: AT.namespace }), isGone)
      await hasNothing()
      if (made) making++
      if (ended) ending++
      isOver = !made && !ended
    }
    console.log(`${type.kind}: killed at ${making} writes of its making and ${ending} of its end`)
    expect(Math.min(making, ending)).toBeGreaterThanOrEqual(FEWEST_STEPS)
  })

  /** One hold, and a copy that its claim names and that is what its source is. */
  async function hasOne(): Promise<void> {
    const { status } = await claims().get(AT.name, AT.namespace)
    const copy = await client.of(secretType).get(status!.binding!.name, AT.namespace)
    const source = await client.of(secretType).get('creds', 'services')
    expect([copy.type, copy.data]).toEqual([source.type, source.data])
    expect((await client.of(secretType).list({ namespace: AT.namespace })).items).toHaveLength(1)
    const core = (await client.of(claimKind).list()).items
    const records = (await client.of(instanceKind).list()).items
    expect(records.map(({ spec: { claimRef } }) => claimRef?.uid)).toEqual(core.map(({ metadata }) => metadata.uid))
    expect(core).toHaveLength(1)
  }
})

/** Nothing but what was there before. The record goes behind the claim. */
async function hasNothing(): Promise<void> {
  await eventually('the hold to end', async () => (await client.of(instanceKind).list()).items.length === 0)
  expect((await client.of(secretType).list({ namespace: AT.namespace })).items).toEqual([])
  expect((await client.of(claimKind).list()).items).toEqual([])
  expect((await client.of(resourceClaimType).list()).items).toEqual([])
  expect(await client.of(secretType).find('creds', 'services')).toBeDefined()
}

test('of twenty ResourceClaims at once one is Ready, the rest say so, and a hub that is killed then changes nothing of it', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `many-${i}`)
  const spec = { ref: { apiVersion: 'v1', kind: 'Secret', name: 'creds', namespace: 'services' } }
  await Promise.all(
    names.map((name) => client.of(resourceClaimType).create({ metadata: { name, namespace: 'shop' }, spec })),
  )
  const census = async () => {
    const { items } = await client.of(resourceClaimType).list({ namespace: 'shop' })
    const reasons = items.map(({ status }) => findCondition(status?.conditions, 'Ready')?.reason)
    const isTold = reasons.every((reason) => reason === 'Ready' || reason === 'ResourceAlreadyClaimed')
    if (!isTold || items.length !== names.length) return undefined
    return items.filter((_, i) => reasons[i] === 'Ready').map(({ metadata }) => metadata.name)
  }
  const ready = await eventually('each to be told', census)
  expect(ready).toHaveLength(1)
  await hub.kill()
  await start()
  expect(await eventually('each to be told', census)).toEqual(ready)
  await client.of(resourceClaimType).delete(ready[0]!, { namespace: 'shop' }).catch(unlessGone)
  const next = await eventually('another to have it', async () => {
    const [one, ...others] = (await client.of(resourceClaimType).list({ namespace: 'shop' })).items.filter(
      ({ status }) => findCondition(status?.conditions, 'Ready')?.status === 'True',
    )
    return one && others.length === 0 && one.metadata.name !== ready[0] ? one : undefined
  })
  expect(next.status?.binding?.name).toBe('creds')
})

const unlessGone = (error: unknown): void => {
  if (!isApiError(error, 'NotFound')) throw error
}
