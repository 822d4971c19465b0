/** A real API with an account that may what the recipes of the tests need, and no more. */
import { systemClock } from '@larder/engine/base/clock'
import { secretType } from '@larder/engine/client/builtin'
import type { Json, KubeApi, Log, Session } from '@larder/kit'
import { createKubeApi } from '../../../controllers/session/kube-api.ts'
import { testHub, type TestHub } from '../../../controllers/testing/hub.ts'
import { accountUser } from '../../../samples/rbac.ts'
import { compositionDriver } from '../driver.ts'
import { INSTANCE_LABEL } from '../naming.ts'

export const ACCOUNT = { namespace: 'larder-system', name: 'composer' }
export const NAMESPACE = 'services'
export const silent: Log = { debug() {}, info() {}, warn() {} }
export const never: AbortSignal = new AbortController().signal

/** What the reference page tells a platform engineer to grant, for the kinds of these tests. */
export const RIGHTS: readonly Json[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: ACCOUNT },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'composer', namespace: NAMESPACE },
    rules: [
      {
        apiGroups: ['', 'example.com', 'secretgen.k14s.io'],
        resources: ['configmaps', 'secrets', 'caches', 'passwords'],
        verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
      },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'composer', namespace: NAMESPACE },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'composer' },
    subjects: [{ kind: 'ServiceAccount', ...ACCOUNT }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'composer-reads-definitions' },
    rules: [{ apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['get'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'composer-reads-definitions' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'composer-reads-definitions' },
    subjects: [{ kind: 'ServiceAccount', ...ACCOUNT }],
  },
]

/** A kind whose controller the test plays. */
export const CACHE_DEFINITION: Json = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'caches.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'caches', singular: 'cache', kind: 'Cache', listKind: 'CacheList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  size: { type: 'integer', minimum: 1 },
                  group: { type: 'string' },
                  members: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
                },
              },
              status: {
                type: 'object',
                properties: {
                  state: { type: 'string' },
                  endpoint: {
                    type: 'object',
                    properties: { address: { type: 'string' }, port: { type: 'integer' } },
                  },
                  conditions: {
                    type: 'array',
                    items: {
                      type: 'object',
                      properties: {
                        type: { type: 'string' },
                        status: { type: 'string' },
                        reason: { type: 'string' },
                        message: { type: 'string' },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
}

export interface World {
  readonly hub: TestHub
  /** As an administrator. */
  readonly admin: KubeApi
  connect(log?: Log, config?: Json): Session
}

/** As the administrator, and as the account of the Backend. */
export async function world(extra: readonly Json[] = []): Promise<World> {
  const hub = await testHub({ drivers: [compositionDriver()] })
  const admin = createKubeApi({ transport: hub.admin.transport, clock: systemClock })
  for (const object of [...RIGHTS, ...extra]) await admin.apply(object, 'test')
  const connect = (log: Log = silent, config: Json = { namespace: NAMESPACE }): Session => {
    const { transport } = hub.clientOf(accountUser(ACCOUNT))
    const kube = createKubeApi({ transport, clock: systemClock })
    return compositionDriver().connect({ config, credentials: {} }, { log, now: () => new Date(), kube })
  }
  return { hub, admin, connect }
}

/** How many instances have anything in the world. */
export async function countInstances({ hub, admin }: World): Promise<number> {
  const maps = await admin.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE })
  const { items: secrets } = await hub.admin.of(secretType).list({ namespace: NAMESPACE })
  const labels = [...maps, ...secrets].map(
    (object) => (object as { metadata: { labels?: Record<string, string> } }).metadata.labels?.[INSTANCE_LABEL],
  )
  return new Set(labels.filter((label) => label !== undefined)).size
}
