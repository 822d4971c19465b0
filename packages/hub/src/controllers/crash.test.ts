/**
 * The hub is killed at every write of a claim's life, before the write and after it, and started again on the same store. Whatever
 * the moment: one service, one set of credentials, a claim that is Ready; and after deletion nothing.
 */
import { describe, expect, test } from 'vitest'
import { claimKind } from '../model/claim.ts'
import { instanceKind } from '../model/instance.ts'
import { claimGone } from './testing/claims.ts'
import { shelfHub, type ShelfHub } from './testing/shelf-hub.ts'
import { momentsOf, surviving } from './testing/surviving.ts'

/** Writes of one life: finalizer, instance, statuses, Secret. At the last of them nothing dies, or there were more than are tried. */
const MAX_WRITES = 12
/** Of a change of role, and of a deletion. */
const MAX_WRITES_LATER = 7

async function world(): Promise<ShelfHub> {
  const made = await shelfHub()
  const { hub } = made
  await hub.service('jars', { roles: [{ name: 'writer', default: true }, { name: 'reader' }] })
  await hub.claim('before', { className: 'jars' })
  await hub.ready('before')
  return made
}

const moments = momentsOf(MAX_WRITES)

describe('killed while a claim is made', () => {
  test.each(moments)('at write %i, %s it', async (write, when) => {
    const { hub, shelf } = await world()
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    const { metadata } = await hub.claim('jar', { className: 'jars' })
    const died = await surviving(hub, () => hub.ready('jar'))
    if (write === MAX_WRITES) expect(died).toBe(false)
    const claim = await hub.ready('jar')
    const uid = metadata.uid!
    expect(shelf.created.get(uid)).toBe(1)
    expect([...shelf.services.get(uid)!.credentials.keys()]).toEqual([claim.status!.credential!.id])
    const { items } = await hub.admin.of(instanceKind).list()
    expect(items.filter((i) => i.spec.claimRef?.uid === uid)).toHaveLength(1)
    expect(shelf.accepts((await hub.secretValues('jar'))!['password']!)).toBe(true)
    await hub.stop()
  })
})

describe('killed while a role is changed', () => {
  test.each(moments.slice(0, 2 * MAX_WRITES_LATER))('at write %i, %s it', async (write, when) => {
    const { hub, shelf } = await world()
    await hub.claim('jar', { className: 'jars' })
    const { metadata } = await hub.ready('jar')
    const old = (await hub.secretValues('jar'))!['password']!
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await hub.admin.of(claimKind).patch('jar', { spec: { role: 'reader' } }, { namespace: 'shop' })
    const settled = () =>
      hub.until('the second credentials', async () => {
        const { status } = await hub.ready('jar')
        return status?.credential?.role === 'reader' && !status.credential.predecessor ? status : undefined
      })
    const died = await surviving(hub, settled)
    if (write === MAX_WRITES_LATER) expect(died).toBe(false)
    const status = await settled()
    const service = shelf.services.get(metadata.uid!)!
    expect([...service.credentials].map(([id, c]) => [id, c.role])).toEqual([[status.credential!.id, 'reader']])
    expect(shelf.accepts((await hub.secretValues('jar'))!['password']!)).toBe(true)
    expect(shelf.accepts(old)).toBe(false)
    await hub.stop()
  })
})

describe('killed while a claim is deleted', () => {
  test.each(moments.slice(0, 2 * MAX_WRITES_LATER))('at write %i, %s it', async (write, when) => {
    const { hub, shelf } = await world()
    await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    const left = () => hub.until('the instance to go', async () => ((await hub.instanceOf(claim)) ? undefined : true))
    const died = await surviving(hub, () => Promise.all([claimGone(hub, 'jar'), left()]))
    if (write === MAX_WRITES_LATER) expect(died).toBe(false)
    await claimGone(hub, 'jar')
    await left()
    expect(await hub.secretValues('jar')).toBeUndefined()
    expect([...shelf.services.keys()]).not.toContain(claim.metadata.uid)
    expect(shelf.services.size).toBe(1)
    await hub.stop()
  })
})

test('killed in the middle of twenty claims: none lost, none made twice, none stuck', async () => {
  const { hub, shelf } = await world()
  const names = Array.from({ length: 20 }, (_, i) => `jar-${i}`)
  hub.cut.dieAt(hub.cut.writes.length + 45, 'after')
  await Promise.all(names.map((name) => hub.claim(name, { className: 'jars' })))
  await hub.until('the death of the hub', () => (hub.cut.dead ? true : undefined))
  await hub.kill()
  await hub.start()
  const claims = await Promise.all(names.map((name) => hub.ready(name)))
  expect(shelf.services.size).toBe(21)
  expect([...shelf.created.values()].every((count) => count === 1)).toBe(true)
  for (const { metadata, status } of claims) {
    expect([...shelf.services.get(metadata.uid!)!.credentials.keys()]).toEqual([status!.credential!.id])
  }
  await hub.stop()
})
