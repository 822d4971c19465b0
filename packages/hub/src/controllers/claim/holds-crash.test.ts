/** A hub that is killed at any write of a hold that is not a claim's alone, or of its end: by name, shared, recycled. */
import { describe, expect, test } from 'vitest'
import { claimKind, type Claim } from '../../model/claim.ts'
import type { Class } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { claimGone } from '../testing/claims.ts'
import type { TestHub } from '../testing/hub.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub, type ShelfHub } from '../testing/shelf-hub.ts'
import { momentsOf, surviving } from '../testing/surviving.ts'

/** Finalizer, choice, hold, statuses, Secret; more than this is news. */
const MAX_WRITES = 9

const moments = momentsOf(MAX_WRITES)

async function world(spec: Partial<Class['spec']>): Promise<ShelfHub> {
  const made = await shelfHub({ consumers: { selector: {} } })
  await made.hub.service('jars', spec)
  return made
}

const instances = async (hub: TestHub) => (await hub.admin.of(instanceKind).list()).items

const deleteClaim = (hub: TestHub, name: string) => hub.admin.of(claimKind).delete(name, { namespace: 'shop' })

async function works(hub: TestHub, shelf: Shelf, name: string): Promise<Claim> {
  const claim = await hub.ready(name)
  expect(shelf.accepts((await hub.secretValues(name))!['password']!)).toBe(true)
  return claim
}

describe('killed at write', () => {
  test.each(moments)('%i, %s it: a claim by name holds, and lets go', async (write, when) => {
    const { hub, shelf } = await world({})
    const spec = { backendRef: { name: 'shelf' }, type: 'jar' }
    await hub.admin.of(instanceKind).create({ metadata: { name: 'mine', namespace: 'shop' }, spec })
    await hub.until('the service', () => (shelf.services.size > 0 ? true : undefined))
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await hub.claim('jar', { instanceRef: { namespace: 'shop', name: 'mine' } })
    await surviving(hub, () => hub.ready('jar'))
    await works(hub, shelf, 'jar')
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await deleteClaim(hub, 'jar')
    await surviving(hub, () => claimGone(hub, 'jar'))
    const [mine] = await instances(hub)
    expect(mine?.spec.claimRef).toBeUndefined()
    const [service] = shelf.services.values()
    expect(service?.credentials.size).toBe(0)
    await hub.stop()
  })

  test.each(moments)('%i, %s it: a shared service is made once, and goes with its last claim', async (write, when) => {
    const { hub, shelf } = await world({ sharing: 'Shared' })
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await Promise.all(['a', 'b'].map((name) => hub.claim(name, { className: 'jars' })))
    await surviving(hub, () => Promise.all(['a', 'b'].map((name) => hub.ready(name))))
    for (const name of ['a', 'b']) await works(hub, shelf, name)
    expect([...shelf.created.values()]).toEqual([1])
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await Promise.all(['a', 'b'].map((name) => deleteClaim(hub, name)))
    const left = () => hub.until('all to go', async () => ((await instances(hub)).length === 0 ? true : undefined))
    await surviving(hub, () => Promise.all([claimGone(hub, 'a'), claimGone(hub, 'b'), left()]))
    expect(shelf.services.size).toBe(0)
    await hub.stop()
  })

  test.each(moments)(
    '%i, %s it: a recycled service reaches the next claim wiped, and one claim',
    async (write, when) => {
      const { hub, shelf } = await world({ reclaimPolicy: 'Recycle' })
      await hub.claim('first', { className: 'jars' })
      await works(hub, shelf, 'first')
      const [service] = shelf.services.values()
      service!.data.add('plums')
      hub.cut.dieAt(hub.cut.writes.length + write, when)
      await deleteClaim(hub, 'first')
      const free = () =>
        hub.until('it to be free', async () => {
          const [instance] = await instances(hub)
          return instance?.metadata.annotations?.['larder.dev/used-by'] === undefined ? true : undefined
        })
      await surviving(hub, () => Promise.all([claimGone(hub, 'first'), free()]))
      hub.cut.dieAt(hub.cut.writes.length + write, when)
      const { metadata } = await hub.claim('next', { className: 'jars' })
      await surviving(hub, () => hub.ready('next'))
      await works(hub, shelf, 'next')
      const held = (await instances(hub)).filter((i) => i.spec.claimRef)
      expect(held.map((i) => i.spec.claimRef?.uid)).toEqual([metadata.uid])
      expect(shelf.services.get(held[0]!.spec.externalID!)?.data.size).toBe(0)
      await hub.stop()
    },
  )
})
