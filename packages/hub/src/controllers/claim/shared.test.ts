/** Many claims on one instance: each with credentials of its own; first and last never lose or double it. */
import { unavailable } from '@larder/kit'
import { namespaceType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimPolicyKind } from '../../model/claim-policy.ts'
import { claimKind } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import { CACHES, member, permit, poolHub, records } from '../testing/pool.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

let shelf: Shelf
let hub: TestHub

const release = async (...names: string[]) => {
  await Promise.all(names.map((name) => hub.admin.of(claimKind).delete(name, { namespace: 'shop' })))
  for (const name of names) {
    await hub.until(`claim ${name} to go`, async () =>
      (await hub.admin.of(claimKind).find(name, 'shop')) ? undefined : true,
    )
  }
}

const instances = async () => (await hub.admin.of(instanceKind).list()).items
const noneLeft = () =>
  hub.until('the instance to go', async () => ((await instances()).length === 0 ? true : undefined))
const password = async (name: string) => (await hub.secretValues(name))?.['password'] ?? ''
const serviceless = () => hub.until('the service to go', () => (shelf.services.size === 0 ? true : undefined))

describe('a class that is shared', () => {
  beforeEach(async () => {
    ;({ hub, shelf } = await shelfHub({ consumers: { selector: {} } }))
    await hub.service('jars', {
      sharing: 'Shared',
      plans: [{ name: 'small', default: true }, { name: 'large' }],
      roles: [{ name: 'writer', default: true }, { name: 'reader' }],
    })
  })
  afterEach(() => hub.stop())

  test('gives many claims one service, and each credentials of its own', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => hub.claim(name, { className: 'jars' })))
    await hub.claim('d', { className: 'jars', role: 'reader' })
    const claims = await Promise.all(['a', 'b', 'c', 'd'].map((name) => hub.ready(name)))
    expect(new Set(claims.map((c) => c.status?.instanceRef?.name)).size).toBe(1)
    expect(claims[0]?.status?.instanceRef?.name).toMatch(/^s-[0-9a-f]{40}$/)
    expect([...shelf.created.values()]).toEqual([1])
    const [service] = shelf.services.values()
    expect([...service!.credentials.values()].map((c) => c.role ?? '').sort((a, b) => a.localeCompare(b))).toEqual([
      'reader',
      'writer',
      'writer',
      'writer',
    ])
    await hub.until('the count', async () => ((await instances())[0]?.status?.claims === 4 ? true : undefined))
  })

  test('has one for each plan, and a claim that changes its plan is refused: the others would change with it', async () => {
    await hub.claim('a', { className: 'jars' })
    await hub.claim('b', { className: 'jars', plan: 'large' })
    await Promise.all([hub.ready('a'), hub.ready('b')])
    expect(shelf.services.size).toBe(2)
    await hub.admin.of(claimKind).patch('a', { spec: { plan: 'large' } }, { namespace: 'shop' })
    const stalled = await hub.until('the refusal', async () => {
      const { status } = await hub.admin.of(claimKind).get('a', 'shop')
      return findCondition(status?.conditions, 'Stalled') && status
    })
    expect(findCondition(stalled.conditions, 'Stalled')).toMatchObject({
      reason: 'InstanceShared',
      message: 'spec.plan: the service has plan small, and it is shared with other claims',
    })
    expect(findCondition(stalled.conditions, 'Ready')?.status).toBe('True')
    await hub.admin.of(claimKind).patch('a', { spec: { plan: null } }, { namespace: 'shop' })
    await hub.until('the refusal to go', async () => {
      const { status } = await hub.admin.of(claimKind).get('a', 'shop')
      return findCondition(status?.conditions, 'Stalled') ? undefined : true
    })
  })

  test('keeps it while one claim is left, and removes it with the last', async () => {
    await Promise.all(['a', 'b'].map((name) => hub.claim(name, { className: 'jars' })))
    await Promise.all(['a', 'b'].map((name) => hub.ready(name)))
    const old = await password('a')
    await release('a')
    expect(shelf.accepts(old)).toBe(false)
    expect(shelf.accepts(await password('b'))).toBe(true)
    expect(shelf.services.size).toBe(1)
    await release('b')
    await noneLeft()
    expect(shelf.services.size).toBe(0)
  })

  test('changes the role of one claim, and nothing of the others', async () => {
    await Promise.all(['a', 'b'].map((name) => hub.claim(name, { className: 'jars' })))
    await Promise.all(['a', 'b'].map((name) => hub.ready(name)))
    const [old, kept] = [await password('a'), await password('b')]
    await hub.admin.of(claimKind).patch('a', { spec: { role: 'reader' } }, { namespace: 'shop' })
    await hub.until('the second credentials', async () => {
      const { status } = await hub.ready('a')
      return status?.credential?.role === 'reader' && !status.credential.predecessor ? true : undefined
    })
    expect(shelf.accepts(await password('a'))).toBe(true)
    expect(shelf.accepts(old)).toBe(false)
    expect(await password('b')).toBe(kept)
    expect(shelf.accepts(kept)).toBe(true)
  })

  test('removes it when all leave at once', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `jar-${i}`)
    await Promise.all(names.map((name) => hub.claim(name, { className: 'jars' })))
    await Promise.all(names.map((name) => hub.ready(name)))
    await release(...names)
    await noneLeft()
  })

  test('keeps it after the last where it is retained, for the next', async () => {
    await hub.admin.of(classKind).patch('jars', { spec: { reclaimPolicy: 'Retain' } })
    await hub.claim('a', { className: 'jars' })
    const [id] = [(await hub.ready('a')).status?.instanceRef?.uid]
    await release('a')
    await hub.claim('b', { className: 'jars' })
    expect((await hub.ready('b')).status?.instanceRef?.uid).toBe(id)
  })

  test('that is to be recycled is refused: there is no time between two owners', async () => {
    await hub.service('both', { sharing: 'Shared', reclaimPolicy: 'Recycle' })
    expect(await hub.cause(classKind, 'both', undefined, 'RecipeInvalid')).toMatchObject({ heals: false })
  })

  test('two hubs, claims that come and go: nothing is lost, doubled or left', async () => {
    const stopOther = await hub.startAnother()
    for (let round = 0; round < 4; round++) {
      const names = Array.from({ length: 4 }, (_, i) => `r${round}-${i}`)
      await Promise.all(names.map((name) => hub.claim(name, { className: 'jars' })))
      // The last of the round before leave while the first of this one come.
      const before = round === 0 ? [] : Array.from({ length: 4 }, (_, i) => `r${round - 1}-${i}`)
      await release(...before)
      for (const name of names) {
        const claim = await hub.ready(name)
        const instance = await hub.admin.of(instanceKind).find(claim.status!.instanceRef!.name, 'larder-instances')
        expect(instance?.metadata.uid).toBe(claim.status!.instanceRef!.uid)
        expect(shelf.accepts(await password(name))).toBe(true)
      }
      expect(shelf.services.size).toBe(1)
    }
    await release('r3-0', 'r3-1', 'r3-2', 'r3-3')
    await noneLeft()
    await serviceless()
    expect([...shelf.created.values()].every((count) => count === 1)).toBe(true)
    await stopOther()
  })

  test('in sync, nothing is written', async () => {
    await Promise.all(['a', 'b'].map((name) => hub.claim(name, { className: 'jars' })))
    await Promise.all(['a', 'b'].map((name) => hub.ready(name)))
    await hub.until('the count', async () => ((await instances())[0]?.status?.claims === 2 ? true : undefined))
    await hub.kill()
    await hub.start()
    const labels = { metadata: { labels: { touched: 'yes' } } }
    for (const name of ['a', 'b']) await hub.admin.of(claimKind).patch(name, labels, { namespace: 'shop' })
    const [instance] = await instances()
    await hub.admin.of(instanceKind).patch(instance!.metadata.name, labels, { namespace: 'larder-instances' })
    await hub.claim('marker', { className: 'none' })
    await hub.cause(claimKind, 'marker', 'shop', 'ClassNotFound')
    expect(hub.cut.writes.filter((write) => !write.includes('marker'))).toEqual([])
  })

  test('a namespace that goes while the backend is dead does not hang; the others keep what they have', async () => {
    await hub.admin.of(namespaceType).create({ metadata: { name: 'other' } })
    await hub.claim('a', { className: 'jars' })
    await hub.claim('b', { className: 'jars' }, 'other')
    await Promise.all([hub.ready('a'), hub.ready('b', 'other')])
    const [lost, kept] = [await password('a'), (await hub.secretValues('b', 'other'))!['password']!]
    shelf.fail = (verb) => (verb === 'probe' ? undefined : unavailable('the cellar is flooded'))
    await hub.admin.of(namespaceType).delete('shop')
    await hub.until('the namespace to go', async () =>
      (await hub.admin.of(namespaceType).find('shop')) ? undefined : true,
    )
    shelf.fail = () => undefined
    await hub.until('the credentials to be revoked', () => (shelf.accepts(lost) ? undefined : true))
    expect(shelf.accepts(kept)).toBe(true)
    await hub.ready('b', 'other')
  })

  test('an instance that the platform made to be shared is joined by name, and left as it was', async () => {
    await hub.admin.of(namespaceType).create({ metadata: { name: 'store' } })
    const spec = { backendRef: { name: 'shelf' }, type: 'jar', sharing: 'Shared' } as const
    await hub.admin.of(instanceKind).create({ metadata: { name: 'wide', namespace: 'store' }, spec })
    await hub.admin.of(claimPolicyKind).create({
      metadata: { name: 'may', namespace: 'store' },
      spec: { consumers: { namespaces: ['shop'] }, subjects: [{ group: 'larder.dev', kind: 'Instance' }] },
    })
    const ref = { instanceRef: { namespace: 'store', name: 'wide' } }
    await Promise.all(['a', 'b'].map((name) => hub.claim(name, ref)))
    await Promise.all(['a', 'b'].map((name) => hub.ready(name)))
    expect(await password('a')).not.toBe(await password('b'))
    await hub.admin.of(claimPolicyKind).delete('may', { namespace: 'store' })
    for (const name of ['a', 'b']) await hub.cause(claimKind, name, 'shop', 'NotPermitted')
    await release('a', 'b')
    expect((await hub.admin.of(instanceKind).get('wide', 'store')).metadata.deletionTimestamp).toBeUndefined()
    const [service] = shelf.services.values()
    expect(service?.credentials.size).toBe(0)
  })
})

describe('a pool that is shared', () => {
  beforeEach(async () => {
    hub = await poolHub()
    await hub.admin.of(classKind).create({ metadata: { name: 'wide' }, spec: { ...CACHES, sharing: 'Shared' } })
    await permit(hub)
  })
  afterEach(() => hub.stop())

  test('spreads claims over its members, follows what changes, and ends each hold with its last claim', async () => {
    await Promise.all(['one', 'two'].map((name) => member(hub, name)))
    const used: (string | undefined)[] = []
    for (const name of ['a', 'b', 'c']) {
      await hub.claim(name, { className: 'wide' })
      used.push((await hub.ready(name)).status?.resourceRef?.name)
    }
    expect(used).toEqual(['one', 'two', 'one'])
    expect(await records(hub)).toHaveLength(2)
    expect(await hub.secretValues('a')).toEqual(await hub.secretValues('c'))
    await hub.admin.of(claimPolicyKind).delete('shop-may', { namespace: 'services' })
    for (const name of ['a', 'b', 'c']) await hub.cause(claimKind, name, 'shop', 'NotPermitted')
    await permit(hub)
    for (const name of ['a', 'b', 'c']) await hub.ready(name)
    await release('a')
    expect((await hub.ready('c')).status?.resourceRef?.name).toBe('one')
    await hub.claim('alone', { className: 'caches' })
    await hub.cause(claimKind, 'alone', 'shop', 'PoolExhausted')
    await release('c')
    expect((await hub.ready('alone')).status?.resourceRef?.name).toBe('one')
    await release('b', 'alone')
    await noneLeft()
  })
})
