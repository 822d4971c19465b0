/** On somebody's Kubernetes, where the hub has what its installation gives it and no more, and tenants what the roles of Kubernetes give them. */
import { namespaceType, roleBindingType, serviceAccountType } from '@larder/engine/client/builtin'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startAws, type Aws } from '../../../../test/aws/endpoint.ts'
import { openDoors } from './doors.ts'
import { bareCluster, type BareCluster, type RunningClusterHub } from './testing/cluster.ts'
import { backendKind } from '../model/backend.ts'
import { applyAll, clusterManifests } from '../samples/install.ts'
import { hubAccount, hubUser } from '../samples/rbac.ts'
import { typeOf } from '../dialects/aws-service-operator/testing/aso-hub.ts'

const DEVELOPER = { namespace: 'shop', name: 'developer' }

let aws: Aws
let cluster: BareCluster
let hub: RunningClusterHub
let developer: Client
beforeAll(async () => {
  aws = await startAws({ creatingMs: 100, deletingMs: 50 })
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value)
  cluster = await bareCluster()
  const { admin } = cluster
  await applyAll(admin, clusterManifests(await openDoors(['aws-service-operator'])))
  await admin.of(namespaceType).create({ metadata: { name: 'shop' } })
  await admin.of(serviceAccountType).create({ metadata: DEVELOPER })
  await admin.of(roleBindingType).create({
    metadata: DEVELOPER,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'ServiceAccount', ...DEVELOPER }],
  })
  const kubeconfig = await loadKubeconfig({ path: await cluster.kubeconfigOf(DEVELOPER), env: {} })
  developer = createClient(httpsTransport(kubeconfig))
  hub = await cluster.hub(await cluster.kubeconfigOf(hubAccount), { doors: 'aws-service-operator' })
})
afterAll(async () => {
  await developer.transport.close()
  await cluster.close()
  await aws.stop()
})

test('a tenant has a queue once the platform has opened the account to its namespace, and the hub lacks no right', async () => {
  const queues = developer.of(typeOf('SQSQueue'))
  const reaches = async (wanted: string) => {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
      const { status } = await queues.get('jobs', 'shop')
      if (status?.resourceStatus === wanted) return status
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`waited for ${wanted}\n${hub.log.join('')}`)
  }
  await queues.create({ metadata: { name: 'jobs', namespace: 'shop' }, spec: {} })
  expect((await reaches('PENDING')).resourceStatusReason).toBe(
    'there is no Backend of driver cloudformation for namespace shop; its spec.consumers say for which namespaces it is',
  )
  const consumers = { namespaces: ['shop'] }
  await cluster.admin.of(backendKind).patch('aws-cloudformation', { spec: { consumers } })
  await reaches('CREATE_COMPLETE')
  await queues.delete('jobs', { namespace: 'shop' })
  for (const deadline = Date.now() + 30_000; await queues.find('jobs', 'shop');) {
    if (Date.now() > deadline) throw new Error(`waited for the queue to go\n${hub.log.join('')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const refused = cluster.asked.filter(({ user, isAllowed }) => user === hubUser.name && !isAllowed)
  expect(refused).toEqual([])
})
