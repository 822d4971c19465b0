/**
 * Workloads on somebody's Kubernetes, where the hub has the token of its own account alone: Deployments are made as an account of their own, so that
 * the hub's ClusterRole says nothing of them, and what an installation gives the two suffices.
 */
import { namespaceType, roleType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WORKLOAD_ACCOUNT } from '../companions/workloads/rights.ts'
import { workloadKind } from '../model/workload/kind.ts'
import { deploymentType } from '../model/workload/parts.ts'
import { applyAll, clusterManifests } from '../samples/install.ts'
import { accountUser, hubAccount, hubUser } from '../samples/rbac.ts'
import { openDoors } from './doors.ts'
import { bareCluster, type BareCluster, type RunningClusterHub } from './testing/cluster.ts'

const DOORS = ['workloads', 'service-binding']

let cluster: BareCluster
let hub: RunningClusterHub
beforeAll(async () => {
  cluster = await bareCluster()
  await applyAll(cluster.admin, clusterManifests(await openDoors(DOORS)))
  await cluster.admin.of(namespaceType).create({ metadata: { name: 'shop' } })
  hub = await cluster.hub(await cluster.kubeconfigOf(hubAccount), { doors: DOORS.join() })
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

const make = (name: string) =>
  cluster.admin.of(workloadKind).create({ metadata: { name, namespace: 'shop' }, spec: { image: 'app:1' } })
const is = (name: string, reason: string) =>
  until(`workload ${name} to be ${reason}`, async () => {
    const { status } = await cluster.admin.of(workloadKind).get(name, 'shop')
    const ready = findCondition(status?.conditions, 'Ready')
    return ready?.reason === reason ? ready : undefined
  })

test('the ClusterRole of the hub says nothing of Deployments', async () => {
  const rules = clusterManifests(await openDoors(DOORS)).find(
    ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'larder:hub',
  )
  expect(JSON.stringify(rules)).toContain('carto.run')
  expect(JSON.stringify(rules)).not.toContain('deployments')
})

test('with the rights of an installation and no more a Workload has its Deployment, and what others change of it comes back', async () => {
  const deployments = cluster.admin.of(deploymentType)
  await make('app')
  await is('app', 'Ready')
  const template = { spec: { containers: [{ name: 'workload', image: 'other:1' }] } }
  await deployments.patch('app', { spec: { template } }, { namespace: 'shop', type: 'strategic' })
  await until('the image to come back', async () =>
    JSON.stringify((await deployments.get('app', 'shop')).spec).includes('app:1') ? true : undefined,
  )
  const account = accountUser(WORKLOAD_ACCOUNT).name
  const users = [hubUser.name, account]
  expect(cluster.asked.filter(({ user, isAllowed }) => users.includes(user) && !isAllowed)).toEqual([])
  const makers = cluster.asked.filter(({ user, resource }) => users.includes(user) && resource === 'deployments')
  expect(new Set(makers.map(({ user }) => user))).toEqual(new Set([account]))
})

test('a hub that may not act as that account says so', async () => {
  const role = { name: 'larder:workloads', namespace: 'larder-system' }
  await cluster.admin.of(roleType).delete(role.name, role)
  await make('other')
  expect((await is('other', 'ApiRefused')).message).toBe(
    'the hub may not act as ServiceAccount larder-system/larder-workloads: let it impersonate that account, by a Role in larder-system',
  )
})
