/** What becomes of real data when a claim goes, by the reclaim policy of its class. */
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimKind } from '../model/claim.ts'
import { classKind, type Class } from '../model/class.ts'
import { instanceKind } from '../model/instance.ts'
import { isFree } from '../model/reclaim.ts'
import type { TestHub } from './testing/hub.ts'
import { connect, realHub, type RealHub } from './testing/real-hub.ts'

let real: RealHub
let hub: TestHub

beforeEach(async () => {
  real = await realHub()
  hub = real.hub
})

afterEach(() => real.stop())

/** A class beside the sample, with the same recipe. */
async function cachesThat(reclaimPolicy: NonNullable<Class['spec']['reclaimPolicy']>): Promise<void> {
  const { spec } = await hub.admin.of(classKind).get('redis')
  await hub.admin.of(classKind).create({ metadata: { name: 'caches' }, spec: { ...spec, reclaimPolicy } })
}

/** Runs one command as the claim. */
async function as<T>(uri: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = await connect(uri)
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

const uriOf = async (claim: string) => (await hub.secretValues(claim))!['uri']!
const instances = () => hub.admin.of(instanceKind)

async function release(claim: string): Promise<void> {
  await hub.admin.of(claimKind).delete(claim, { namespace: 'shop' })
  await hub.until('the claim to go', async () =>
    (await hub.admin.of(claimKind).find(claim, 'shop')) ? undefined : true,
  )
}

test('Recycle: the next claim gets the same service on the same port, and nothing of the last owner', async () => {
  await cachesThat('Recycle')
  await hub.claim('first', { className: 'caches' })
  const first = (await hub.ready('first')).status!.instanceRef!
  const uri = await uriOf('first')
  await as(uri, (client) => client.set('letter', 'for my eyes only'))
  await release('first')
  await hub.until('the instance to be free', async () =>
    isFree(await instances().get(first.name, first.namespace)) ? true : undefined,
  )
  await expect(connect(uri)).rejects.toThrow(/WRONGPASS|closed/)
  const { status } = await instances().get(first.name, first.namespace)
  expect(status?.steps?.map((step) => [step.name, step.outcome])).toContainEqual(['wipe', 'Done'])

  await hub.claim('second', { className: 'caches' })
  const second = (await hub.ready('second')).status!.instanceRef!
  expect(second).toEqual(first)
  expect(new URL(await uriOf('second')).port).toBe(new URL(uri).port)
  expect(await as(await uriOf('second'), (client) => client.dbsize())).toBe(0)
})

test('Retain: the data stay and the credentials do not; a claim that names the instance finds them', async () => {
  await cachesThat('Retain')
  await hub.claim('first', { className: 'caches' })
  const { name, namespace } = (await hub.ready('first')).status!.instanceRef!
  const uri = await uriOf('first')
  await as(uri, (client) => client.set('letter', 'to keep'))
  await release('first')
  await expect(connect(uri)).rejects.toThrow(/WRONGPASS|closed/)
  await hub.claim('heir', { instanceRef: { namespace, name }, role: 'reader' }, namespace)
  await hub.ready('heir', namespace)
  const heir = (await hub.secretValues('heir', namespace))!['uri']!
  expect(await as(heir, (client) => client.get('letter'))).toBe('to keep')
})

test('Retain: an instance that goes leaves its service to another that adopts it by its id', async () => {
  await cachesThat('Retain')
  await hub.claim('first', { className: 'caches' })
  const claim = await hub.ready('first')
  await as(await uriOf('first'), (client) => client.set('letter', 'to keep'))
  const { name, namespace } = claim.status!.instanceRef!
  const { spec } = await instances().get(name, namespace)
  await release('first')
  await instances().delete(name, { namespace })
  await hub.until('the instance to go', async () => ((await instances().find(name, namespace)) ? undefined : true))

  const { className, revision, plan, parameters, externalID } = spec
  const adopted = { className, revision, plan, parameters, externalID, existing: 'Adopt', reclaimPolicy: 'Delete' }
  await instances().create({ metadata: { name: 'adopted', namespace }, spec: adopted as typeof spec })
  await hub.claim('heir', { instanceRef: { namespace, name: 'adopted' } }, namespace)
  await hub.ready('heir', namespace)
  const heir = (await hub.secretValues('heir', namespace))!['uri']!
  expect(await as(heir, (client) => client.get('letter'))).toBe('to keep')
})
