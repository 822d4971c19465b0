/** Claims that name an instance: that the platform made, that another claim left, that others share. */
import { namespaceType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimPolicyKind, type ClaimPolicy } from '../../model/claim-policy.ts'
import { claimKind, type Claim } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub({ consumers: { selector: {} } }))
  await hub.service('jars', { roles: [{ name: 'writer', default: true }, { name: 'reader' }] })
  await hub.admin.of(namespaceType).create({ metadata: { name: 'store' } })
})

afterEach(() => hub.stop())

const byHand = { backendRef: { name: 'shelf' }, type: 'jar' }

const make = (name: string, spec: Partial<Instance['spec']> = byHand, namespace = 'store', labels = {}) =>
  hub.admin.of(instanceKind).create({ metadata: { name, namespace, labels }, spec })

/** By its class, as the hub makes them: with the revision of the class. */
async function makeOfClass(name: string, spec: Partial<Instance['spec']> = {}): Promise<Instance> {
  const { status } = await hub.seen(classKind, 'jars')
  return make(name, { className: 'jars', revision: status?.revision ?? '', ...spec })
}

const permit = (subject: Partial<ClaimPolicy['spec']['subjects'][number]> = {}, namespace = 'store') =>
  hub.admin.of(claimPolicyKind).create({
    metadata: { name: 'shop-may', namespace },
    spec: {
      consumers: { namespaces: ['shop'] },
      subjects: [{ group: 'larder.dev', kind: 'Instance', ...subject }],
    },
  })

const claimOf = (name: string, instance: string, more: Partial<Claim['spec']> = {}, namespace = 'store') =>
  hub.claim(name, { instanceRef: { namespace, name: instance }, ...more })

const causeOf = (name: string, reason: string) => hub.cause(claimKind, name, 'shop', reason)
const get = (name: string, namespace = 'store') => hub.admin.of(instanceKind).find(name, namespace)

async function release(name: string): Promise<void> {
  await hub.admin.of(claimKind).delete(name, { namespace: 'shop' })
  await hub.until(`claim ${name} to go`, async () =>
    (await hub.admin.of(claimKind).find(name, 'shop')) ? undefined : true,
  )
}

const password = async (name: string) => (await hub.secretValues(name))?.['password'] ?? ''

describe('an instance of the own namespace', () => {
  test('needs no policy: it is held, and its credentials work', async () => {
    const { metadata } = await make('mine', byHand, 'shop')
    await claimOf('jar', 'mine', {}, 'shop')
    const claim = await hub.ready('jar')
    expect(claim.status?.instanceRef).toEqual({ namespace: 'shop', name: 'mine', uid: metadata.uid })
    expect((await get('mine', 'shop'))?.spec.claimRef).toMatchObject({ name: 'jar', uid: claim.metadata.uid })
    expect(shelf.accepts(await password('jar'))).toBe(true)
  })

  test('may come later than its claim', async () => {
    await claimOf('jar', 'late', {}, 'shop')
    expect(await causeOf('jar', 'InstanceNotFound')).toMatchObject({
      heals: false,
      message: 'spec.instanceRef: there is no Instance shop/late that namespace shop may claim',
    })
    await make('late', byHand, 'shop')
    await hub.ready('jar')
  })

  test('of a class that does not exist keeps no claim from going: nothing was made, so that there is nothing to revoke', async () => {
    for (const [name, sharing] of [
      ['alone', 'Exclusive'],
      ['together', 'Shared'],
    ] as const) {
      const spec = { className: 'jras', sharing, reclaimPolicy: 'Retain' as const }
      await hub.admin.of(instanceKind).create({ metadata: { name, namespace: 'shop' }, spec })
      await hub.claim(name, { instanceRef: { namespace: 'shop', name } })
      await hub.cause(claimKind, name, 'shop', 'RevisionNotFound')
      await hub.admin.of(claimKind).delete(name, { namespace: 'shop' })
      await hub.until('the claim to go', async () =>
        (await hub.admin.of(claimKind).find(name, 'shop')) ? undefined : true,
      )
    }
  })

  test('that was deleted is never replaced by another of its name', async () => {
    await make('mine', byHand, 'shop')
    await claimOf('jar', 'mine', {}, 'shop')
    await hub.ready('jar')
    await hub.kill()
    const byForce = { metadata: { finalizers: null }, spec: { claimRef: null } }
    await hub.admin.of(instanceKind).patch('mine', byForce, { namespace: 'shop' })
    await hub.admin.of(instanceKind).delete('mine', { namespace: 'shop' })
    await make('mine', byHand, 'shop')
    await hub.start()
    await causeOf('jar', 'InstanceLost')
  })
})

describe('an instance of another namespace', () => {
  test('is told the same as one that does not exist, until a policy permits it', async () => {
    await make('theirs')
    await claimOf('there', 'theirs')
    await claimOf('not-there', 'absent')
    const there = await causeOf('there', 'NotPermitted')
    const notThere = await causeOf('not-there', 'NotPermitted')
    expect(there.message).toBe('no ClaimPolicy lets namespace shop claim Instance store/theirs')
    expect(JSON.stringify(notThere).replaceAll('absent', 'theirs').replaceAll('not-there', 'there')).toBe(
      JSON.stringify(there),
    )
    expect(await hub.admin.of(claimKind).get('there', 'shop')).not.toHaveProperty('status.instanceRef')
    await permit({ names: ['theirs'] })
    await hub.ready('there')
    await causeOf('not-there', 'NotPermitted')
  })

  test('whose home is elsewhere is told by the policies there, and by nothing else', async () => {
    await make('door-made', { ...byHand, origin: { door: 'test', namespace: 'home' } })
    await hub.admin.of(namespaceType).create({ metadata: { name: 'home' } })
    await permit()
    await claimOf('jar', 'door-made')
    await claimOf('none', 'absent')
    const said = await causeOf('jar', 'InstanceNotFound')
    expect((await causeOf('none', 'InstanceNotFound')).message).toBe(said.message.replace('door-made', 'absent'))
    await permit({}, 'home')
    await hub.ready('jar')
    await hub.admin.of(claimPolicyKind).delete('shop-may', { namespace: 'home' })
    await hub.until('the claim to degrade', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return findCondition(status?.conditions, 'Ready')?.reason === 'NotPermitted' ? true : undefined
    })
  })

  test('is judged all the time: by consumers, names, labels and roles', async () => {
    await make('theirs', byHand, 'store', { offer: 'jars' })
    await claimOf('jar', 'theirs')
    await causeOf('jar', 'NotPermitted')
    await permit({ selector: { matchLabels: { offer: 'jars' } } })
    await hub.ready('jar')
    const before = await password('jar')
    const instances = hub.admin.of(instanceKind)
    await instances.patch('theirs', { metadata: { labels: { offer: null } } }, { namespace: 'store' })
    expect(await causeOf('jar', 'NotPermitted')).toMatchObject({ actor: 'platform', heals: false })
    await instances.patch('theirs', { metadata: { labels: { offer: 'jars' } } }, { namespace: 'store' })
    await hub.ready('jar')
    const policies = hub.admin.of(claimPolicyKind)
    await policies.patch('shop-may', { spec: { consumers: { namespaces: ['other'] } } }, { namespace: 'store' })
    await causeOf('jar', 'NotPermitted')
    await policies.delete('shop-may', { namespace: 'store' })
    await permit()
    await hub.ready('jar')
    expect(await password('jar')).toBe(before)
  })

  test('gives only the roles that its policy lists, also when the claim changes its own', async () => {
    await makeOfClass('theirs')
    await permit({ roles: ['reader'] })
    await claimOf('jar', 'theirs', { role: 'reader' })
    expect((await hub.ready('jar')).status?.credential).toMatchObject({ serial: 1, role: 'reader' })
    await hub.admin.of(claimKind).patch('jar', { spec: { role: 'writer' } }, { namespace: 'shop' })
    const refused = await hub.until('the refusal', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return findCondition(status?.conditions, 'Stalled') && status
    })
    expect(findCondition(refused.conditions, 'Stalled')).toMatchObject({
      reason: 'NotPermitted',
      message: 'no ClaimPolicy lets namespace shop claim Instance store/theirs as writer',
    })
    expect(findCondition(refused.conditions, 'Ready')?.status).toBe('True')
    expect(refused.credential).toMatchObject({ serial: 1, role: 'reader' })
    await hub.admin.of(claimPolicyKind).delete('shop-may', { namespace: 'store' })
    await permit({ roles: ['reader', 'writer'] })
    await hub.until('the second credentials', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.credential?.serial === 2 && !status.credential.predecessor ? true : undefined
    })
    const roles = [...shelf.services.values()].flatMap((s) => [...s.credentials.values()].map((c) => c.role))
    expect(roles).toEqual(['writer'])
  })

  test('refuses a role that its class does not have', async () => {
    await makeOfClass('theirs')
    await permit()
    await claimOf('jar', 'theirs', { role: 'owner' })
    await causeOf('jar', 'RoleNotFound')
  })
})

describe('the hold', () => {
  test('has one winner; the others are served oldest first', async () => {
    await make('mine', byHand, 'shop')
    await claimOf('first', 'mine', {}, 'shop')
    await hub.ready('first')
    await claimOf('second', 'mine', {}, 'shop')
    expect(await causeOf('second', 'InstanceHeld')).toMatchObject({ heals: true })
    const old = await password('first')
    await release('first')
    await hub.ready('second')
    expect(shelf.accepts(old)).toBe(false)
    expect(shelf.created.size).toBe(1)
  })

  test('of two hubs and thirty claims: never two on one', async () => {
    await make('mine', byHand, 'shop')
    await hub.until('the service', () => (shelf.services.size > 0 ? true : undefined))
    const stopOther = await hub.startAnother()
    await Promise.all(Array.from({ length: 30 }, (_, i) => claimOf(`jar-${i}`, 'mine', {}, 'shop')))
    for (let round = 0; round < 3; round++) {
      const holder = await hub.until('a claim to be Ready', async () => {
        const { items } = await hub.admin.of(claimKind).list({ namespace: 'shop' })
        const ready = items.filter((c) => findCondition(c.status?.conditions, 'Ready')?.status === 'True')
        expect(ready.length).toBeLessThan(2)
        return ready[0]
      })
      await release(holder.metadata.name)
    }
    expect(shelf.created.size).toBe(1)
    await stopOther()
  })
})

describe('release', () => {
  test('of what somebody made by hand ends the hold and leaves the service', async () => {
    const { metadata } = await make('mine', byHand, 'shop')
    await claimOf('jar', 'mine', {}, 'shop')
    await hub.ready('jar')
    const old = await password('jar')
    await release('jar')
    expect((await get('mine', 'shop'))?.spec.claimRef).toBeUndefined()
    expect(shelf.services.has(metadata.uid!)).toBe(true)
    expect(shelf.accepts(old)).toBe(false)
  })

  test('of what says Delete removes it', async () => {
    await make('mine', { ...byHand, reclaimPolicy: 'Delete' }, 'shop')
    await claimOf('jar', 'mine', {}, 'shop')
    await hub.ready('jar')
    await release('jar')
    await hub.until('the service to go', () => (shelf.services.size === 0 ? true : undefined))
  })

  test('waits for a backend that cannot revoke, because the service stays', async () => {
    await make('mine', byHand, 'shop')
    await claimOf('jar', 'mine', {}, 'shop')
    await hub.ready('jar')
    shelf.fail = (verb) => (verb === 'unbind' ? new Error('flooded') : undefined)
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await causeOf('jar', 'Unbinding')
    expect((await get('mine', 'shop'))?.spec.claimRef).toBeDefined()
    shelf.fail = () => undefined
    await hub.until('the claim to go', async () =>
      (await hub.admin.of(claimKind).find('jar', 'shop')) ? undefined : true,
    )
  })
})

test.each(['Adopt', 'Observe'] as const)(
  'a service that existed before (%s) is claimed by name, with credentials of its own, and stays as it was',
  async (existing) => {
    shelf.placeForeign('old-1')
    shelf.services.get('old-1')!.data.add('plums')
    await make('foreign', { ...byHand, externalID: 'old-1', existing }, 'shop')
    await claimOf('jar', 'foreign', {}, 'shop')
    await hub.ready('jar')
    const used = await password('jar')
    expect(shelf.accepts(used)).toBe(true)
    await release('jar')
    expect(shelf.accepts(used)).toBe(false)
    expect([...shelf.services.get('old-1')!.data]).toEqual(['plums'])
    expect(shelf.created.size).toBe(0)
  },
)

test('in sync, nothing is written', async () => {
  await make('theirs')
  await permit()
  await claimOf('jar', 'theirs')
  await hub.ready('jar')
  await claimOf('late', 'theirs')
  await causeOf('late', 'InstanceHeld')
  await hub.kill()
  await hub.start()
  const labels = { metadata: { labels: { touched: 'yes' } } }
  for (const name of ['jar', 'late']) await hub.admin.of(claimKind).patch(name, labels, { namespace: 'shop' })
  await hub.admin.of(instanceKind).patch('theirs', labels, { namespace: 'store' })
  await hub.admin.of(claimPolicyKind).patch('shop-may', labels, { namespace: 'store' })
  await hub.claim('marker', { className: 'none' })
  await causeOf('marker', 'ClassNotFound')
  expect(hub.cut.writes.filter((write) => !write.includes('marker'))).toEqual([])
})
