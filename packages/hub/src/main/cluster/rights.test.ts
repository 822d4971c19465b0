/**
 * A hub over HTTPS with the token of its ServiceAccount: what `larder install` gives it suffices for everything that it does, and
 * nothing of it is left unused.
 */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import type { ClusterRole, PolicyRule } from '@larder/engine/client/builtin'
import {
  clusterRoleBindingType,
  clusterRoleType,
  roleBindingType,
  roleType,
  serviceAccountType,
} from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backendKind } from '../../model/backend.ts'
import { claimPolicyKind } from '../../model/claim-policy.ts'
import { claimKind, type Claim } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { HUB_LEASE, SYSTEM_NAMESPACE } from '../../model/names.ts'
import { applyAll, clusterManifests, installSamples } from '../../samples/install.ts'
import { hubAccount, hubUser } from '../../samples/rbac.ts'
import { bareCluster, type BareCluster, type RunningClusterHub } from '../testing/cluster.ts'

let cluster: BareCluster
let hub: RunningClusterHub
const RBAC = 'rbac.authorization.k8s.io'
beforeAll(async () => {
  cluster = await bareCluster()
  await applyAll(cluster.admin, clusterManifests())
  await installSamples(cluster.admin)
  hub = await cluster.hub(await cluster.kubeconfigOf(hubAccount))
})
afterAll(() => cluster.close())

async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`waited for ${what}\n${hub.log.join('')}`)
}

const ready = (name: string) =>
  until(`claim ${name} to be Ready`, async () => {
    const claim = await cluster.admin.of(claimKind).find(name, 'shop')
    return findCondition(claim?.status?.conditions, 'Ready')?.status === 'True' ? claim : undefined
  })
const gone = <T extends KubeObject>(type: ResourceType<T>, name: string, namespace?: string) =>
  until(`${type.kind} ${name} to go`, async () =>
    (await cluster.admin.of(type).find(name, namespace)) ? undefined : true,
  )
const claim = (name: string, spec: Claim['spec']) =>
  cluster.admin.of(claimKind).create({ metadata: { name, namespace: 'shop' }, spec })
const release = async (name: string) => {
  await cluster.admin.of(claimKind).delete(name, { namespace: 'shop' })
  await gone(claimKind, name, 'shop')
}

describe('with the rights of an installation and no more', () => {
  test('a claim by class lives and dies, in a namespace that its class names, through an edit of the class', async () => {
    const { admin } = cluster
    await admin.of(namespaceType).create({ metadata: { name: 'shop' } })
    await admin.of(backendKind).create({ metadata: { name: 'nothing' }, spec: { driver: 'noop' } })
    const spec = {
      type: 'none',
      description: 'nothing',
      backendRef: { name: 'nothing' },
      instanceNamespace: 'elsewhere',
    }
    await admin.of(classKind).create({ metadata: { name: 'nothing' }, spec })
    await claim('a', { className: 'nothing' })
    await ready('a')
    await admin.of(secretType).patch('a', { data: { password: null } }, { namespace: 'shop' })
    await until('the Secret to be mended', async () =>
      (await admin.of(secretType).get('a', 'shop')).data?.['password'] === undefined ? undefined : true,
    )
    await admin.of(classKind).patch('nothing', { spec: { recipe: { delay: '10ms' } } })
    await claim('b', { className: 'nothing' })
    await ready('b')
    await release('a')
    await release('b')
    await until('the instances to go', async () =>
      (await admin.of(instanceKind).list()).items.length === 0 ? true : undefined,
    )
    await admin.of(classKind).delete('nothing')
    await admin.of(backendKind).delete('nothing')
    await gone(classKind, 'nothing')
    await gone(backendKind, 'nothing')
  })

  test('a pool is read as its own account, and a claim by resource as another', async () => {
    const { admin } = cluster
    await admin.of(namespaceType).create({ metadata: { name: 'services' } })
    const labels = { offer: 'caches' }
    for (const name of ['one', 'two'])
      await admin
        .of(secretType)
        .create({ metadata: { name, namespace: 'services', labels }, stringData: { password: name } })
    await admin.of(claimPolicyKind).create({
      metadata: { name: 'shop-may', namespace: 'services' },
      spec: { consumers: { namespaces: ['shop'] }, subjects: [{ kind: 'Secret', selector: { matchLabels: labels } }] },
    })
    await admin.of(classKind).create({
      metadata: { name: 'caches' },
      spec: {
        type: 'redis',
        description: 'by hand',
        backendRef: { name: 'pool' },
        recipe: { apiVersion: 'v1', kind: 'Secret', selector: { matchLabels: labels } },
        reclaimPolicy: 'Release',
      },
    })
    await claim('pooled', { className: 'caches' })
    await ready('pooled')
    await admin.of(clusterRoleType).create({
      metadata: { name: 'secrets-for-claims', labels: { 'servicebinding.io/controller': 'true' } },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }],
    })
    const held = (await admin.of(instanceKind).list()).items.map((i) => i.spec.resourceRef?.name)
    const free = ['one', 'two'].find((name) => !held.includes(name))!
    await claim('theirs', { resourceRef: { apiVersion: 'v1', kind: 'Secret', namespace: 'services', name: free } })
    await ready('theirs')
    await release('pooled')
    await release('theirs')
  })

  test('an account that a Backend names needs a Role that lets the hub act as it, and heals with it', async () => {
    const { admin } = cluster
    await admin.of(serviceAccountType).create({ metadata: { name: 'reader', namespace: 'services' } })
    await admin.of(clusterRoleBindingType).create({
      metadata: { name: 'reader' },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'larder:pool' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'services' }],
    })
    const serviceAccountRef = { namespace: 'services', name: 'reader' }
    await admin.of(backendKind).create({ metadata: { name: 'theirs' }, spec: { driver: 'pool', serviceAccountRef } })
    const { spec } = await admin.of(classKind).get('caches')
    await admin
      .of(classKind)
      .create({ metadata: { name: 'theirs' }, spec: { ...spec, backendRef: { name: 'theirs' } } })
    await claim('by-account', { className: 'theirs' })
    const { message } = await until('the claim to say why', async () => {
      const cause = (await admin.of(claimKind).find('by-account', 'shop'))?.status?.cause
      return cause?.reason === 'BackendDenied' ? cause : undefined
    })
    // Which account it is, who reads the Backend knows.
    expect(message).toBe(
      'class theirs is not ready: the hub may not act as the account of the backend: let it impersonate that account, by a Role beside it, to list Secret of v1',
    )
    const name = { name: 'act-as-reader', namespace: 'services' }
    await admin.of(roleType).create({
      metadata: name,
      rules: [{ apiGroups: [''], resources: ['serviceaccounts'], resourceNames: ['reader'], verbs: ['impersonate'] }],
    })
    await admin.of(roleBindingType).create({
      metadata: name,
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'act-as-reader' },
      subjects: [{ kind: 'ServiceAccount', ...hubAccount }],
    })
    await ready('by-account')
    await release('by-account')
  })

  test('a second hub waits ready, and takes over when the first stops', async () => {
    const next = await cluster.hub(await cluster.kubeconfigOf(hubAccount))
    expect((await fetch(`${next.http}/readyz`)).status).toBe(200)
    await hub.stop()
    hub = next
    await claim('after', { className: 'caches' })
    await ready('after')
    await release('after')
  })

  test('the cluster refused it nothing', () => {
    const refused = cluster.asked.filter(({ user, isAllowed }) => user === hubUser.name && !isAllowed)
    expect(refused.filter(({ verb, name }) => verb !== 'impersonate' || name !== 'reader')).toEqual([])
    expect(hub.log.join('')).not.toContain('forbidden')
  })

  test('every right is used here, or has its reason', async () => {
    const used = new Set(
      cluster.asked
        .filter(({ user, isAllowed }) => user === hubUser.name && isAllowed)
        .map(({ verb, group, resource }) => `${verb} ${group}/${resource}`),
    )
    const granted = (await hubRules()).flatMap((rule) => rightsOf(rule))
    expect(granted.filter((right) => !used.has(right) && RIGHTS_FOR_OTHER_TIMES[right] === undefined)).toEqual([])
    expect(Object.keys(RIGHTS_FOR_OTHER_TIMES).filter((right) => !granted.includes(right))).toEqual([])
  })
})

const ASKED_BY_POLICIES = 'what the admission policies ask for, when the hub creates and holds an instance'
const IS_ASKED = 'the journey claimable.test.ts on a cluster asks what may be claimed'
const LOOKS_PAST_ITS_CACHE = 'a decision that cannot be taken back looks past the cache'

/** Rights for which this test may have no use, each with the moment that needs it. */
const RIGHTS_FOR_OTHER_TIMES: Readonly<Record<string, string>> = {
  'create authorization.k8s.io/subjectaccessreviews': IS_ASKED,
  'create discovery.k8s.io/endpointslices': 'an apply of what is absent creates it',
  'set-origin larder.dev/claims': ASKED_BY_POLICIES,
  'set-origin larder.dev/instances': ASKED_BY_POLICIES,
  'hold larder.dev/instances': ASKED_BY_POLICIES,
  'get larder.dev/backends': LOOKS_PAST_ITS_CACHE,
  'get larder.dev/classes': LOOKS_PAST_ITS_CACHE,
  'get larder.dev/claims': LOOKS_PAST_ITS_CACHE,
  'get larder.dev/claimpolicies': LOOKS_PAST_ITS_CACHE,
  'get larder.dev/instances': LOOKS_PAST_ITS_CACHE,
  'get apps/controllerrevisions': LOOKS_PAST_ITS_CACHE,
  'get /namespaces': LOOKS_PAST_ITS_CACHE,
  'delete apps/controllerrevisions': 'the recipe of a class that no instance uses any more',
  'patch /secrets': 'what a driver wants remembered changes',
  'get events.k8s.io/events': 'news that an earlier hub has told already is counted on',
  'patch events.k8s.io/events': 'news that repeats itself is counted',
  'update larder.dev/claims/finalizers': 'clusters with the admission plugin OwnerReferencesPermissionEnforcement',
}

async function hubRules(): Promise<readonly PolicyRule[]> {
  const { admin } = cluster
  const roles: readonly Pick<ClusterRole, 'rules'>[] = [
    await admin.of(clusterRoleType).get('larder:hub'),
    await admin.of(roleType).get('larder:hub', SYSTEM_NAMESPACE),
    await admin.of(roleType).get('larder:act-as-pool', SYSTEM_NAMESPACE),
    await admin.of(clusterRoleType).get('larder:query'),
    await admin.of(roleType).get('larder:query', SYSTEM_NAMESPACE),
  ]
  return roles.flatMap(({ rules = [] }) => rules)
}

function rightsOf({ verbs, apiGroups = [], resources = [] }: PolicyRule): readonly string[] {
  return verbs.flatMap((verb) =>
    apiGroups.flatMap((group) => resources.map((resource) => `${verb} ${group}/${resource}`)),
  )
}

test('one lease is all that it can change there', async () => {
  const lease = cluster.asked.filter(({ user, resource }) => user === hubUser.name && resource === 'leases')
  expect(new Set(lease.map(({ namespace }) => namespace))).toEqual(new Set([HUB_LEASE.namespace]))
})
