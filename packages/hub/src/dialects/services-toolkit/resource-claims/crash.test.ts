/** A ResourceClaim where it could break: a hub that is killed at any write of a claim, of an edit of its reference, or of its release. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { surviving } from '../../../controllers/testing/surviving.ts'
import { claimKind } from '../../../model/claim.ts'
import { resourceClaimType } from '../kinds.ts'
import { grantRedis, redis, servedKind } from '../testing/redis-kind.ts'
import { READER, SERVICES, stkHub, WRITER, type StkHub } from '../testing/stk-hub.ts'

/**
 * How many writes each takes: the claim, the one that stands for it, the record of the hold, the copy. Killed after each of them, the API
 * is left in every state that a crash can leave it in.
 */
const WRITES = { claim: 11, edit: 14, release: 7, serviceClaim: 12 }

const each = (writes: number) => Array.from({ length: writes }, (_, i) => i + 1)

let hub: StkHub
beforeEach(async () => {
  hub = await stkHub()
  await hub.start()
  await hub.offer()
})
afterEach(() => hub.stop())

const survived = (settled: () => Promise<unknown>) => surviving(hub, settled)
const dieAfter = (write: number) => hub.cut.dieAt(hub.cut.writes.length + write, 'after')
const heldNames = async () => (await hub.records()).map(({ spec }) => spec.resourceRef?.name)
const standIns = async () => (await hub.admin.of(claimKind).list({ namespace: 'shop' })).items.length

async function writesOf(act: () => Promise<unknown>): Promise<number> {
  const before = hub.cut.writes.length
  await act()
  const later = await hub.policy({})
  await hub.until('all to be done', () =>
    hub.cut.writes.includes(`patch claimpolicies/status rcp-${later.metadata.uid}`) ? true : undefined,
  )
  return hub.cut.writes.slice(before).filter((write) => !write.includes('polic')).length
}

test('more writes than these are news', async () => {
  // With rights and policies in place: a claim that comes before them is told so first.
  await hub.resourceClaim('first', READER)
  await hub.claimed('first')
  await hub.remove('first')
  await hub.until('the hold to end', async () => ((await heldNames()).length === 0 ? true : undefined))
  const claim = await writesOf(async () => {
    await hub.resourceClaim('claim', WRITER)
    await hub.claimed('claim')
  })
  expect(claim).toBeLessThanOrEqual(WRITES.claim)
  const edit = await writesOf(async () => {
    await hub.admin.of(resourceClaimType).patch('claim', { spec: { ref: READER } }, { namespace: 'shop' })
    await hub.claimed('claim')
  })
  expect(edit).toBeLessThanOrEqual(WRITES.edit)
  expect(await writesOf(() => hub.remove('claim'))).toBeLessThanOrEqual(WRITES.release)
})

describe('killed', () => {
  test.each(each(WRITES.claim))('after write %i of a claim: it is held once', async (write) => {
    dieAfter(write)
    await hub.resourceClaim('claim', WRITER)
    await survived(() => hub.claimed('claim'))
    expect(await heldNames()).toEqual([WRITER.name])
    expect(await standIns()).toBe(1)
    expect(await hub.secretValues(WRITER.name)).toMatchObject({ password: `of-${WRITER.name}` })
  })

  test.each(each(WRITES.edit))(
    'after write %i of an edit of the reference: the new one is held, and it alone',
    async (write) => {
      await hub.resourceClaim('claim', WRITER)
      await hub.claimed('claim')
      dieAfter(write)
      await hub.admin.of(resourceClaimType).patch('claim', { spec: { ref: READER } }, { namespace: 'shop' })
      await survived(() => hub.claimed('claim'))
      expect(await heldNames()).toEqual([READER.name])
      expect(await standIns()).toBe(1)
      expect(await hub.secretValues(WRITER.name)).toBeUndefined()
      expect(await hub.secretValues(READER.name)).toMatchObject({ password: `of-${READER.name}` })
    },
  )

  test.each(each(WRITES.release))('after write %i of a release: nothing is held, nothing is left', async (write) => {
    await hub.resourceClaim('claim', WRITER)
    await hub.claimed('claim')
    dieAfter(write)
    await hub.admin.of(resourceClaimType).delete('claim', { namespace: 'shop' })
    await survived(() => hub.gone(resourceClaimType, 'claim', 'shop'))
    await hub.until('all to be gone', async () =>
      (await heldNames()).length + (await standIns()) === 0 ? true : undefined,
    )
    expect(await hub.secretValues(WRITER.name)).toBeUndefined()
    await hub.resourceClaim('next', WRITER)
    await hub.claimed('next')
  })

  test.each(each(WRITES.serviceClaim))(
    'after write %i of a claim of a Provisioned Service: its Secret is copied, under its name',
    async (write) => {
      await grantRedis(hub)
      await servedKind(hub)
      await hub.policy({ subject: { group: 'example.com', kind: 'Redis' } })
      await redis(hub, 'one', SERVICES, READER.name)
      const ref = { apiVersion: 'example.com/v1', kind: 'Redis', namespace: SERVICES, name: 'one' }
      await hub.resourceClaim('warm', ref)
      await hub.claimed('warm')
      await hub.remove('warm')
      dieAfter(write)
      await hub.resourceClaim('claim', ref)
      await survived(() => hub.claimed('claim'))
      expect(await heldNames()).toEqual(['one'])
      expect(await hub.secretValues(READER.name)).toMatchObject({ password: `of-${READER.name}` })
    },
  )
})
