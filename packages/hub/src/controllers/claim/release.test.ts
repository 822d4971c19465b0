import { createInformers } from '@larder/engine/client/informers'
import { systemClock } from '@larder/engine/base/clock'
import { silentLog } from '@larder/engine/base/log'
import type { Pass } from '@larder/engine/runtime/pass'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimKind, type Claim } from '../../model/claim.ts'
import { instanceKind } from '../../model/instance.ts'
import { hubUser } from '../../samples/rbac.ts'
import type { TestHub } from '../testing/hub.ts'
import { shelfHub } from '../testing/shelf-hub.ts'
import { usedInstance, USED_INSTANCE } from '../instance/users.ts'
import { release } from './release.ts'

let hub: TestHub
beforeEach(async () => {
  ;({ hub } = await shelfHub())
  await hub.service('jars')
})
afterEach(() => hub.stop())

/** A pass while the watches lag: the caches have seen neither the instance nor that the claim has one. */
function passOver(claim: Claim): Pass<Claim> {
  const informers = createInformers(hub.admin, { clock: systemClock, log: silentLog })
  informers.of(instanceKind).addIndex('claim', ({ spec }) => (spec.claimRef ? [spec.claimRef.uid] : []))
  informers.of(claimKind).addIndex(USED_INSTANCE, usedInstance)
  const { status: _, ...object } = claim
  return {
    object,
    status: {},
    client: hub.clientOf(hubUser),
    cache: (type: never) => informers.of(type),
  } as unknown as Pass<Claim>
}

test('an instance whose creation was answered to nobody goes with its claim, though no cache shows it yet', async () => {
  await hub.claim('jar', { className: 'jars' })
  const claim = await hub.ready('jar')
  await hub.kill()
  await release(passOver(claim))
  const instance = await hub.instanceOf(claim)
  expect(instance?.metadata.deletionTimestamp).toBeDefined()
})
