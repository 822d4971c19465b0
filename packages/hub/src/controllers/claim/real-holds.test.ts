/** Holds over a real engine: shared by two, handed on wiped, taken over by name with its data. */
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimPolicyKind } from '../../model/claim-policy.ts'
import { claimKind } from '../../model/claim.ts'
import { classKind, type Class } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import { connect, realHub, type RealHub } from '../testing/real-hub.ts'

let real: RealHub
let hub: TestHub

beforeEach(async () => {
  real = await realHub()
  hub = real.hub
})

afterEach(() => real.stop())

/** The sample class with something changed. */
async function caches(spec: Partial<Class['spec']>): Promise<void> {
  const sample = await hub.admin.of(classKind).get('redis')
  await hub.service('caches', { ...sample.spec, ...spec })
}

const uriOf = async (name: string) => (await hub.secretValues(name))!['uri']!
const instances = async () => (await hub.admin.of(instanceKind).list()).items

async function release(name: string): Promise<void> {
  await hub.admin.of(claimKind).delete(name, { namespace: 'shop' })
  await hub.until('the claim to go', async () =>
    (await hub.admin.of(claimKind).find(name, 'shop')) ? undefined : true,
  )
}

test('two share one engine, each with an account of its own; one that goes can no longer log in', async () => {
  await caches({ sharing: 'Shared' })
  await hub.claim('a', { className: 'caches' })
  await hub.claim('b', { className: 'caches', role: 'reader' })
  await Promise.all([hub.ready('a'), hub.ready('b')])
  expect(await instances()).toHaveLength(1)
  const [uriA, uriB] = [await uriOf('a'), await uriOf('b')]
  const [a, b] = [await connect(uriA), await connect(uriB)]
  await a.set('key', 'of a')
  expect(await b.get('key')).toBe('of a')
  await expect(b.set('key', 'of b')).rejects.toThrow('NOPERM')
  a.disconnect()
  await release('a')
  await expect(connect(uriA)).rejects.toThrow()
  expect(await b.get('key')).toBe('of a')
  b.disconnect()
})

test('what is recycled is empty for the next, and knows none of the former accounts', async () => {
  await caches({ reclaimPolicy: 'Recycle' })
  await hub.claim('first', { className: 'caches' })
  const { status } = await hub.ready('first')
  const before = await uriOf('first')
  const first = await connect(before)
  await first.set('key', 'private')
  first.disconnect()
  await release('first')
  await hub.until('it to be free', async () => {
    const [instance] = await instances()
    const isReady = findCondition(instance?.status?.conditions, 'Ready')?.status === 'True'
    return isReady && instance?.metadata.annotations?.['larder.dev/used-by'] === undefined ? true : undefined
  })
  await hub.claim('next', { className: 'caches' })
  expect((await hub.ready('next')).status?.instanceRef).toEqual(status?.instanceRef)
  const next = await connect(await uriOf('next'))
  expect(await next.keys('*')).toEqual([])
  next.disconnect()
  await expect(connect(before)).rejects.toThrow()
})

test('what is retained is claimed by name, with its data and under new credentials', async () => {
  await caches({ reclaimPolicy: 'Retain' })
  await hub.claim('first', { className: 'caches' })
  const { namespace, name } = (await hub.ready('first')).status!.instanceRef!
  const before = await uriOf('first')
  const first = await connect(before)
  await first.set('key', 'kept')
  first.disconnect()
  await release('first')
  await expect(connect(before)).rejects.toThrow()
  await hub.admin.of(claimPolicyKind).create({
    metadata: { name: 'may', namespace },
    spec: {
      consumers: { namespaces: ['shop'] },
      subjects: [{ group: 'larder.dev', kind: 'Instance', names: [name], roles: ['reader'] }],
    },
  })
  await hub.claim('again', { instanceRef: { namespace, name }, role: 'reader' })
  await hub.ready('again')
  const again = await connect(await uriOf('again'))
  expect(await again.get('key')).toBe('kept')
  await expect(again.set('key', 'changed')).rejects.toThrow('NOPERM')
  again.disconnect()
})
