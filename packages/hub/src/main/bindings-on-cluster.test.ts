/**
 * Bindings on somebody's Kubernetes, where the hub has the token of its own account alone and acts as that of the bindings: what an
 * installation gives the two suffices, and without that part of it the hub says what it lacks.
 */
import { namespaceType, roleType, secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bindingType } from '../model/projection/service-binding.ts'
import { deploymentType } from '../companions/service-binding/testing/binding-hub.ts'
import { BINDING_ACCOUNT } from '../companions/service-binding/trouble.ts'
import { applyAll, clusterManifests } from '../samples/install.ts'
import { accountUser, hubAccount, hubUser } from '../samples/rbac.ts'
import { openDoors } from './doors.ts'
import { bareCluster, type BareCluster, type RunningClusterHub } from './testing/cluster.ts'

let cluster: BareCluster
let hub: RunningClusterHub
beforeAll(async () => {
  cluster = await bareCluster()
  await applyAll(cluster.admin, clusterManifests(await openDoors(['service-binding'])))
  await cluster.admin.of(namespaceType).create({ metadata: { name: 'shop' } })
  hub = await cluster.hub(await cluster.kubeconfigOf(hubAccount), { doors: 'service-binding' })
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

const readyOf = async (name: string) => {
  const binding = await cluster.admin.of(bindingType).find(name, 'shop')
  return findCondition(binding?.status?.conditions, 'Ready')
}
const bind = (name: string) =>
  cluster.admin.of(bindingType).create({
    metadata: { name, namespace: 'shop' },
    spec: {
      service: { apiVersion: 'v1', kind: 'Secret', name: 'creds' },
      workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
    },
  })

test('with the rights of an installation and no more a workload is bound and left', async () => {
  const { admin } = cluster
  await admin.of(secretType).create({ metadata: { name: 'creds', namespace: 'shop' }, data: { type: 'cmVkaXM=' } })
  const template = { metadata: { labels: { app: 'app' } }, spec: { containers: [{ name: 'app', image: 'app' }] } }
  const spec = { selector: { matchLabels: { app: 'app' } }, template }
  await admin.of(deploymentType).create({ metadata: { name: 'app', namespace: 'shop' }, spec })
  await bind('db')
  await until('the binding to be Ready', async () => ((await readyOf('db'))?.status === 'True' ? true : undefined))
  expect(JSON.stringify(await admin.of(deploymentType).get('app', 'shop'))).toContain('/bindings/db')
  await admin.of(bindingType).delete('db', { namespace: 'shop' })
  await until('the binding to go', async () => ((await admin.of(bindingType).find('db', 'shop')) ? undefined : true))
  expect(JSON.stringify(await admin.of(deploymentType).get('app', 'shop'))).not.toContain('/bindings/db')
  const users = [hubUser.name, accountUser(BINDING_ACCOUNT).name]
  expect(cluster.asked.filter(({ user, isAllowed }) => users.includes(user) && !isAllowed)).toEqual([])
  const writers = cluster.asked.filter(({ verb, resource }) => verb === 'update' && resource === 'deployments')
  expect(new Set(writers.map(({ user }) => user))).toEqual(new Set([accountUser(BINDING_ACCOUNT).name]))
})

test('a hub that may not act as the account of bindings says so', async () => {
  const role = { name: 'larder:service-binding', namespace: 'larder-system' }
  await cluster.admin.of(roleType).delete(role.name, role)
  await bind('other')
  const refused = await until('the binding to say so', async () => {
    const ready = await readyOf('other')
    return ready?.reason === 'ApiRefused' ? ready : undefined
  })
  expect(refused.message).toBe(
    'the hub may not act as ServiceAccount larder-system/larder-service-bindings: let it impersonate that account, by a Role in larder-system',
  )
})
