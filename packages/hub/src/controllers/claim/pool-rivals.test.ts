/** Two hubs over one API that know nothing of each other: the hold must be safe without an election. */
import { findCondition } from '@larder/engine/runtime/conditions'
import { expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import type { TestHub } from '../testing/hub.ts'
import { member, permit, poolHub, records } from '../testing/pool.ts'

const gone = (hub: TestHub, name: string) =>
  hub.until(`claim ${name} to go`, async () => ((await hub.admin.of(claimKind).find(name, 'shop')) ? undefined : true))

test('two hubs over one API: two hundred claims on a pool of ten, never two on one, and each released goes to the oldest', async () => {
  const hub = await poolHub()
  // Both know the class before the first claim: with caches that differ they would tell different things in turn.
  await hub.until('the class', async () => {
    const { status } = await hub.admin.of(classKind).get('caches')
    return findCondition(status?.conditions, 'Ready')?.status === 'True' ? true : undefined
  })
  const stopOther = await hub.startAnother()
  await permit(hub)
  await Promise.all(Array.from({ length: 10 }, (_, i) => member(hub, `member-${i}`)))
  await Promise.all(Array.from({ length: 200 }, (_, i) => hub.claim(`c-${i}`, { className: 'caches' })))

  const look = async () => {
    const { items } = await hub.admin.of(claimKind).list({ namespace: 'shop' })
    const ready = items.filter((c) => findCondition(c.status?.conditions, 'Ready')?.status === 'True')
    const waiting = items
      .filter((c) => !ready.includes(c))
      .sort((a, b) => {
        const order = (c: typeof a) => `${c.metadata.creationTimestamp} ${c.metadata.uid}`
        return order(a) < order(b) ? -1 : 1
      })
    return { ready, waiting }
  }
  const allHeld = (left: number) =>
    hub.until('ten to be Ready and the rest to say why', async () => {
      const { ready, waiting } = await look()
      const told = waiting.every((c) => c.status?.cause?.reason === 'PoolExhausted')
      return ready.length === 10 && waiting.length === left && told ? { ready, waiting } : undefined
    })

  let { ready, waiting } = await allHeld(190)
  for (let round = 1; round <= 5; round++) {
    const [oldest] = waiting
    const leaving = ready[round]!
    await hub.admin.of(claimKind).delete(leaving.metadata.name, { namespace: 'shop' })
    await gone(hub, leaving.metadata.name)
    await hub.ready(oldest!.metadata.name)
    ;({ ready, waiting } = await allHeld(190 - round))
    const held = await records(hub)
    expect(new Set(held.map((r) => r.spec.resourceRef?.name)).size).toBe(10)
    expect(new Set(held.map((r) => r.spec.claimRef?.uid))).toEqual(new Set(ready.map((c) => c.metadata.uid)))
  }
  await neverTwo(hub)
  await stopOther()
  await hub.stop()
})

/** Over the whole history: no record ever changed hands, and no claim ever had two at a time. */
async function neverTwo(hub: TestHub): Promise<void> {
  const owners = new Map<string, string>()
  for (const object of hub.everything()) {
    if (object.kind !== 'Instance') continue
    const { uid = '' } = object.metadata
    const holder = (object as { spec?: { claimRef?: { uid: string } } }).spec?.claimRef?.uid ?? ''
    expect(owners.get(uid) ?? holder).toBe(holder)
    owners.set(uid, holder)
  }
  expect(new Set(owners.values()).size).toBe(owners.size)
}
