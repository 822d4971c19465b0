/** The hold where it could break: a hub that is killed at any write of a claim or of its release. */
import { secretType } from '@larder/engine/client/builtin'
import { describe, expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { claimGone } from '../testing/claims.ts'
import type { TestHub } from '../testing/hub.ts'
import { member, permit, poolHub, records } from '../testing/pool.ts'
import { momentsOf, surviving } from '../testing/surviving.ts'

/** Finalizer, choice, record, statuses, Secret; more than this is news. */
const MAX_WRITES = 9

const moments = momentsOf(MAX_WRITES)

const noRecord = (hub: TestHub) =>
  hub.until('the record to go', async () => ((await records(hub)).length === 0 ? true : undefined))

describe('killed', () => {
  test.each(moments)('at write %i of a claim, %s it: one member is held, once', async (write, when) => {
    const hub = await poolHub()
    await permit(hub)
    await Promise.all(['one', 'two'].map((name) => member(hub, name)))
    await hub.claim('warm', { className: 'caches' })
    await hub.ready('warm')
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    const { metadata } = await hub.claim('cache', { className: 'caches' })
    await surviving(hub, () => hub.ready('cache'))
    const held = (await records(hub)).filter((r) => r.spec.claimRef?.uid === metadata.uid)
    expect(held.map((r) => r.spec.resourceRef?.name)).toEqual(['two'])
    expect(await hub.secretValues('cache')).toEqual({ url: 'redis://two', password: 'secret-of-two' })
    await hub.stop()
  })

  test.each(moments.slice(0, 12))(
    'at write %i of a release, %s it: nothing is held, nothing is lost',
    async (write, when) => {
      const hub = await poolHub()
      await permit(hub)
      await member(hub, 'one')
      await hub.claim('cache', { className: 'caches' })
      await hub.ready('cache')
      hub.cut.dieAt(hub.cut.writes.length + write, when)
      await hub.admin.of(claimKind).delete('cache', { namespace: 'shop' })
      await surviving(hub, () => Promise.all([claimGone(hub, 'cache'), noRecord(hub)]))
      expect(await hub.admin.of(secretType).find('one', 'services')).toBeDefined()
      expect(await hub.secretValues('cache')).toBeUndefined()
      await hub.claim('next', { className: 'caches' })
      await hub.ready('next')
      await hub.stop()
    },
  )
})
