/** The hub is killed at every write of a ClassClaim's life, before the write and after it, and started again: one instance, one mirror, one copy. */
import { secretType } from '@larder/engine/client/builtin'
import { describe, expect, test } from 'vitest'
import { surviving } from '../../../controllers/testing/surviving.ts'
import { claimKind } from '../../../model/claim.ts'
import { instanceKind } from '../../../model/instance.ts'
import { classClaimType, isMirror, mirrorName, resourceClaimType, type ClassClaim } from '../kinds.ts'
import { classClaimHub, POOL_CLASS, PROVISIONER_CLASS, type ClassClaimHub } from '../testing/class-claims.ts'

/** Of all controllers together; at the last of them nothing dies, or there were more than are tried. */
const MAX_WRITES = 14
const MAX_WRITES_OF_AN_END = 12

const MOMENTS = ['before', 'after'] as const

/** Where both moments would say little more than one, that of the write which has happened and of which nobody was told. */
const moments = (count: number, whens: readonly (typeof MOMENTS)[number][] = ['after']) =>
  Array.from({ length: count }, (_, i) => i + 1).flatMap((write) => whens.map((when) => [write, when] as const))

async function world(className: string): Promise<ClassClaimHub> {
  const hub = await classClaimHub()
  if (className === POOL_CLASS) {
    await hub.pool()
    for (const name of ['one', 'two']) await hub.secret(name, 'shop')
  } else await hub.provisioner()
  await hub.classClaim('warm', className)
  await settled(hub, 'warm')
  return hub
}

/** Ready, and its mirror as well. */
async function settled(hub: ClassClaimHub, name: string): Promise<ClassClaim> {
  const claim = await hub.bound(name)
  const mirror = mirrorName({ name, uid: claim.metadata.uid! })
  await hub.until(`the mirror of ${name}`, async () => {
    const found = await hub.admin.of(resourceClaimType).find(mirror, 'shop')
    const isReady = found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
    return isReady && (found?.metadata.finalizers?.length ?? 0) > 0 ? true : undefined
  })
  return claim
}

const items = async (hub: ClassClaimHub) => ({
  claims: (await hub.admin.of(claimKind).list({ namespace: 'shop' })).items,
  mirrors: (await hub.admin.of(resourceClaimType).list({ namespace: 'shop' })).items,
  instances: (await hub.admin.of(instanceKind).list()).items,
})

describe.each([POOL_CLASS, PROVISIONER_CLASS])('of class %s, killed', (className) => {
  test.each(moments(MAX_WRITES, className === POOL_CLASS ? MOMENTS : undefined))(
    'at write %i of its making, %s it: there is one of each',
    async (write, when) => {
      const hub = await world(className)
      hub.cut.dieAt(hub.cut.writes.length + write, when)
      await hub.classClaim('claim', className)
      const died = await surviving(hub, () => settled(hub, 'claim'))
      if (write === MAX_WRITES) expect(died).toBe(false)
      const claim = await settled(hub, 'claim')
      const { claims, mirrors, instances } = await items(hub)
      expect([claims.length, mirrors.length, instances.length]).toEqual([2, 2, 2])
      expect(mirrors.every(isMirror)).toBe(true)
      expect(await hub.secretValues(claim.status!.binding!.name)).toBeDefined()
      if (className === PROVISIONER_CLASS) expect([...hub.shelf.created.values()]).toEqual([1, 1])
      await hub.stop()
    },
  )

  test.each(moments(MAX_WRITES_OF_AN_END))(
    'at write %i of its end, %s it: nothing of it is left',
    async (write, when) => {
      const hub = await world(className)
      const copy = (await hub.admin.of(classClaimType).get('warm', 'shop')).status!.binding!.name
      hub.cut.dieAt(hub.cut.writes.length + write, when)
      await hub.admin.of(classClaimType).delete('warm', { namespace: 'shop' })
      const gone = async () => {
        await hub.gone(classClaimType, 'warm', 'shop')
        await hub.until('all else to go', async () => {
          const { claims, mirrors, instances } = await items(hub)
          const { size } = hub.shelf.services
          return claims.length + mirrors.length + instances.length + size === 0 ? true : undefined
        })
      }
      const died = await surviving(hub, gone)
      if (write === MAX_WRITES_OF_AN_END) expect(died).toBe(false)
      expect(await hub.admin.of(secretType).find(copy, 'shop')).toBeUndefined()
      if (className === POOL_CLASS) expect(await hub.secretValues('one')).toBeDefined()
      await hub.stop()
    },
  )
})
