import { expect, it } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import { builtinResources } from './builtin.ts'

const normalize = (resource: string, object: JsonObject): JsonObject =>
  builtinResources()
    .find((one) => one.resource === resource)!
    .shape.normalize(object).object

const podWith = (container: JsonObject): JsonObject => normalize('pods', { spec: { containers: [container] } })

it.each<[string, string, JsonObject, JsonObject]>([
  ['secrets', 'a type', {}, { type: 'Opaque' }],
  [
    'services',
    'type, affinity, traffic policy, protocol and target',
    { spec: { ports: [{ port: 80 }, { port: 81, targetPort: 'http' }] } },
    {
      spec: {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ports: [
          { port: 80, protocol: 'TCP', targetPort: 80 },
          { port: 81, protocol: 'TCP', targetPort: 'http' },
        ],
      },
    },
  ],
  [
    'deployments',
    'replicas, strategy, history and deadline',
    { spec: {} },
    {
      spec: {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
    },
  ],
  [
    'deployments',
    'nothing into a strategy that recreates',
    { spec: { strategy: { type: 'Recreate' } } },
    { spec: { strategy: { type: 'Recreate' } } },
  ],
  [
    'jobs',
    'one completion',
    { spec: {} },
    { spec: { completions: 1, parallelism: 1, backoffLimit: 6, suspend: false } },
  ],
  ['jobs', 'no completions beside a parallelism', { spec: { parallelism: 3 } }, { spec: { parallelism: 3 } }],
  [
    'rolebindings',
    'API groups',
    {
      roleRef: { kind: 'Role', name: 'r' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's' },
      ],
    },
    {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's' },
      ],
    },
  ],
  [
    'customresourcedefinitions',
    'scope, names and conversion',
    { spec: { names: { plural: 'widgets', kind: 'Widget' } } },
    {
      spec: {
        scope: 'Namespaced',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
        conversion: { strategy: 'None' },
      },
    },
  ],
  [
    'networkpolicies',
    'the types of policy',
    { spec: { egress: [{}] } },
    { spec: { policyTypes: ['Ingress', 'Egress'] } },
  ],
  [
    'pods',
    'an empty directory as volume',
    { spec: { volumes: [{ name: 'v' }] } },
    { spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
  ],
])('%s get %s', (resource, _, given, expected) => {
  expect(normalize(resource, given)).toMatchObject(expected)
})

it('a field of a strategy that does not apply stays absent', () => {
  const { spec } = normalize('deployments', { spec: { strategy: { type: 'Recreate' } } }) as { spec: JsonObject }
  expect(spec['strategy']).toEqual({ type: 'Recreate' })
})

it('completions stay absent for a work queue', () => {
  const { spec } = normalize('jobs', { spec: { parallelism: 3 } }) as { spec: JsonObject }
  expect('completions' in spec).toBe(false)
})

it.each([
  ['nginx', 'Always'],
  ['nginx:latest', 'Always'],
  ['nginx:1.2', 'IfNotPresent'],
  ['registry:5000/nginx', 'Always'],
  ['registry:5000/nginx:1', 'IfNotPresent'],
  ['nginx@sha256:0123', 'IfNotPresent'],
])('the image %s is pulled %s', (image, policy) => {
  expect(podWith({ name: 'c', image })).toMatchObject({ spec: { containers: [{ imagePullPolicy: policy }] } })
})

it('what is given is kept', () => {
  const spec = { type: 'NodePort', sessionAffinity: 'ClientIP', ports: [{ port: 1, protocol: 'UDP', targetPort: 2 }] }
  expect(normalize('services', { spec })).toMatchObject({
    spec: { ...spec, externalTrafficPolicy: 'Cluster', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } },
  })
})
