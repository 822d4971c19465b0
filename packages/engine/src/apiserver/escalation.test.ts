import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../base/json.ts'
import type { User } from './api.ts'
import { at, openWorld, refusal, type Verbs, type World } from './core/testing/world.ts'
import { missingFrom } from './rbac-cover.ts'
import type { PolicyRule } from './rbac-rules.ts'

const RBAC = 'rbac.authorization.k8s.io/v1'
const bob: User = { name: 'bob', groups: ['devs', 'system:authenticated'] }
let world: World
let asBob: Verbs
beforeEach(async () => {
  world = await openWorld({ controllers: false })
  asBob = world.as(bob)
})
afterEach(() => world.close())

const rule = (verbs: readonly string[], resources: readonly string[], change: object = {}): JsonObject => ({
  verbs,
  apiGroups: [''],
  resources,
  ...change,
})
const onRbac = (
  verbs: readonly string[],
  resources: readonly string[],
  resourceNames?: readonly string[],
): JsonObject =>
  rule(verbs, resources, { apiGroups: ['rbac.authorization.k8s.io'], ...(resourceNames && { resourceNames }) })
const ALL_RBAC = onRbac(
  ['get', 'create', 'update', 'patch', 'delete'],
  ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'],
)
const reference = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })
const BOB = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' }]

let count = 0
async function grantBob(rules: readonly JsonObject[], namespace?: string): Promise<void> {
  const metadata = { name: `grant-${count++}` }
  await world.admin.create(at(`${RBAC}/clusterroles`), { metadata, rules })
  const bindings = namespace === undefined ? at(`${RBAC}/clusterrolebindings`) : at(`${RBAC}/rolebindings`, namespace)
  await world.admin.create(bindings, { metadata, subjects: BOB, roleRef: reference('ClusterRole', metadata.name) })
}
const makeRole = (verbs: Verbs, name: string, rules: readonly JsonObject[], namespace = 'default') =>
  verbs.create(at(`${RBAC}/roles`, namespace), { metadata: { name }, rules })
const makeClusterRole = (verbs: Verbs, name: string, body: JsonObject) =>
  verbs.create(at(`${RBAC}/clusterroles`), { metadata: { name }, ...body })
const bind = (verbs: Verbs, roleRef: JsonObject, namespace?: string) =>
  verbs.create(namespace === undefined ? at(`${RBAC}/clusterrolebindings`) : at(`${RBAC}/rolebindings`, namespace), {
    metadata: { name: 'b' },
    subjects: BOB,
    roleRef,
  })

describe('who writes a role', () => {
  test('grants what they hold, and is told all that they do not', async () => {
    await grantBob([ALL_RBAC, rule(['get', 'list'], ['configmaps'])])
    expect((await makeRole(asBob, 'held', [rule(['get'], ['configmaps'])])).metadata.name).toBe('held')
    expect(
      await refusal(
        makeRole(asBob, 'more', [
          rule(['get', 'delete', 'patch'], ['configmaps']),
          rule(['get'], ['secrets'], { resourceNames: ['s'] }),
          rule(['list'], ['deployments', 'pods/log'], { apiGroups: ['apps'] }),
        ]),
      ),
    ).toBe(
      '403 roles.rbac.authorization.k8s.io "more" is forbidden: user "bob" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["delete" "patch"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["get"]}\n' +
        '{APIGroups:["apps"], Resources:["deployments"], Verbs:["list"]}\n' +
        '{APIGroups:["apps"], Resources:["pods/log"], Verbs:["list"]}',
    )
  })

  test('may not widen one either, by no verb', async () => {
    await grantBob([ALL_RBAC])
    await makeRole(world.admin, 'r', [])
    const target = at(`${RBAC}/roles`, 'default', 'r')
    const rules = [rule(['get'], ['secrets'])]
    const role = await asBob.get(target)
    expect(await refusal(asBob.patch(target, { rules }))).toMatch(/^403 .*attempting to grant/)
    expect(await refusal(asBob.patch(target, [{ op: 'add', path: '/rules', value: rules }]))).toMatch(/^403 /)
    expect(await refusal(asBob.update(target, { ...role, rules }))).toMatch(/^403 /)
    expect(await refusal(asBob.patch(target, { rules }, { dryRun: true }))).toMatch(/^403 /)
  })

  test('may end the life of a role that grants more than they hold, but not touch it otherwise', async () => {
    await grantBob([ALL_RBAC])
    await makeRole(world.admin, 'r', [rule(['get'], ['secrets'])])
    const target = at(`${RBAC}/roles`, 'default', 'r')
    expect(await refusal(asBob.patch(target, { metadata: { labels: { a: 'b' } } }))).toMatch(/^403 /)
    await asBob.patch(target, { metadata: { finalizers: ['example.com/x'] } })
    await asBob.patch(target, { metadata: { finalizers: null } })
    await asBob.call({ verb: 'delete', target })
  })

  test('with what they hold in one namespace grants in that namespace only', async () => {
    await grantBob([ALL_RBAC, rule(['get'], ['secrets'])], 'default')
    await grantBob([ALL_RBAC])
    expect(await makeRole(asBob, 'here', [rule(['get'], ['secrets'])])).toBeDefined()
    expect(await refusal(makeRole(asBob, 'there', [rule(['get'], ['secrets'])], 'kube-system'))).toMatch(/^403 /)
    expect(await refusal(makeClusterRole(asBob, 'all', { rules: [rule(['get'], ['secrets'])] }))).toMatch(/^403 /)
  })

  test('with the verb escalate grants anything', async () => {
    await grantBob([ALL_RBAC, onRbac(['escalate'], ['clusterroles'], ['all'])])
    const everything = { rules: [rule(['*'], ['*'], { apiGroups: ['*'] })] }
    expect((await makeClusterRole(asBob, 'all', everything)).metadata.name).toBe('all')
    expect(await refusal(makeClusterRole(asBob, 'other', everything))).toMatch(/^403 /)
  })

  test('that aggregates must hold everything, since it may gather everything', async () => {
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] }
    await grantBob([ALL_RBAC])
    expect(await refusal(makeClusterRole(asBob, 'sum', { rules: [], aggregationRule }))).toBe(
      '403 clusterroles.rbac.authorization.k8s.io "sum" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    )
    await makeClusterRole(world.admin, 'sum', { rules: [], aggregationRule })
    const target = at(`${RBAC}/clusterroles`, undefined, 'sum')
    expect(await refusal(asBob.patch(target, { aggregationRule: null }))).toMatch(/^403 .*must have cluster-admin/)
    await grantBob([
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ])
    await asBob.patch(target, { aggregationRule: null })
  })
})

describe('who binds a role', () => {
  test('must hold its rules', async () => {
    await grantBob([ALL_RBAC, rule(['get'], ['configmaps'])])
    await makeRole(world.admin, 'held', [rule(['get'], ['configmaps'])])
    expect((await bind(asBob, reference('Role', 'held'), 'default')).metadata.name).toBe('b')
    expect(await refusal(bind(asBob, reference('ClusterRole', 'cluster-admin')))).toBe(
      '403 clusterrolebindings.rbac.authorization.k8s.io "b" is forbidden: user "bob" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n' +
        '{NonResourceURLs:["*"], Verbs:["*"]}',
    )
  })

  test('or the verb bind on it, which ends at its namespace', async () => {
    await grantBob([ALL_RBAC])
    await grantBob([onRbac(['bind'], ['clusterroles'], ['edit'])], 'default')
    expect(await bind(asBob, reference('ClusterRole', 'edit'), 'default')).toBeDefined()
    expect(await refusal(bind(asBob, reference('ClusterRole', 'edit'), 'kube-system'))).toMatch(/^403 /)
    expect(await refusal(bind(asBob, reference('ClusterRole', 'edit')))).toMatch(/^403 /)
    expect(await refusal(bind(asBob, reference('ClusterRole', 'admin'), 'kube-public'))).toMatch(/^403 /)
  })

  test('may not bind what is not there yet: it could grant anything later', async () => {
    await grantBob([ALL_RBAC])
    expect(await refusal(bind(asBob, reference('Role', 'later'), 'default'))).toBe(
      '404 roles.rbac.authorization.k8s.io "later" not found',
    )
    expect(await bind(world.admin, reference('ClusterRole', 'cluster-admin'))).toBeDefined()
  })

  test('may not add subjects to a binding of more', async () => {
    await grantBob([ALL_RBAC])
    await world.admin.create(at(`${RBAC}/rolebindings`, 'default'), {
      metadata: { name: 'b' },
      subjects: [{ ...BOB[0], name: 'eve' }],
      roleRef: reference('ClusterRole', 'edit'),
    })
    const target = at(`${RBAC}/rolebindings`, 'default', 'b')
    expect(await refusal(asBob.patch(target, { subjects: BOB }))).toMatch(/^403 .*attempting to grant/)
    await asBob.patch(target, { metadata: { finalizers: ['example.com/x'] } })
  })
})

test('an admin of a namespace hands out edit and view there, and nothing more', async () => {
  await world.admin.create(at(`${RBAC}/rolebindings`, 'default'), {
    metadata: { name: 'admin' },
    subjects: BOB,
    roleRef: reference('ClusterRole', 'admin'),
  })
  expect(await bind(asBob, reference('ClusterRole', 'edit'), 'default')).toBeDefined()
  expect(await refusal(makeRole(asBob, 'r', [rule(['create'], ['nodes'])]))).toMatch(/^403 .*attempting to grant/)
  expect(await refusal(bind(asBob, reference('ClusterRole', 'edit'), 'kube-system'))).toMatch(/^403 .*cannot create/)
})

const one = (change: Partial<PolicyRule>): PolicyRule => ({
  verbs: ['get'],
  apiGroups: ['apps'],
  resources: ['deployments'],
  ...change,
})

describe('rules that are missing', () => {
  test.each<[string, PolicyRule, PolicyRule, boolean]>([
    ['the same', one({}), one({}), true],
    ['any verb', one({ verbs: ['*'] }), one({ verbs: ['patch'] }), true],
    ['any group', one({ apiGroups: ['*'] }), one({}), true],
    ['any resource', one({ resources: ['*'] }), one({ resources: ['deployments/scale'] }), true],
    ['any subresource of the name', one({ resources: ['*/scale'] }), one({ resources: ['deployments/scale'] }), true],
    ['another subresource', one({ resources: ['*/scale'] }), one({ resources: ['deployments/status'] }), false],
    ['all names for one', one({}), one({ resourceNames: ['a'] }), true],
    ['one name for all', one({ resourceNames: ['a'] }), one({}), false],
    ['two names for one of them', one({ resourceNames: ['a', 'b'] }), one({ resourceNames: ['b'] }), true],
    ['one verb for any', one({}), one({ verbs: ['*'] }), false],
    ['paths below', { verbs: ['get'], nonResourceURLs: ['/a/*'] }, { verbs: ['get'], nonResourceURLs: ['/a/b'] }, true],
    ['paths beside', { verbs: ['get'], nonResourceURLs: ['/a/*'] }, { verbs: ['get'], nonResourceURLs: ['/b'] }, false],
  ])('%s', (_, held, wanted, isCovered) => {
    expect(missingFrom([held], [wanted]).length === 0).toBe(isCovered)
  })
})
