/** Rows of docs/reference/services-toolkit-compatibility.md: who may claim, by rights and by policies; what those learn who may not. */
import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { resourceClaimPolicyType, resourceClaimType } from '../kinds.ts'
import { grantRedis, redis, servedKind } from '../testing/redis-kind.ts'
import { conditionsOf, messageOf, refTo, SERVICES, stkHub, WRITER, type StkHub } from '../testing/stk-hub.ts'

let hub: StkHub
beforeEach(async () => {
  hub = await stkHub()
  await hub.start()
})
afterEach(() => hub.stop())

const secrets = () => hub.admin.of(secretType)
const noSecret = (name: string) => hub.gone(secretType, name, 'shop')

const claimAs = (user: string, namespace: string) =>
  hub
    .clientOf({ name: user, groups: ['system:authenticated'] })
    .of(resourceClaimType)
    .create({ metadata: { name: 'claim', namespace }, spec: { ref: WRITER } })
    .then(
      () => 'created',
      (error: Error) => error.message,
    )

describe('the right to read', () => {
  beforeEach(async () => {
    await hub.secret(WRITER.name)
    await hub.policy({})
  })

  test('row 8: without the ClusterRole of the document it is not Ready; with it all heals, with no restart', async () => {
    await hub.resourceClaim('claim', WRITER)
    const refused = await hub.refused('claim', 'UnableToTrackReferencedResource')
    expect(messageOf(refused)).toBe(
      'spec.ref: objects of kind Secret may not be read: a ClusterRole with the label servicebinding.io/controller: "true" that allows get, list and watch on them lets them be',
    )
    await hub.grant()
    await hub.claimed('claim')
  })

  test.each(['resourceclaims.services.apps.tanzu.vmware.com/controller', 'service.binding/controller'])(
    'row 9: the older label %s also works',
    async (label) => {
      await hub.resourceClaim('claim', WRITER)
      await hub.refused('claim', 'UnableToTrackReferencedResource')
      await hub.grant(label)
      await hub.claimed('claim')
    },
  )

  test('row 10: taken away, it is noticed with the next news of the resource; given back, all heals', async () => {
    await hub.grant()
    await hub.resourceClaim('claim', WRITER)
    await hub.claimed('claim')
    await hub.revoke()
    await secrets().patch(WRITER.name, { stringData: { password: 'later' } }, { namespace: SERVICES })
    await hub.refused('claim', 'UnableToTrackReferencedResource')
    expect(await hub.secretValues(WRITER.name)).toMatchObject({ password: `of-${WRITER.name}` })
    await hub.grant()
    await hub.claimed('claim')
    await hub.until('the later password', async () =>
      (await hub.secretValues(WRITER.name))?.['password'] === 'later' ? true : undefined,
    )
  })

  test('of a kind that this cluster does not have is said so, and heals when it does', async () => {
    await hub.resourceClaim('claim', { apiVersion: 'example.com/v1', kind: 'Redis', name: 'one' })
    const refused = await hub.refused('claim', 'UnableToTrackReferencedResource')
    expect(messageOf(refused)).toBe('spec.ref: this cluster has no kind Redis in example.com/v1')
    expect(conditionsOf(refused)).toEqual([
      'Ready=False UnableToTrackReferencedResource',
      'ResourceMatched=False UnableToTrackReferencedResource',
      'ResourceClaimed=Unknown UnableToTrackReferencedResource',
    ])
    await hub.secret('creds', 'shop')
    await grantRedis(hub)
    await servedKind(hub)
    await redis(hub, 'one', 'shop', 'creds')
    const uncopied = await hub.refused('claim', 'BindingNotCopyable')
    expect(messageOf(uncopied)).toContain('objects of kind Secret may not be read')
    await hub.grant()
    await hub.claimed('claim')
  })
})

describe('without a policy', () => {
  beforeEach(() => hub.grant())

  test('row 39: a claim in another namespace says so, and a policy heals it', async () => {
    await hub.secret(WRITER.name)
    await hub.resourceClaim('claim', WRITER)
    const refused = await hub.refused('claim', 'NoMatchingResourceClaimPolicy')
    expect(messageOf(refused)).toBe(
      `spec.ref: no ResourceClaimPolicy in namespace ${SERVICES} lets namespace shop claim Secret ${SERVICES}/${WRITER.name}`,
    )
    expect(refused.status?.claimedResourceRef).toBeUndefined()
    expect(await hub.records()).toEqual([])
    await hub.policy({})
    await hub.claimed('claim')
  })

  test('the same is said of what exists and of what does not, in every namespace, and of namespaces that do not exist', async () => {
    await hub.secret(WRITER.name)
    const asked = { there: WRITER, absent: refTo('absent'), nowhere: refTo('absent', 'no-such-namespace') }
    const said: string[] = []
    for (const [name, ref] of Object.entries(asked)) {
      await hub.resourceClaim(name, ref)
      const refused = await hub.refused(name, 'NoMatchingResourceClaimPolicy')
      const { lastTransitionTime: _, ...ready } = findCondition(refused.status?.conditions, 'Ready')!
      const { conditions: __, ...rest } = refused.status!
      const text = JSON.stringify([ready, rest, conditionsOf(refused)])
      said.push(text.replaceAll(ref.name, 'NAME').replaceAll(ref.namespace, 'NAMESPACE'))
    }
    expect(new Set(said).size).toBe(1)
  })

  test('row 13: a claim in the namespace of the Secret needs none; the copy has a name beside that of the source', async () => {
    await hub.secret('creds', 'shop')
    await hub.resourceClaim('own', { apiVersion: 'v1', kind: 'Secret', name: 'creds' })
    const { status } = await hub.claimed('own')
    expect(status?.binding?.name).toMatch(/^creds-[0-9a-f]{10}$/)
    expect(status?.claimedResourceRef).toEqual(refTo('creds', 'shop'))
    expect(await hub.secretValues(status!.binding!.name)).toEqual(await hub.secretValues('creds'))
    await hub.remove('own')
    await noSecret(status!.binding!.name)
    expect(await hub.secretValues('creds')).toBeDefined()
  })

  test('one that is withdrawn takes the copy back and keeps the hold; when it returns, so does the copy', async () => {
    await hub.secret(WRITER.name)
    const { metadata } = await hub.policy({})
    await hub.resourceClaim('claim', WRITER)
    await hub.claimed('claim')
    await hub.admin.of(resourceClaimPolicyType).delete(metadata.name, { namespace: SERVICES })
    const refused = await hub.refused('claim', 'NoMatchingResourceClaimPolicy')
    expect(refused.status?.binding).toBeUndefined()
    expect(refused.status?.claimedResourceRef).toEqual(WRITER)
    await noSecret(WRITER.name)
    await hub.resourceClaim('own', { apiVersion: 'v1', kind: 'Secret', name: WRITER.name }, SERVICES)
    await hub.refused('own', 'ResourceAlreadyClaimed', SERVICES)
    await hub.policy({})
    await hub.claimed('claim')
    expect(await hub.secretValues(WRITER.name)).toBeDefined()
  })
})

describe('a claim by somebody with rights in a namespace', () => {
  test.each([
    ['view', 'is forbidden'],
    ['edit', 'created'],
    ['admin', 'created'],
  ])('row 49: rights in a namespace, as %s: %s', async (role, expected) => {
    await hub.apply(
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'ann', namespace: 'shop' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
      },
      'rolebindings',
    )
    await hub.namespace('other')
    expect(
      await hub.until('the roles to be put together', async () => {
        const answer = await claimAs('ann', 'shop')
        return expected === 'created' && answer.includes('forbidden') ? undefined : answer
      }),
    ).toContain(expected)
    expect(await claimAs('ann', 'other')).toContain('is forbidden')
    expect(await claimAs('bob', 'shop')).toContain('is forbidden')
  })
})
