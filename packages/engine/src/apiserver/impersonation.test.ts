import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../base/json.ts'
import type { User } from './api.ts'
import { at, openWorld, refusal, type World } from './core/testing/world.ts'
import { impersonationOf } from './impersonation.ts'

const RBAC = 'rbac.authorization.k8s.io/v1'
const bob: User = { name: 'bob', groups: ['devs', 'system:authenticated'] }
let world: World
beforeEach(async () => {
  world = await openWorld({ controllers: false })
})
afterEach(() => world.close())

const may = async (rules: readonly JsonObject[], namespace?: string): Promise<void> => {
  const metadata = { name: 'r' }
  await world.admin.create(at(`${RBAC}/clusterroles`), {
    metadata,
    rules: rules.map((rule) => ({ verbs: ['impersonate'], apiGroups: [''], ...rule })),
  })
  await world.admin.create(namespace ? at(`${RBAC}/rolebindings`, namespace) : at(`${RBAC}/clusterrolebindings`), {
    metadata,
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'devs' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' },
  })
}
/** `bob` sends these headers. */
const acting = async (headers: Record<string, readonly string[]>, user = bob): Promise<User> =>
  world.api.impersonate(
    user,
    impersonationOf(Object.keys(headers), (name) => headers[name] ?? [])!,
  )
const text = (user: string, resource: string, group: string, where = 'at the cluster scope'): string =>
  `User "${user}" cannot impersonate resource "${resource}" in API group "${group}" ${where}`

describe('without the right', () => {
  test.each<[string, Record<string, string[]>, string]>([
    ['a user', { 'impersonate-user': ['eve'] }, `403 users "eve" is forbidden: ${text('bob', 'users', '')}`],
    [
      'a ServiceAccount',
      { 'impersonate-user': ['system:serviceaccount:shop:robot'] },
      `403 serviceaccounts "robot" is forbidden: ${text('bob', 'serviceaccounts', '', 'in the namespace "shop"')}`,
    ],
  ])('%s', async (_, headers, expected) => {
    expect(await refusal(acting(headers))).toBe(expected)
  })

  test('each thing asked for needs its own: groups, uid, extra', async () => {
    await may([{ resources: ['users'], resourceNames: ['eve'] }])
    const user = { 'impersonate-user': ['eve'] }
    expect(await acting(user)).toEqual({ name: 'eve', groups: ['system:authenticated'] })
    expect(await refusal(acting({ 'impersonate-user': ['mallory'] }))).toMatch(/^403 users "mallory"/)
    expect(await refusal(acting({ ...user, 'impersonate-group': ['system:masters'] }))).toBe(
      `403 groups "system:masters" is forbidden: ${text('bob', 'groups', '')}`,
    )
    expect(await refusal(acting({ ...user, 'impersonate-group': ['system:authenticated'] }))).toMatch(/^403 groups/)
    expect(await refusal(acting({ ...user, 'impersonate-uid': ['u-1'] }))).toBe(
      `403 uids.authentication.k8s.io "u-1" is forbidden: ${text('bob', 'uids', 'authentication.k8s.io')}`,
    )
    expect(await refusal(acting({ ...user, 'impersonate-extra-example.com%2fscope': ['all'] }))).toBe(
      `403 userextras.authentication.k8s.io "all" is forbidden: ${text('bob', 'userextras/example.com/scope', 'authentication.k8s.io')}`,
    )
  })
})

test('with the rights, all of it counts', async () => {
  await may([
    { resources: ['users', 'groups', 'serviceaccounts'] },
    { apiGroups: ['authentication.k8s.io'], resources: ['uids', 'userextras/scope'] },
  ])
  expect(
    await acting({
      'impersonate-user': ['eve'],
      'impersonate-group': ['a,b', 'c'],
      'impersonate-uid': ['u-1'],
      'impersonate-extra-scope': ['x', 'y'],
    }),
  ).toEqual({ name: 'eve', groups: ['a,b', 'c', 'system:authenticated'], uid: 'u-1', extra: { scope: ['x', 'y'] } })
})

test('a right to the accounts of one namespace ends there', async () => {
  await may([{ resources: ['serviceaccounts'] }], 'default')
  expect(await acting({ 'impersonate-user': ['system:serviceaccount:default:robot'] })).toEqual({
    name: 'system:serviceaccount:default:robot',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  })
  expect(await refusal(acting({ 'impersonate-user': ['system:serviceaccount:kube-system:robot'] }))).toMatch(/^403 /)
})

test('nobody in particular is not authenticated', async () => {
  await may([{ resources: ['users', 'groups'] }])
  expect(await acting({ 'impersonate-user': ['system:anonymous'] })).toEqual({
    name: 'system:anonymous',
    groups: ['system:unauthenticated'],
  })
  expect(await acting({ 'impersonate-user': ['x'], 'impersonate-group': ['system:unauthenticated'] })).toEqual({
    name: 'x',
    groups: ['system:unauthenticated'],
  })
})

test('groups without a user are an error, no headers are nothing', async () => {
  expect(await refusal(acting({ 'impersonate-group': ['a'] }))).toMatch(/^500 .*without impersonating a user/)
  expect(impersonationOf(['accept'], () => [])).toBeUndefined()
})
