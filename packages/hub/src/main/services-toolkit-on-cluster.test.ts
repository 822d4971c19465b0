/**
 * Services Toolkit on somebody's Kubernetes, where the hub has the token of its own account alone: what an installation gives it suffices, its question is
 * answered behind the API of the cluster, and that API itself asks who may claim.
 */
import { readFileSync } from 'node:fs'
import {
  clusterRoleType,
  namespaceType,
  roleBindingType,
  secretType,
  serviceAccountType,
} from '@larder/engine/client/builtin'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { instanceQueryType } from '../dialects/services-toolkit/instance-query/instance-query.ts'
import { classClaimType, instanceClassType, resourceClaimType } from '../dialects/services-toolkit/kinds.ts'
import { applyAll, clusterManifests } from '../samples/install.ts'
import { hubAccount, hubUser } from '../samples/rbac.ts'
import { openDoors } from './doors.ts'
import { bareCluster, type BareCluster, type RunningClusterHub } from './testing/cluster.ts'

const DEVELOPER = { namespace: 'shop', name: 'developer' }
const POOL = 'aws-elasticache'

let cluster: BareCluster
let hub: RunningClusterHub
let developer: Client
beforeAll(async () => {
  cluster = await bareCluster()
  const { admin } = cluster
  await applyAll(admin, clusterManifests(await openDoors(['services-toolkit'])))
  await admin.of(namespaceType).create({ metadata: { name: 'shop' } })
  await admin.of(serviceAccountType).create({ metadata: DEVELOPER })
  await admin.of(roleBindingType).create({
    metadata: DEVELOPER,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'ServiceAccount', ...DEVELOPER }],
  })
  await admin.of(clusterRoleType).create({
    metadata: { name: 'stk-secret-reader', labels: { 'servicebinding.io/controller': 'true' } },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }],
  })
  for (const name of ['reader', 'writer'])
    await admin.of(secretType).create({ metadata: { name, namespace: 'shop', labels: { offer: 'caches' } } })
  developer = await overHttps(DEVELOPER)
  hub = await cluster.hub(await cluster.kubeconfigOf(hubAccount), { doors: 'services-toolkit' })
})
afterAll(async () => {
  await developer.transport.close()
  await cluster.close()
})

/** As kubectl comes: what another server answers is only there. */
async function overHttps(account: typeof DEVELOPER): Promise<Client> {
  const config = JSON.parse(readFileSync(await cluster.kubeconfigOf(account), 'utf8')) as {
    readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }]
    readonly users: readonly [{ readonly user: { readonly token: string } }]
  }
  const { server = '', 'certificate-authority-data': ca = '' } = config.clusters[0].cluster
  const { token } = config.users[0].user
  return createClient(httpsTransport({ url: server, ca: Buffer.from(ca, 'base64').toString(), token }))
}

async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  let last: unknown
  for (const deadline = Date.now() + 15_000; Date.now() < deadline;) {
    const answer = await ask().catch((error: unknown) => void (last = error))
    if (answer !== undefined) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`waited for ${what}\n${hub.log.join('')}`, { cause: last })
}

const claimable = async () => {
  const question = { metadata: { name: 'q', namespace: 'shop' }, spec: { class: POOL } }
  return (await developer.of(instanceQueryType).create(question)).status?.instances?.map(({ name }) => name)
}
const isReady = (
  object: { readonly status?: { readonly conditions?: readonly { type: string; status: string }[] } } | undefined,
) => findCondition(object?.status?.conditions as never, 'Ready')?.status === 'True'

test('a developer asks what there is, claims by name and by class, and is asked for the right where it is needed', async () => {
  const { admin } = cluster
  const selected = { kind: 'Secret', labelSelector: { matchLabels: { offer: 'caches' } } }
  await admin.of(instanceClassType).create({ metadata: { name: POOL }, spec: { pool: selected } })
  await until('the class to be Ready', async () =>
    isReady(await admin.of(instanceClassType).get(POOL)) ? true : undefined,
  )
  expect(await until('the question to be answered', claimable)).toEqual(['reader', 'writer'])
  expect(
    (await developer.transport.raw('/apis/claimable.services.apps.tanzu.vmware.com/v1alpha1')) as object,
  ).toMatchObject({
    resources: [{ name: 'instancequeries', kind: 'InstanceQuery', namespaced: true, verbs: ['create'] }],
  })
  await developer.of(resourceClaimType).create({
    metadata: { name: 'named', namespace: 'shop' },
    spec: { ref: { apiVersion: 'v1', kind: 'Secret', name: 'writer' } },
  })
  await until('the ResourceClaim', async () =>
    isReady(await developer.of(resourceClaimType).get('named', 'shop')) ? true : undefined,
  )
  expect(await claimable()).toEqual(['reader'])
  const classClaim = (className: string) =>
    developer
      .of(classClaimType)
      .create({ metadata: { name: className, namespace: 'shop' }, spec: { classRef: { name: className } } })
  await until('a claim of a pool to be admitted', () => classClaim(POOL))
  await until('the ClassClaim', async () =>
    isReady(await developer.of(classClaimType).get(POOL, 'shop')) ? true : undefined,
  )
  expect(await claimable()).toEqual([])
  await expect(classClaim('bigcorp-rabbitmq')).rejects.toMatchObject({
    code: 403,
    message: expect.stringContaining(
      "user 'system:serviceaccount:shop:developer' cannot 'claim' from clusterinstanceclass 'bigcorp-rabbitmq'",
    ) as string,
  })
  await developer.of(classClaimType).delete(POOL, { namespace: 'shop' })
  await developer.of(resourceClaimType).delete('named', { namespace: 'shop' })
  await until('both to be free', async () => ((await claimable())?.length === 2 ? true : undefined))
  expect(cluster.asked.filter(({ user, isAllowed }) => user === hubUser.name && !isAllowed)).toEqual([])
})

test('of another namespace, and of a class that is not there, the developer is told as by the API itself', async () => {
  const ask = (namespace: string, name: string) =>
    developer.of(instanceQueryType).create({ metadata: { name: 'q', namespace }, spec: { class: name } })
  await expect(ask('default', POOL)).rejects.toMatchObject({ code: 403 })
  await expect(ask('shop', 'nowhere')).rejects.toMatchObject({
    code: 404,
    message: 'clusterinstanceclasses.services.apps.tanzu.vmware.com "nowhere" not found',
  })
  await expect(
    developer.of(instanceQueryType).create({ metadata: { namespace: 'shop' }, spec: { class: POOL, limit: 0 } }),
  ).rejects.toMatchObject({ code: 422, message: expect.stringContaining('spec.limit') as string })
})
