import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../base/json.ts'
import type { User } from './api.ts'
import { at, CRDS, openWorld, refusal, widgetCrd, type World } from './core/testing/world.ts'
import type { Attributes } from './rbac.ts'
import { RuleSet, type PolicyRule } from './rbac-rules.ts'

const rule = (change: Partial<PolicyRule>): PolicyRule => ({
  verbs: ['get'],
  apiGroups: [''],
  resources: ['pods'],
  ...change,
})
const ask = (change: Partial<Attributes> = {}): Attributes => ({ verb: 'get', group: '', resource: 'pods', ...change })

describe('a rule', () => {
  test.each<[string, PolicyRule, Attributes, boolean]>([
    ['says what it says', rule({}), ask(), true],
    ['for another verb', rule({}), ask({ verb: 'list' }), false],
    ['for another group', rule({}), ask({ group: 'apps' }), false],
    ['for another resource', rule({}), ask({ resource: 'secrets' }), false],
    ['of the resource does not cover its subresource', rule({}), ask({ subresource: 'status' }), false],
    ['of the subresource does not cover the resource', rule({ resources: ['pods/status'] }), ask(), false],
    ['of the subresource', rule({ resources: ['pods/status'] }), ask({ subresource: 'status' }), true],
    ['of a subresource of any resource', rule({ resources: ['*/status'] }), ask({ subresource: 'status' }), true],
    ['with * for resources covers subresources', rule({ resources: ['*'] }), ask({ subresource: 'log' }), true],
    ['with * for verbs', rule({ verbs: ['*'] }), ask({ verb: 'deletecollection' }), true],
    ['with * for groups', rule({ apiGroups: ['*'] }), ask({ group: 'example.com' }), true],
    ['with names, for one of them', rule({ resourceNames: ['a', 'b'] }), ask({ name: 'b' }), true],
    ['with names, for another', rule({ resourceNames: ['a', 'b'] }), ask({ name: 'c' }), false],
    [
      'with names does not cover a create',
      rule({ verbs: ['create'], resourceNames: ['a'] }),
      ask({ verb: 'create' }),
      false,
    ],
    ['with an empty list of names', rule({ resourceNames: [] }), ask({ name: 'c' }), true],
    ['for paths does not cover resources', { verbs: ['*'], nonResourceURLs: ['*'] }, ask(), false],
  ])('%s', (_, one, attributes, allowed) => {
    expect(new RuleSet([one]).allows(attributes)).toBe(allowed)
  })

  test.each<[string, string, boolean]>([
    ['/metrics', '/metrics', true],
    ['/metrics', '/metrics/x', false],
    ['/apis/*', '/apis/apps', true],
    ['/apis/*', '/apis', false],
    ['*', '/anything', true],
  ])('for path %s and %s', (path, asked, allowed) => {
    expect(new RuleSet([{ verbs: ['get'], nonResourceURLs: [path] }]).allowsPath('get', asked)).toBe(allowed)
    expect(new RuleSet([{ verbs: ['get'], nonResourceURLs: [path] }]).allowsPath('post', asked)).toBe(false)
  })
})

const RBAC = 'rbac.authorization.k8s.io/v1'
const bob: User = { name: 'bob', groups: ['devs', 'system:authenticated'] }
const robot: User = { name: 'system:serviceaccount:default:robot', groups: ['system:serviceaccounts'] }
let world: World
beforeEach(async () => {
  world = await openWorld({ controllers: false })
})
afterEach(() => world.close())

const asBob = () => world.as(bob)
const secrets = at('secrets', 'default')
const subject = (kind: string, name: string, namespace?: string): JsonObject => ({
  kind,
  name,
  ...(namespace && { namespace }),
})

async function allow(rules: readonly PolicyRule[], subjects: readonly JsonObject[], namespace?: string): Promise<void> {
  const metadata = { name: 'r' }
  await world.admin.create(at(`${RBAC}/clusterroles`), { metadata, rules: rules.map((one) => ({ ...one })) })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' }
  const bindings = namespace === undefined ? at(`${RBAC}/clusterrolebindings`) : at(`${RBAC}/rolebindings`, namespace)
  await world.admin.create(bindings, { metadata, subjects, roleRef })
}

const may = async (name: string, verb: string, resource: string, group = ''): Promise<boolean> => {
  const review = await world
    .as({ name, groups: ['system:authenticated'] })
    .create(at('authorization.k8s.io/v1/selfsubjectaccessreviews'), {
      spec: { resourceAttributes: { namespace: 'default', verb, group, resource } },
    })
  return (review['status'] as { allowed: boolean }).allowed
}
const rbac = 'rbac.authorization.k8s.io'

const review = (kind: string, spec: JsonObject, namespace?: string) =>
  [at(`authorization.k8s.io/v1/${kind}`, namespace), { spec }] as const

describe('a refusal', () => {
  test('says who, what and where, in the words of upstream', async () => {
    expect(await refusal(asBob().get(at('secrets', 'default', 's')))).toBe(
      '403 secrets "s" is forbidden: User "bob" cannot get resource "secrets" in API group "" in the namespace "default"',
    )
    expect(await refusal(asBob().list(at('secrets')))).toBe(
      '403 secrets is forbidden: User "bob" cannot list resource "secrets" in API group "" at the cluster scope',
    )
    expect(await refusal(asBob().patch(at('apps/v1/deployments', 'default', 'd', 'scale'), {}))).toBe(
      '403 deployments.apps "d" is forbidden: User "bob" cannot patch resource "deployments/scale" in API group "apps" in the namespace "default"',
    )
    expect(await refusal(asBob().watch(secrets))).toMatch(/^403 .* cannot watch resource/)
  })

  test('comes before existence: of objects, and of resources', async () => {
    expect(await refusal(asBob().list(at('example.com/v1/nothings', 'default')))).toMatch(/^403 /)
    expect(await refusal(world.admin.list(at('example.com/v1/nothings', 'default')))).toBe(
      '404 the server could not find the requested resource',
    )
  })

  test('for paths that are no resource', () => {
    expect(() => world.api.authorizePath(bob, 'get', '/metrics')).toThrow(
      'forbidden: User "bob" cannot get path "/metrics"',
    )
    expect(() => world.api.authorizePath(bob, 'get', '/openapi/v3')).not.toThrow()
    expect(() =>
      world.api.authorizePath({ name: 'system:anonymous', groups: ['system:unauthenticated'] }, 'get', '/readyz'),
    ).not.toThrow()
    expect(() =>
      world.api.authorizePath({ name: 'system:anonymous', groups: ['system:unauthenticated'] }, 'get', '/apis'),
    ).toThrow()
  })
})

describe('a grant', () => {
  test('counts from the next call on, and no longer once it is gone', async () => {
    expect(await refusal(asBob().list(secrets))).toMatch(/^403 /)
    await allow([rule({ resources: ['secrets'], verbs: ['list'] })], [subject('User', 'bob')])
    expect(await asBob().list(secrets)).toEqual([])
    await world.admin.patch(at(`${RBAC}/clusterroles`, undefined, 'r'), { rules: [] })
    expect(await refusal(asBob().list(secrets))).toMatch(/^403 /)
    await world.admin.patch(at(`${RBAC}/clusterroles`, undefined, 'r'), {
      rules: [{ ...rule({ resources: ['*'], verbs: ['*'] }) }],
    })
    expect(await asBob().list(secrets)).toEqual([])
    await world.admin.call({ verb: 'delete', target: at(`${RBAC}/clusterrolebindings`, undefined, 'r') })
    expect(await refusal(asBob().list(secrets))).toMatch(/^403 /)
  })

  test('to a group, and to a ServiceAccount', async () => {
    await allow(
      [rule({ resources: ['secrets'], verbs: ['list'] })],
      [subject('Group', 'devs'), subject('ServiceAccount', 'robot', 'default')],
    )
    expect(await asBob().list(secrets)).toEqual([])
    expect(await world.as(robot).list(secrets)).toEqual([])
    expect(await refusal(world.as({ ...robot, name: 'system:serviceaccount:other:robot' }).list(secrets))).toMatch(
      /^403 /,
    )
  })

  test('by a RoleBinding ends at its namespace', async () => {
    await allow([rule({ resources: ['secrets'], verbs: ['list'] })], [subject('User', 'bob')], 'default')
    expect(await asBob().list(secrets)).toEqual([])
    expect(await refusal(asBob().list(at('secrets', 'kube-system')))).toMatch(/^403 /)
    expect(await refusal(asBob().list(at('secrets')))).toMatch(/^403 /)
  })

  test('by a RoleBinding covers the namespace itself, by its name', async () => {
    await allow([rule({ resources: ['namespaces'], verbs: ['get', 'list'] })], [subject('User', 'bob')], 'default')
    expect((await asBob().get(at('namespaces', undefined, 'default'))).metadata.name).toBe('default')
    expect(await refusal(asBob().get(at('namespaces', undefined, 'kube-system')))).toBe(
      '403 namespaces "kube-system" is forbidden: User "bob" cannot get resource "namespaces" in API group "" in the namespace "kube-system"',
    )
    expect(await refusal(asBob().list(at('namespaces')))).toMatch(/^403 .* at the cluster scope$/)
  })

  test('for one name covers lists of that name', async () => {
    await allow(
      [rule({ resources: ['secrets'], verbs: ['get', 'list', 'watch'], resourceNames: ['s'] })],
      [subject('User', 'bob')],
    )
    await world.admin.create(secrets, { metadata: { name: 's' } })
    expect((await asBob().get({ ...secrets, name: 's' })).metadata.name).toBe('s')
    expect(await asBob().list(secrets, { fieldSelector: 'metadata.name=s' })).toEqual(['s'])
    const watching = await asBob().watch(secrets, { fieldSelector: 'metadata.name=s' })
    await watching.atLeast(1)
    expect(await refusal(asBob().list(secrets))).toMatch(/^403 /)
    expect(await refusal(asBob().get({ ...secrets, name: 't' }))).toMatch(/^403 /)
  })

  test('to update does not let a PUT create', async () => {
    const lease = at('coordination.k8s.io/v1/leases', 'default', 'l')
    await allow([rule({ apiGroups: ['*'], resources: ['leases'], verbs: ['update'] })], [subject('User', 'bob')])
    expect(await refusal(asBob().update(lease, { metadata: { name: 'l' }, spec: {} }))).toMatch(
      /^403 .* cannot create resource "leases"/,
    )
  })
})

describe('the first roles', () => {
  test('view reads but not Secrets, edit writes but grants nothing, admin grants', async () => {
    for (const [name, role] of [
      ['v', 'view'],
      ['e', 'edit'],
      ['a', 'admin'],
    ] as const) {
      await world.admin.create(at(`${RBAC}/rolebindings`, 'default'), {
        metadata: { name: role },
        subjects: [subject('User', name)],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      })
    }
    expect([
      await may('v', 'list', 'configmaps'),
      await may('v', 'list', 'secrets'),
      await may('v', 'create', 'configmaps'),
    ]).toEqual([true, false, false])
    expect([await may('e', 'create', 'secrets'), await may('e', 'create', 'rolebindings', rbac)]).toEqual([true, false])
    expect([await may('a', 'create', 'rolebindings', rbac), await may('a', 'create', 'clusterroles', rbac)]).toEqual([
      true,
      false,
    ])
  })
})

describe('reviews', () => {
  test('answer for oneself, for others, in a namespace, and are not stored', async () => {
    await allow([rule({ resources: ['secrets'], verbs: ['list'] })], [subject('User', 'bob')])
    const resourceAttributes = { namespace: 'default', verb: 'list', resource: 'secrets' }
    const before = world.store.revision
    expect(await asBob().create(...review('selfsubjectaccessreviews', { resourceAttributes }))).toMatchObject({
      kind: 'SelfSubjectAccessReview',
      status: { allowed: true, reason: 'RBAC: allowed by ClusterRoleBinding "r" of ClusterRole "r"' },
    })
    expect(
      await world.admin.create(...review('subjectaccessreviews', { user: 'eve', resourceAttributes })),
    ).toMatchObject({ status: { allowed: false } })
    expect(
      await world.admin.create(...review('localsubjectaccessreviews', { user: 'bob', resourceAttributes }, 'default')),
    ).toMatchObject({ status: { allowed: true } })
    expect(
      await asBob().create(
        ...review('selfsubjectaccessreviews', { nonResourceAttributes: { path: '/version', verb: 'get' } }),
      ),
    ).toMatchObject({ status: { allowed: true } })
    expect(
      await refusal(asBob().create(...review('subjectaccessreviews', { user: 'eve', resourceAttributes }))),
    ).toMatch(/^403 /)
    expect(await refusal(asBob().create(...review('selfsubjectaccessreviews', {})))).toMatch(
      /^422 SelfSubjectAccessReview/,
    )
    expect(world.store.revision).toBe(before)
    expect(await refusal(world.admin.list(at('authorization.k8s.io/v1/selfsubjectaccessreviews')))).toMatch(/^405 /)
  })

  test('list the rules of a user', async () => {
    await allow([rule({ resources: ['secrets'], verbs: ['list'] })], [subject('User', 'bob')], 'default')
    const { status } = (await asBob().create(
      ...review('selfsubjectrulesreviews', { namespace: 'default' }),
    )) as unknown as {
      status: { resourceRules: unknown[]; nonResourceRules: unknown[]; incomplete: boolean }
    }
    expect(status.resourceRules).toContainEqual({ verbs: ['list'], apiGroups: [''], resources: ['secrets'] })
    expect(status.nonResourceRules).not.toHaveLength(0)
    expect(status.incomplete).toBe(false)
  })

  test('tell who one is', async () => {
    expect(await asBob().create(at('authentication.k8s.io/v1/selfsubjectreviews'), {})).toMatchObject({
      status: { userInfo: { username: 'bob', groups: ['devs', 'system:authenticated'] } },
    })
  })
})

test('after a restart the grants of the store count', async () => {
  await allow([rule({ resources: ['secrets'], verbs: ['list'] })], [subject('User', 'bob')])
  const again = await openWorld({ store: world.store, controllers: false })
  expect(await again.as(bob).list(secrets)).toEqual([])
  await again.close()
})

test('roleRef cannot be changed', async () => {
  await world.admin.create(at(CRDS), widgetCrd())
  await allow([rule({})], [subject('User', 'bob')])
  const patch = { roleRef: { name: 'cluster-admin' } }
  expect(await refusal(world.admin.patch(at(`${RBAC}/clusterrolebindings`, undefined, 'r'), patch))).toMatch(
    /^422 .*cannot change roleRef/,
  )
})
