/** Who may claim from which class: the verb `claim`, asked for by the API itself. */
import {
  clusterRoleBindingType,
  clusterRoleType,
  configMapType,
  roleBindingType,
  type RoleRef,
  type Subject,
} from '@larder/engine/client/builtin'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { classClaimType, instanceClassType } from '../kinds.ts'
import { classClaimHub, POOL_CLASS, PROVISIONER_CLASS, type ClassClaimHub } from '../testing/class-claims.ts'
import { POOL_LIST } from './claim-right.ts'

const RBAC = 'rbac.authorization.k8s.io'
const ALICE = 'alice@example.com'

let hub: ClassClaimHub
beforeEach(async () => {
  hub = await classClaimHub()
  await hub.admin.of(roleBindingType).create({
    metadata: { name: 'alice', namespace: 'shop' },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'User', apiGroup: RBAC, name: ALICE }],
  })
})
afterEach(() => hub.stop())

const claimAs = (user: string, className: string, name = 'claim', groups = ['system:authenticated']) =>
  hub
    .clientOf({ name: user, groups })
    .of(classClaimType)
    .create({ metadata: { name, namespace: 'shop' }, spec: { classRef: { name: className } } })
const subjects: readonly Subject[] = [{ kind: 'User', apiGroup: RBAC, name: ALICE }]
const role = (resourceNames?: readonly string[]) => ({
  metadata: { name: 'claimer' },
  rules: [
    {
      apiGroups: ['services.apps.tanzu.vmware.com'],
      resources: ['clusterinstanceclasses'],
      ...(resourceNames && { resourceNames }),
      verbs: ['claim'],
    },
  ],
})
const roleRef: RoleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: 'claimer' }

const denial = (className: string) => ({
  code: 403,
  reason: 'Forbidden',
  message: expect.stringMatching(
    new RegExp(
      `^classclaims\\..* denied request: user '${ALICE}' cannot 'claim' from clusterinstanceclass '${className}'$`,
    ),
  ) as string,
})
/** Also those that the hub does not know any more. */
const listed = (...pools: readonly string[]) =>
  hub.until(`the list of pools to be ${pools.join(', ')}`, async () => {
    const { data = {} } = await hub.admin.of(configMapType).get(POOL_LIST.name, POOL_LIST.namespace)
    return JSON.stringify(Object.keys(data).sort()) === JSON.stringify([...pools].sort()) ? true : undefined
  })

test('a class with a provisioner needs the right, cluster-wide; a namespace that gives it gives nothing', async () => {
  await hub.provisioner()
  await expect(claimAs(ALICE, PROVISIONER_CLASS)).rejects.toMatchObject(denial(PROVISIONER_CLASS))
  await hub.admin.of(clusterRoleType).create(role([PROVISIONER_CLASS]))
  await hub.admin.of(roleBindingType).create({ metadata: { name: 'claimer', namespace: 'shop' }, roleRef, subjects })
  await expect(claimAs(ALICE, PROVISIONER_CLASS)).rejects.toMatchObject(denial(PROVISIONER_CLASS))
  await hub.admin.of(clusterRoleBindingType).create({ metadata: { name: 'claimer' }, roleRef, subjects })
  await claimAs(ALICE, PROVISIONER_CLASS)
  await hub.bound('claim')
})

test('the right to one class is none to another, and with no names it is to all', async () => {
  await hub.provisioner()
  await hub.admin.of(clusterRoleType).create(role(['another']))
  await hub.admin.of(clusterRoleBindingType).create({ metadata: { name: 'claimer' }, roleRef, subjects })
  await expect(claimAs(ALICE, PROVISIONER_CLASS)).rejects.toMatchObject(denial(PROVISIONER_CLASS))
  await hub.admin.of(clusterRoleType).patch('claimer', { rules: role().rules })
  await claimAs(ALICE, PROVISIONER_CLASS)
})

test('a class with a pool needs none: what may be had of it policies say', async () => {
  await hub.pool()
  await listed(POOL_CLASS)
  await claimAs(ALICE, POOL_CLASS)
  await hub.unready('claim', 'NoClaimableInstances')
})

test('a class that is not there needs it: nobody gets by coming first what nobody let them have', async () => {
  await expect(claimAs(ALICE, PROVISIONER_CLASS)).rejects.toMatchObject(denial(PROVISIONER_CLASS))
  await claimAs('root', PROVISIONER_CLASS, 'by-an-administrator', ['system:masters', 'system:authenticated'])
  await hub.unready('by-an-administrator', 'ClassDoesNotExist')
  await hub.pool()
  await listed(POOL_CLASS)
  await hub.admin.of(instanceClassType).delete(POOL_CLASS)
  await listed()
  await expect(claimAs(ALICE, POOL_CLASS)).rejects.toMatchObject(denial(POOL_CLASS))
})

test('another class is asked about like that of a new claim, and any other edit is not', async () => {
  await hub.provisioner()
  await hub.pool()
  await listed(POOL_CLASS)
  await claimAs(ALICE, POOL_CLASS)
  const alice = hub.clientOf({ name: ALICE, groups: ['system:authenticated'] }).of(classClaimType)
  const edit = (body: object) => alice.patch('claim', body, { namespace: 'shop' })
  await expect(edit({ spec: { classRef: { name: PROVISIONER_CLASS } } })).rejects.toMatchObject(
    denial(PROVISIONER_CLASS),
  )
  await edit({ metadata: { labels: { a: 'b' } }, spec: { parameters: { x: 1 } } })
})

test('the list of pools is whole again when the hub comes back, and in sync nothing is written', async () => {
  await hub.pool()
  await listed(POOL_CLASS)
  await hub.kill()
  await hub.instanceClass('more', { pool: { kind: 'Secret' } })
  await hub.admin.of(instanceClassType).delete(POOL_CLASS)
  await hub.start()
  await listed('more')
  await hub.kill()
  await hub.start()
  await hub.provisioner()
  await hub.seen(instanceClassType, PROVISIONER_CLASS)
  expect(hub.cut.writes.filter((write) => write.includes('configmaps'))).toEqual([])
})
