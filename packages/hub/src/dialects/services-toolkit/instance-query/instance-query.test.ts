/** What an InstanceQuery tells: what a ResourceClaim of its namespace could hold now, and nothing else. Rows are those of the compatibility table. */
import { namespaceType, roleBindingType, secretType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimPolicyKind } from '../../../model/claim-policy.ts'
import { resourceClaimPolicyType, resourceClaimType } from '../kinds.ts'
import { grantRedis, redis, servedKind } from '../testing/redis-kind.ts'
import { CLASS_LABEL, SERVICES, stkHub, type StkHub } from '../testing/stk-hub.ts'
import { instanceQueryType, type InstanceQuery } from './instance-query.ts'

let hub: StkHub
beforeEach(async () => {
  hub = await stkHub()
  await hub.start()
})
afterEach(() => hub.stop())

const CLASS = 'aws-elasticache'
const POOL = { pool: { kind: 'Secret', labelSelector: { matchLabels: { [CLASS_LABEL]: CLASS } } } }
const READER = 'redis-reader-creds-bindable'
const WRITER = 'redis-writer-creds-bindable'

/** That of the document: a class, two Secrets that belong to it, and who may read them. */
async function elasticache() {
  await hub.grant()
  await hub.secret(READER)
  await hub.secret(WRITER)
  await hub.secret('other', SERVICES, {})
  await hub.instanceClass(CLASS, POOL)
}

const ask = (namespace = 'shop', spec: Partial<InstanceQuery['spec']> = {}, client = hub.admin) =>
  client.of(instanceQueryType).create({ metadata: { name: 'q', namespace }, spec: { class: CLASS, ...spec } })
const names = async (namespace?: string, spec?: Partial<InstanceQuery['spec']>) =>
  (await ask(namespace, spec)).status?.instances?.map(({ name }) => name)
/** Policies are heard of by a watch of their own. */
const untilNames = (namespace: string, wanted: readonly string[]) =>
  hub.until(`namespace ${namespace} to be told of ${wanted.join(', ') || 'nothing'}`, async () => {
    const told = await names(namespace)
    return JSON.stringify(told) === JSON.stringify(wanted) ? true : undefined
  })

const tenant = (name: string) => hub.clientOf({ name, groups: ['system:authenticated'] })
async function bind(user: string, role: string, namespace: string) {
  await hub.admin.of(roleBindingType).create({
    metadata: { name: `${user}-${role}`, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  })
}

describe('it tells', () => {
  test('row 12: per namespace, what a policy opens to that one', async () => {
    await elasticache()
    await hub.namespace('other')
    await hub.policy({ consumingNamespaces: ['shop'] })
    await untilNames('shop', [READER, WRITER])
    expect(await ask()).toMatchObject({
      spec: { class: CLASS, limit: 50 },
      status: {
        instances: [
          { apiVersion: 'v1', kind: 'Secret', name: READER, namespace: SERVICES },
          { apiVersion: 'v1', kind: 'Secret', name: WRITER, namespace: SERVICES },
        ],
      },
    })
    expect(await names('other')).toEqual([])
  })

  test('row 13: what lives in the same namespace, without a policy', async () => {
    await elasticache()
    expect(await names(SERVICES)).toEqual([READER, WRITER])
    expect(await names()).toEqual([])
  })

  test('row 14: with `*`, from any namespace, also from one that comes later', async () => {
    await elasticache()
    await hub.policy({ consumingNamespaces: ['*'] })
    await untilNames('shop', [READER, WRITER])
    await hub.namespace('later')
    await untilNames('later', [READER, WRITER])
  })

  test('row 15: what the selector of the policy matches, as its labels are now', async () => {
    await elasticache()
    const labelled = { kind: 'Secret', selector: { matchLabels: { [CLASS_LABEL]: CLASS, open: 'yes' } } }
    await hub.policy({ subject: labelled })
    const relabel = (open: string | null) =>
      hub.admin.of(secretType).patch(READER, { metadata: { labels: { open } } }, { namespace: SERVICES })
    await relabel('yes')
    await untilNames('shop', [READER])
    await relabel(null)
    await untilNames('shop', [])
    await hub.admin
      .of(secretType)
      .patch(READER, { metadata: { labels: { [CLASS_LABEL]: null, open: 'yes' } } }, { namespace: SERVICES })
    expect(await names()).toEqual([])
    expect(await names(SERVICES)).toEqual([WRITER])
  })

  test('row 16: nothing by a policy that is in another namespace than the Secrets', async () => {
    await elasticache()
    await hub.namespace('elsewhere')
    await hub.policy({ consumingNamespaces: ['shop'] }, 'elsewhere')
    await hub.policy({ consumingNamespaces: ['shop'] }, 'shop')
    await known(2)
    expect(await names()).toEqual([])
  })

  test('row 17: of `subject.resourceNames`, those', async () => {
    await elasticache()
    await hub.policy({ subject: { kind: 'Secret', resourceNames: [READER] } })
    await untilNames('shop', [READER])
  })

  test('row 18: nothing by a policy for another kind or group', async () => {
    await elasticache()
    await hub.policy({ subject: { kind: 'Secret', group: 'rabbitmq.com' } })
    await hub.policy({ subject: { kind: 'ConfigMap' } })
    await known(2)
    expect(await names()).toEqual([])
  })

  test('row 34: what nobody holds: neither a claim of any namespace, nor one that names it by itself', async () => {
    await elasticache()
    await hub.policy({ consumingNamespaces: ['*'] })
    await untilNames('shop', [READER, WRITER])
    const ref = { apiVersion: 'v1', kind: 'Secret', name: WRITER, namespace: SERVICES }
    await hub.resourceClaim('writer', ref)
    await hub.claimed('writer')
    await untilNames('shop', [READER])
    await untilNames(SERVICES, [READER])
    await hub.claim('reader', { resourceRef: { ...ref, name: READER } })
    await hub.ready('reader')
    await untilNames('shop', [])
    await hub.admin.of(resourceClaimType).delete('writer', { namespace: 'shop' })
    await untilNames('shop', [WRITER])
  })

  test('row 8: nothing where no ClusterRole lets claims read the kind, and all of it when there is one', async () => {
    await hub.secret(READER, 'shop')
    await hub.instanceClass(CLASS, POOL)
    expect(await names()).toEqual([])
    await hub.grant()
    await untilNames('shop', [READER])
    await hub.revoke()
    await untilNames('shop', [])
  })

  test('objects of a kind that no program knows, and those that the field selector matches', async () => {
    await servedKind(hub)
    await grantRedis(hub)
    await redis(hub, 'one', 'shop', 'made-for-one')
    await hub.instanceClass(CLASS, { pool: { group: 'example.com', kind: 'Redis' } })
    await untilNames('shop', ['one'])
    expect((await ask()).status?.instances).toEqual([
      { apiVersion: 'example.com/v1', kind: 'Redis', name: 'one', namespace: 'shop' },
    ])
    await hub.grant()
    await hub.secret(READER, 'shop')
    await hub.admin.of(secretType).create({ metadata: { name: 'other', namespace: 'shop' }, type: 'other' })
    await hub.instanceClass('by-field', { pool: { kind: 'Secret', fieldSelector: 'type=servicebinding.io/redis' } })
    await hub.until('what the field selector matches', async () =>
      JSON.stringify(await names('shop', { class: 'by-field' })) === JSON.stringify([READER]) ? true : undefined,
    )
  })

  test('nothing of a kind that the API does not have', async () => {
    await hub.instanceClass(CLASS, { pool: { group: 'example.com', kind: 'Cache' } })
    expect(await names()).toEqual([])
  })

  test('nothing that needs a role which a ResourceClaim cannot ask for', async () => {
    await elasticache()
    await hub.admin.of(claimPolicyKind).create({
      metadata: { name: 'readers', namespace: SERVICES },
      spec: { consumers: { namespaces: ['shop'] }, subjects: [{ kind: 'Secret', roles: ['reader'] }] },
    })
    await hub.policy({ subject: { kind: 'Secret', resourceNames: [WRITER] } })
    await untilNames('shop', [WRITER])
  })
})

/** Both the policies and what the core makes of them. */
const known = (count: number) =>
  hub.until(`${count} policies to be known`, async () => {
    const { items } = await hub.admin.of(resourceClaimPolicyType).list()
    return items.filter(({ status }) => status?.conditions?.[0]?.status === 'True').length === count ? true : undefined
  })

describe('it is asked', () => {
  test('row 19: by creation alone, of at most 50 unless told, and sorted by namespace and name', async () => {
    await hub.grant()
    await hub.admin.of(namespaceType).create({ metadata: { name: 'a-first' } })
    await hub.policy({ consumingNamespaces: ['*'] }, 'a-first')
    const all = Array.from({ length: 60 }, (_, i) => `creds-${String(i).padStart(2, '0')}`)
    await Promise.all(all.toReversed().map((name) => hub.secret(name, 'shop')))
    await hub.secret('z-last', 'a-first')
    await hub.instanceClass(CLASS, POOL)
    await untilNames('shop', ['z-last', ...all.slice(0, 49)])
    expect(await names('shop', { limit: 3 })).toEqual(['z-last', ...all.slice(0, 2)])
    expect(await names('shop', { limit: 1000 })).toHaveLength(61)
    await expect(ask('shop', { limit: 0 })).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('spec.limit'),
    })
    await expect(hub.admin.of(instanceQueryType).list({ namespace: 'shop' })).rejects.toMatchObject({ code: 405 })
    await expect(hub.admin.of(instanceQueryType).get('q', 'shop')).rejects.toMatchObject({ code: 405 })
    expect(hub.everything().filter(({ kind }) => kind === 'InstanceQuery')).toEqual([])
  })

  test('row 20: of a class with a provisioner it is refused, with what to do', async () => {
    const crossplane = { compositeResourceDefinition: 'xredis.example.com' }
    await hub.instanceClass(CLASS, { provisioner: { crossplane } })
    await expect(ask()).rejects.toMatchObject({
      code: 422,
      message:
        'InstanceQuery.claimable.services.apps.tanzu.vmware.com "q" is invalid: spec.class: Invalid value: "aws-elasticache": this ClusterInstanceClass has a provisioner and no pool, so that nothing of it exists before it is claimed; make a ClassClaim',
    })
  })

  test('of a class that is not there, and of none: it is told so', async () => {
    await expect(ask()).rejects.toMatchObject({
      code: 404,
      message: 'clusterinstanceclasses.services.apps.tanzu.vmware.com "aws-elasticache" not found',
    })
    await expect(
      hub.admin.of(instanceQueryType).create({ metadata: { namespace: 'shop' }, spec: {} as never }),
    ).rejects.toMatchObject({ code: 422, message: expect.stringContaining('spec.class: Required value') })
  })

  test('by whoever may see the claims of the namespace, and nobody else', async () => {
    await elasticache()
    await bind('ann', 'view', SERVICES)
    const ann = tenant('ann')
    expect((await ask(SERVICES, {}, ann)).status?.instances).toHaveLength(2)
    await expect(ask('shop', {}, ann)).rejects.toMatchObject({ code: 403 })
  })
})
