/** Rows of docs/reference/services-toolkit-compatibility.md: a ResourceClaim, its copy, and how they follow what is claimed. */
import { secretType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../../model/claim.ts'
import { RESOURCE_CLAIM_FINALIZERS, resourceClaimPolicyType, resourceClaimType } from '../kinds.ts'
import { bindTo, grantRedis, redis, servedKind } from '../testing/redis-kind.ts'
import { conditionsOf, messageOf, READER, refTo, SERVICES, stkHub, WRITER, type StkHub } from '../testing/stk-hub.ts'

let hub: StkHub
beforeEach(async () => {
  hub = await stkHub()
  await hub.start()
})
afterEach(() => hub.stop())

const claims = () => hub.admin.of(resourceClaimType)
const secrets = () => hub.admin.of(secretType)
const noSecret = (name: string) => hub.gone(secretType, name, 'shop')

async function claim() {
  await hub.resourceClaim('redis-writer-claim', WRITER)
  return hub.claimed('redis-writer-claim')
}

describe('a claim of a Secret in another namespace', () => {
  beforeEach(() => hub.offer())

  test('row 22: has the four fields of its reference as they were written', async () => {
    expect((await claim()).spec).toEqual({ ref: WRITER })
  })

  test('row 23: becomes Ready, with its three conditions', async () => {
    expect(conditionsOf(await claim())).toEqual([
      'Ready=True Ready',
      'ResourceMatched=True ResourceMatched',
      'ResourceClaimed=True ResourceClaimed',
    ])
  })

  test('row 24: names a Secret of its own namespace, that of the name of the source', async () => {
    const { status } = await claim()
    expect(status?.binding).toEqual({ name: WRITER.name })
    expect(await secrets().find(WRITER.name, 'shop')).toBeDefined()
  })

  test('row 25: the copy has the type and all the keys', async () => {
    await claim()
    const copy = await secrets().get(WRITER.name, 'shop')
    const source = await secrets().get(WRITER.name, SERVICES)
    expect(copy.type).toBe('servicebinding.io/redis')
    expect(Object.keys(copy.data ?? {}).sort()).toEqual(['host', 'password', 'port', 'ssl', 'type', 'username'])
    expect(copy.data).toEqual(source.data)
  })

  test('row 26: says what it holds', async () => {
    expect((await claim()).status?.claimedResourceRef).toEqual(WRITER)
  })

  test('row 27: its observedGeneration follows every edit', async () => {
    const first = await claim()
    expect(first.status?.observedGeneration).toBe(first.metadata.generation)
    for (const name of [READER.name, 'absent', WRITER.name]) {
      await claims().patch('redis-writer-claim', { spec: { ref: { name } } }, { namespace: 'shop' })
      const now = await (name === 'absent'
        ? hub.refused('redis-writer-claim', 'ResourceNotFound')
        : hub.claimed('redis-writer-claim'))
      expect(now.status?.observedGeneration).toBe(now.metadata.generation)
      for (const { observedGeneration } of now.status?.conditions ?? [])
        expect(observedGeneration).toBe(now.metadata.generation)
    }
    expect((await claims().get('redis-writer-claim', 'shop')).metadata.generation).toBe(4)
  })

  test('row 28: has both finalizers', async () => {
    expect((await claim()).metadata.finalizers).toEqual(RESOURCE_CLAIM_FINALIZERS)
  })

  test('row 29: never touches the source', async () => {
    const before = await secrets().get(WRITER.name, SERVICES)
    await claim()
    await hub.remove('redis-writer-claim')
    expect(await secrets().get(WRITER.name, SERVICES)).toEqual(before)
  })

  test('row 37: deleted, it takes its copy along, and the oldest that waits has the resource', async () => {
    await claim()
    await hub.namespace('third')
    await hub.policy({ consumingNamespaces: ['third'] })
    await hub.resourceClaim('second', WRITER, 'third')
    await hub.refused('second', 'ResourceAlreadyClaimed', 'third')
    await hub.remove('redis-writer-claim')
    await hub.claimed('second', 'third')
    await noSecret(WRITER.name)
    expect(await hub.records()).toHaveLength(1)
  })

  test('row 38: what it held is still there when it is gone', async () => {
    await claim()
    await hub.remove('redis-writer-claim')
    expect(await secrets().find(WRITER.name, SERVICES)).toBeDefined()
  })

  test('row 44: a rotation reaches the copy within a second', async () => {
    await claim()
    const took: number[] = []
    for (const password of ['rotated', 'again', 'once more']) {
      const startedAt = performance.now()
      await secrets().patch(WRITER.name, { stringData: { password } }, { namespace: SERVICES })
      await hub.until('the new password', async () =>
        (await hub.secretValues(WRITER.name))?.['password'] === password ? true : undefined,
      )
      took.push(performance.now() - startedAt)
    }
    // The least: a machine that pauses says nothing of the hub.
    expect(Math.min(...took)).toBeLessThan(1000)
    await hub.claimed('redis-writer-claim')
  })

  test('row 45: the source is deleted: it is not Ready, its copy is taken back and the hold kept; with the source all returns', async () => {
    await claim()
    await secrets().delete(WRITER.name, { namespace: SERVICES })
    const refused = await hub.refused('redis-writer-claim', 'ResourceNotFound')
    expect(refused.status).toMatchObject({ claimedResourceRef: WRITER })
    expect(refused.status?.binding).toBeUndefined()
    expect(conditionsOf(refused)).toContain('ResourceMatched=False ResourceNotFound')
    await noSecret(WRITER.name)
    await hub.secret(WRITER.name)
    await hub.claimed('redis-writer-claim')
    expect(await hub.secretValues(WRITER.name)).toMatchObject({ password: `of-${WRITER.name}` })
  })

  test('in sync, nothing is written', async () => {
    await claim()
    await hub.resourceClaim('second', WRITER)
    await hub.refused('second', 'ResourceAlreadyClaimed')
    await hub.kill()
    await hub.start()
    const labels = { metadata: { labels: { touched: 'yes' } } }
    for (const name of ['redis-writer-claim', 'second']) await claims().patch(name, labels, { namespace: 'shop' })
    for (const { metadata } of (await hub.admin.of(claimKind).list({ namespace: 'shop' })).items)
      await hub.admin.of(claimKind).patch(metadata.name, labels, { namespace: 'shop' })
    for (const { metadata } of (await hub.admin.of(resourceClaimPolicyType).list({ namespace: SERVICES })).items)
      await hub.admin.of(resourceClaimPolicyType).patch(metadata.name, labels, { namespace: SERVICES })
    await secrets().patch(WRITER.name, { metadata: { annotations: { touched: 'yes' } } }, { namespace: SERVICES })
    await hub.namespace('elsewhere')
    await hub.resourceClaim('marker', refTo('absent'), 'elsewhere')
    await hub.refused('marker', 'NoMatchingResourceClaimPolicy', 'elsewhere')
    const marker = (await claims().get('marker', 'elsewhere')).metadata.uid!
    expect(hub.cut.writes.filter((write) => !write.includes('marker') && !write.includes(marker))).toEqual([])
  })

  test('of somebody who edits or deletes the Claim that stands for it, nothing stays', async () => {
    await claim()
    const { items } = await hub.admin.of(claimKind).list({ namespace: 'shop' })
    const core = items[0]!.metadata.name
    const binding = { name: 'mine', format: 'JSON', labels: { a: 'b' } }
    await hub.admin.of(claimKind).patch(core, { spec: { binding } }, { namespace: 'shop' })
    await hub.until('the edit to be taken back', async () =>
      JSON.stringify((await hub.admin.of(claimKind).get(core, 'shop')).spec.binding) === `{"name":"${WRITER.name}"}`
        ? true
        : undefined,
    )
    await noSecret('mine')
    await hub.claimed('redis-writer-claim')
    await hub.admin.of(claimKind).delete(core, { namespace: 'shop' })
    await hub.until('another to stand in its place', async () => {
      const now = await hub.admin.of(claimKind).find(core, 'shop')
      return now && now.metadata.uid !== items[0]!.metadata.uid ? true : undefined
    })
    await hub.claimed('redis-writer-claim')
    expect(await hub.secretValues(WRITER.name)).toBeDefined()
  })
})

describe('what is claimed', () => {
  beforeEach(async () => {
    await hub.grant()
    await hub.policy({})
  })

  test('cannot exist, by its name: it says what it says of others that do not', async () => {
    await hub.resourceClaim('theirs', refTo('No_Such Name'))
    expect(messageOf(await hub.refused('theirs', 'ResourceNotFound'))).toBe(
      `spec.ref: Secret ${SERVICES}/No_Such Name does not exist`,
    )
    await hub.resourceClaim('own', { apiVersion: 'v1', kind: 'Secret', name: '../x' })
    await hub.refused('own', 'ResourceNotFound')
  })

  test('row 40: does not exist: it says so, and heals when it does', async () => {
    await hub.resourceClaim('claim', WRITER)
    const refused = await hub.refused('claim', 'ResourceNotFound')
    expect(messageOf(refused)).toBe(`spec.ref: Secret ${SERVICES}/${WRITER.name} does not exist`)
    await hub.secret(WRITER.name)
    await hub.claimed('claim')
  })

  test("is the copy that another claim has: it is nobody else's to claim", async () => {
    await hub.secret(WRITER.name)
    await hub.resourceClaim('claim', WRITER)
    await hub.claimed('claim')
    await hub.resourceClaim('second', refTo(WRITER.name, 'shop'))
    const refused = await hub.refused('second', 'ResourceNotFound')
    expect(messageOf(refused)).toBe(
      `spec.ref: Secret shop/${WRITER.name} is the copy that another claim has of what it holds, and cannot be claimed itself`,
    )
  })

  test('row 41: has no binding: it says so, and no hold keeps others from it for ever', async () => {
    const configMaps = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }]
    await hub.grant(undefined, configMaps, 'reads-config-maps')
    await hub.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config', namespace: 'shop' } },
      'configmaps',
    )
    await hub.resourceClaim('claim', { apiVersion: 'v1', kind: 'ConfigMap', name: 'config' })
    const refused = await hub.refused('claim', 'ResourceNonBindable')
    expect(conditionsOf(refused)).toEqual([
      'Ready=False ResourceNonBindable',
      'ResourceMatched=True ResourceMatched',
      'ResourceClaimed=False ResourceNonBindable',
    ])
    expect(messageOf(refused)).toBe('spec.ref: ConfigMap shop/config has no status.binding.name, and is no Secret')
    await hub.remove('claim')
    expect(await hub.records()).toEqual([])
  })

  describe('is a Provisioned Service', () => {
    beforeEach(async () => {
      await grantRedis(hub)
      await servedKind(hub)
      await hub.policy({ subject: { group: 'example.com', kind: 'Redis' } })
      await hub.secret('made-for-one')
    })
    const ref = { apiVersion: 'example.com/v1', kind: 'Redis', namespace: SERVICES, name: 'one' }

    test('row 42: the Secret that it names is copied, under its name', async () => {
      await redis(hub, 'one', SERVICES, 'made-for-one')
      await hub.resourceClaim('claim', ref)
      const { status } = await hub.claimed('claim')
      expect(status).toMatchObject({ binding: { name: 'made-for-one' }, claimedResourceRef: ref })
      expect(await hub.secretValues('made-for-one')).toMatchObject({ password: 'of-made-for-one' })
      const names = hub.everything().filter((o) => o.kind === 'Secret' && o.metadata.namespace === 'shop')
      expect(new Set(names.map(({ metadata }) => metadata.name))).toEqual(new Set(['made-for-one']))
    })

    test('that has no Secret yet is waited for; that names another one, is followed', async () => {
      await redis(hub, 'one', SERVICES)
      await hub.resourceClaim('claim', ref)
      await hub.refused('claim', 'ResourceNonBindable')
      await bindTo(hub, 'one', 'made-for-one')
      await hub.claimed('claim')
      await hub.secret('made-anew')
      await bindTo(hub, 'one', 'made-anew')
      await hub.until('the other Secret to be named', async () =>
        (await claims().get('claim', 'shop')).status?.binding?.name === 'made-anew' ? true : undefined,
      )
      await noSecret('made-for-one')
      expect(await hub.secretValues('made-anew')).toMatchObject({ password: 'of-made-anew' })
    })

    test('whose Secret goes makes it fall, and heals with the Secret', async () => {
      await redis(hub, 'one', SERVICES, 'made-for-one')
      await hub.resourceClaim('claim', ref)
      await hub.claimed('claim')
      await secrets().delete('made-for-one', { namespace: SERVICES })
      const refused = await hub.refused('claim', 'BindingNotCopyable')
      expect(messageOf(refused)).toBe(
        `Secret ${SERVICES}/made-for-one, which Redis ${SERVICES}/one names, does not exist`,
      )
      await hub.secret('made-for-one')
      await hub.claimed('claim')
    })
  })

  test('row 46: the name of the copy is taken: the Secret of the user stays as it is, and when it goes all heals', async () => {
    await hub.secret(WRITER.name)
    await secrets().create({ metadata: { name: WRITER.name, namespace: 'shop' }, stringData: { mine: 'yes' } })
    await hub.resourceClaim('claim', WRITER)
    const refused = await hub.refused('claim', 'BindingNotCopyable')
    expect(messageOf(refused)).toBe(
      `Secret shop/${WRITER.name} exists and is not the copy of this claim: rename or delete it`,
    )
    expect(conditionsOf(refused)).toContain('ResourceClaimed=False BindingNotCopyable')
    expect(await hub.secretValues(WRITER.name)).toEqual({ mine: 'yes' })
    await hub.remove('claim')
    expect(await hub.secretValues(WRITER.name)).toEqual({ mine: 'yes' })
    await hub.resourceClaim('again', WRITER)
    await hub.refused('again', 'BindingNotCopyable')
    await secrets().delete(WRITER.name, { namespace: 'shop' })
    await hub.claimed('again')
  })
})
