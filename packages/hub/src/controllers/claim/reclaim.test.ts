/** What becomes of an instance when its claim goes, and who may have it then. */
import { unavailable } from '@larder/kit'
import { namespaceType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimPolicyKind } from '../../model/claim-policy.ts'
import { claimKind } from '../../model/claim.ts'
import { classKind, type Class } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub())
})

afterEach(() => hub.stop())

const jars = (spec: Partial<Class['spec']>) =>
  hub.service('jars', { plans: [{ name: 'small', default: true }, { name: 'large' }], ...spec })

const gone = (name: string, namespace = 'shop') =>
  hub.until(`claim ${name} to go`, async () =>
    (await hub.admin.of(claimKind).find(name, namespace)) ? undefined : true,
  )

const release = async (name: string) => {
  await hub.admin.of(claimKind).delete(name, { namespace: 'shop' })
  await gone(name)
}

const instances = async () => (await hub.admin.of(instanceKind).list()).items
const password = async (name: string) => (await hub.secretValues(name))?.['password'] ?? ''

const permit = () =>
  hub.admin.of(claimPolicyKind).create({
    metadata: { name: 'may', namespace: 'larder-instances' },
    spec: { consumers: { namespaces: ['shop'] }, subjects: [{ group: 'larder.dev', kind: 'Instance' }] },
  })

const free = () =>
  hub.until('the instance to be free', async () => {
    const [instance] = await instances()
    const ready = findCondition(instance?.status?.conditions, 'Ready')?.status === 'True'
    return ready && instance?.metadata.annotations?.['larder.dev/used-by'] === undefined ? instance : undefined
  })

describe('Retain', () => {
  test('keeps service and data, revokes the credentials, and gives it to a claim that names it', async () => {
    await jars({ reclaimPolicy: 'Retain' })
    await hub.claim('jar', { className: 'jars' })
    const { status } = await hub.ready('jar')
    const old = await password('jar')
    const [service] = shelf.services.values()
    service!.data.add('plums')
    await release('jar')
    expect(shelf.accepts(old)).toBe(false)
    const [left] = await instances()
    expect(left?.spec.claimRef).toBeUndefined()

    await hub.claim('fresh', { className: 'jars' })
    expect((await hub.ready('fresh')).status?.instanceRef?.uid).not.toBe(status?.instanceRef?.uid)

    const { namespace, name } = status!.instanceRef!
    await hub.claim('again', { instanceRef: { namespace, name } })
    await hub.cause(claimKind, 'again', 'shop', 'NotPermitted')
    await permit()
    expect((await hub.ready('again')).status?.instanceRef?.uid).toBe(status?.instanceRef?.uid)
    expect(shelf.services.get(left!.spec.externalID!)?.data).toContain('plums')
    expect(shelf.accepts(await password('again'))).toBe(true)
  })

  test('outlives the namespace of its claim', async () => {
    await jars({ reclaimPolicy: 'Retain' })
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    await hub.admin.of(namespaceType).delete('shop')
    await gone('jar')
    expect(await instances()).toHaveLength(1)
    expect(shelf.services.size).toBe(1)
  })
})

test('Delete under deletionProtection: the claim goes, its instance stays', async () => {
  await jars({ deletionProtection: true })
  await hub.claim('jar', { className: 'jars' })
  await hub.ready('jar')
  await release('jar')
  const [left] = await instances()
  expect(left?.metadata.deletionTimestamp).toBeUndefined()
  expect(left?.spec.claimRef).toBeUndefined()
  expect(shelf.services.size).toBe(1)
})

describe('Recycle', () => {
  test('wipes the service and gives it to the next claim that asks for the same', async () => {
    await jars({ reclaimPolicy: 'Recycle' })
    await hub.claim('jar', { className: 'jars' })
    const first = await hub.ready('jar')
    const [service] = shelf.services.values()
    service!.data.add('plums')
    const old = await password('jar')
    await release('jar')
    const instance = await free()
    expect(instance.status?.steps?.map(({ name, outcome }) => [name, outcome])).toContainEqual(['wipe', 'Done'])
    expect(service!.data.size).toBe(0)
    expect(shelf.accepts(old)).toBe(false)

    await hub.claim('other', { className: 'jars', plan: 'large' })
    expect((await hub.ready('other')).status?.instanceRef?.uid).not.toBe(first.status?.instanceRef?.uid)
    await hub.claim('next', { className: 'jars' })
    expect((await hub.ready('next')).status?.instanceRef?.uid).toBe(first.status?.instanceRef?.uid)
    expect([...shelf.created.values()]).toEqual([1, 1])
  })

  test('gives nobody a service that was not wiped', async () => {
    await jars({ reclaimPolicy: 'Recycle' })
    await hub.claim('jar', { className: 'jars' })
    const first = await hub.ready('jar')
    shelf.fail = (verb) => (verb === 'wipe' ? unavailable('the tap is dry') : undefined)
    await release('jar')
    await hub.cause(instanceKind, first.status!.instanceRef!.name, 'larder-instances', 'BackendUnavailable')
    await permit()
    const { namespace, name } = first.status!.instanceRef!
    await hub.claim('named', { instanceRef: { namespace, name } })
    await hub.cause(claimKind, 'named', 'shop', 'Recycling')
    await hub.claim('next', { className: 'jars' })
    expect((await hub.ready('next')).status?.instanceRef?.uid).not.toBe(first.status?.instanceRef?.uid)
    shelf.fail = () => undefined
    expect((await hub.ready('named')).status?.instanceRef?.uid).toBe(first.status?.instanceRef?.uid)
  })

  test('of a driver that cannot wipe is refused at the class', async () => {
    shelf.canWipe = false
    await hub.backend('dry')
    await jars({ reclaimPolicy: 'Recycle', backendRef: { name: 'dry' } })
    expect(await hub.cause(classKind, 'jars', undefined, 'WipeNotSupported')).toMatchObject({ heals: false })
  })

  test('two hubs, claims that come and go: never two on one, never one on two', async () => {
    await jars({ reclaimPolicy: 'Recycle' })
    const stopOther = await hub.startAnother()
    for (let round = 0; round < 3; round++) {
      const names = Array.from({ length: 5 }, (_, i) => `r${round}-${i}`)
      await Promise.all(names.map((name) => hub.claim(name, { className: 'jars' })))
      const claims = await Promise.all(names.map((name) => hub.ready(name)))
      const held = (await instances()).filter((i) => i.spec.claimRef)
      expect(new Set(held.map((i) => i.spec.claimRef?.uid))).toEqual(new Set(claims.map((c) => c.metadata.uid)))
      expect(held).toHaveLength(5)
      for (const { spec } of held) {
        const { data } = shelf.services.get(spec.externalID ?? '')!
        expect(data.size).toBe(0)
        data.add('plums')
      }
      await Promise.all(names.map(release))
      await hub.until('all to be free', async () => {
        const all = await instances()
        return all.every((i) => i.metadata.annotations?.['larder.dev/used-by'] === undefined) ? true : undefined
      })
    }
    expect([...shelf.created.values()].every((count) => count === 1)).toBe(true)
    await stopOther()
  })
})

describe('a namespace that goes while the backend is dead', () => {
  test.each(['Retain', 'Recycle'] as const)('does not hang; its instance (%s) revokes later', async (reclaimPolicy) => {
    await jars({ reclaimPolicy })
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const old = await password('jar')
    shelf.fail = (verb) => (verb === 'probe' ? undefined : unavailable('the cellar is flooded'))
    await hub.admin.of(namespaceType).delete('shop')
    await hub.until('the namespace to go', async () =>
      (await hub.admin.of(namespaceType).find('shop')) ? undefined : true,
    )
    expect(shelf.accepts(old)).toBe(true)
    shelf.fail = () => undefined
    await hub.until('the credentials to be revoked', () => (shelf.accepts(old) ? undefined : true))
    await hub.until('nothing to be left', async () =>
      (await instances())[0]?.metadata.annotations?.['larder.dev/to-revoke'] === undefined ? true : undefined,
    )
    expect(shelf.services.size).toBe(1)
  })
})
