import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import { builtinResources } from './builtin.ts'
import { FIELD_RULES, KIND_RULES, MAY_BE_EMPTY, ALSO_REQUIRED } from './rules.ts'
import { DEFAULTS } from './defaults.ts'
import { structure } from './types.ts'
import { nameProblems } from './validate.ts'

const shapeOf = (resource: string) => builtinResources().find((one) => one.resource === resource)!.shape

/** The problems of a create, or of an update when `old` is given, as lines. */
function problemsOf(resource: string, given: JsonObject, old?: JsonObject): string[] {
  const shape = shapeOf(resource)
  const { object, problems } = shape.normalize(given)
  expect(problems).toEqual([])
  return shape.validate(object, old && shape.normalize(old).object).map(({ path, detail }) => `${path}: ${detail}`)
}

const metadata = { name: 'a' }
const pod = (spec: JsonObject = {}) => ({ containers: [{ name: 'c', image: 'i' }], ...spec })
const template = { metadata: { labels: { a: 'b' } }, spec: pod() }
const deployment = (spec: JsonObject = {}) => ({
  metadata,
  spec: { selector: { matchLabels: { a: 'b' } }, template, ...spec },
})

/** One object of each kind that a person could have written. */
const GOOD: Readonly<Record<string, JsonObject>> = {
  namespaces: {},
  secrets: { stringData: { a: 'b' } },
  configmaps: { data: { 'a.b_c-d': 'x' }, binaryData: { e: 'AA==' } },
  services: { spec: { ports: [{ port: 80 }] } },
  pods: { spec: pod() },
  deployments: deployment(),
  replicasets: deployment(),
  statefulsets: deployment({ serviceName: 's' }),
  daemonsets: deployment(),
  jobs: { spec: { template: { spec: pod({ restartPolicy: 'Never' }) } } },
  cronjobs: {
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: pod({ restartPolicy: 'Never' }) } } } },
  },
  leases: { spec: { holderIdentity: 'me', leaseDurationSeconds: 15 } },
  roles: { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  clusterroles: {},
  rolebindings: { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'u' }] },
  clusterrolebindings: { roleRef: { kind: 'ClusterRole', name: 'r' } },
  ingresses: {
    spec: {
      rules: [
        {
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
  networkpolicies: { spec: { podSelector: {} } },
  storageclasses: { provisioner: 'x.y/z' },
  priorityclasses: { value: 1 },
  endpointslices: { addressType: 'IPv4', endpoints: [], ports: [] },
  persistentvolumeclaims: {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  serviceaccounts: {},
  endpoints: { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  validatingwebhookconfigurations: {
    webhooks: [
      {
        name: 'a.b.c',
        clientConfig: { url: 'https://localhost' },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }],
      },
    ],
  },
  selfsubjectaccessreviews: { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
  tokenreviews: { spec: { token: 't' } },
}

it.each(Object.entries(GOOD))('nothing is wrong with usual %s', (resource, object) => {
  expect(problemsOf(resource, { metadata, ...object })).toEqual([])
  expect(problemsOf(resource, { metadata, ...object }, { metadata, ...object })).toEqual([])
})

describe('a create is refused', () => {
  const container = (rest: JsonObject) => ({
    metadata,
    spec: pod({ containers: [{ name: 'c', image: 'i', ...rest }] }),
  })
  it.each<[string, string, JsonObject, string[]]>([
    ['pods', 'without containers', { metadata, spec: {} }, ['spec.containers: Required value']],
    [
      'pods',
      'with a container that lacks name and image',
      { metadata, spec: { containers: [{}] } },
      ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value'],
    ],
    [
      'pods',
      'with two containers of one name',
      {
        metadata,
        spec: pod({
          containers: [
            { name: 'c', image: 'i' },
            { name: 'c', image: 'j' },
          ],
        }),
      },
      ['spec.containers[1].name: Duplicate value: "c"'],
    ],
    [
      'pods',
      'with a value that is none of the allowed',
      container({ imagePullPolicy: 'Sometimes' }),
      [
        'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
      ],
    ],
    [
      'pods',
      'with a port out of range',
      container({ ports: [{ containerPort: 70000 }] }),
      ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      'pods',
      'with a request above the limit',
      container({ resources: { limits: { cpu: '1' }, requests: { cpu: '1500m' } } }),
      ['spec.containers[0].resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1'],
    ],
    [
      'deployments',
      'with a selector that does not select its template',
      deployment({ selector: { matchLabels: { a: 'other' } } }),
      ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'],
    ],
    [
      'deployments',
      'with an empty selector',
      deployment({ selector: {} }),
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    ['deployments', 'without a selector', { metadata, spec: { template } }, ['spec.selector: Required value']],
    [
      'deployments',
      'with a negative number of replicas',
      deployment({ replicas: -1 }),
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'deployments',
      'with an expression that lacks values',
      deployment({ selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      [
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      'services',
      'with two ports of which one has no name',
      { metadata, spec: { ports: [{ port: 1, name: 'a' }, { port: 2 }] } },
      ['spec.ports[1].name: Required value'],
    ],
    ['services', 'without ports', { metadata, spec: {} }, ['spec.ports: Required value']],
    [
      'services',
      'of an external name without one',
      { metadata, spec: { type: 'ExternalName' } },
      ['spec.externalName: Required value'],
    ],
    [
      'secrets',
      'of type tls without its keys',
      { metadata, type: 'kubernetes.io/tls' },
      ['data[tls.crt]: Required value', 'data[tls.key]: Required value'],
    ],
    [
      'secrets',
      'for a token without naming the account',
      { metadata, type: 'kubernetes.io/service-account-token' },
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    [
      'rolebindings',
      'to a role of another kind',
      { metadata, roleRef: { kind: 'Rule', name: 'r' } },
      ['roleRef.kind: Unsupported value: "Rule": supported values: "Role", "ClusterRole"'],
    ],
    [
      'roles',
      'with a rule about nothing',
      { metadata, rules: [{ verbs: ['get'] }] },
      [
        'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
        'rules[0].resources: Required value: resource rules must supply at least one resource',
      ],
    ],
    [
      'cronjobs',
      'with a schedule of four fields',
      { metadata, spec: { ...(GOOD['cronjobs']!['spec'] as JsonObject), schedule: '* * * *' } },
      ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
    ],
    ['storageclasses', 'without a provisioner', { metadata }, ['provisioner: Required value']],
  ])('%s %s', (resource, _, object, expected) => {
    expect(problemsOf(resource, object)).toEqual(expected)
  })

  it('for the syntax and the size of ConfigMap keys and values', () => {
    const [problem] = problemsOf('configmaps', { metadata, data: { 'a/b': 'x' } })
    expect(problem).toMatch(/^data\[a\/b\]: Invalid value: "a\/b": a valid config key must consist of/)
    const big = { metadata, data: { a: 'x'.repeat(1024 * 1024) } }
    expect(problemsOf('configmaps', big)).toEqual([])
    expect(problemsOf('configmaps', { ...big, binaryData: { b: 'AA==' } })).toEqual([
      '[]: Too long: may not be more than 1048576 bytes',
    ])
  })

  it('and no problem shows the value of a Secret', () => {
    const value = 'hunter2hunter2'
    const shape = shapeOf('secrets')
    const base64 = shape.normalize({ metadata, data: { 'a/b': value, c: `${value}?` }, stringData: { d: 1 } })
    const problems = [...base64.problems, ...shape.validate(base64.object, undefined)]
    expect(problems.length).toBeGreaterThan(2)
    expect(JSON.stringify(problems)).not.toContain(value)
  })
})

describe('an update is refused', () => {
  it.each<[string, string, JsonObject, JsonObject, string[]]>([
    [
      'secrets',
      'that changes the type',
      { metadata, type: 'b' },
      { metadata, type: 'a' },
      ['type: Invalid value: "b": field is immutable'],
    ],
    [
      'secrets',
      'of an immutable one',
      { metadata, stringData: { a: '2' }, immutable: true },
      { metadata, stringData: { a: '1' }, immutable: true },
      ['data: Forbidden: field is immutable when `immutable` is set'],
    ],
    [
      'configmaps',
      'that takes the flag away',
      { metadata, data: { a: '1' } },
      { metadata, data: { a: '1' }, immutable: true },
      ['immutable: Forbidden: field is immutable when `immutable` is set'],
    ],
    [
      'rolebindings',
      'to another role',
      { metadata, roleRef: { kind: 'Role', name: 'b' } },
      { metadata, roleRef: { kind: 'Role', name: 'a' } },
      [
        'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"b"}: cannot change roleRef',
      ],
    ],
    [
      'pods',
      'of more than images and the like',
      { metadata, spec: pod({ containers: [{ name: 'c', image: 'new', args: ['x'] }] }) },
      { metadata, spec: pod() },
      [`spec: Forbidden: ${KIND_RULES['core.v1.Pod']!.mutable!.why}`],
    ],
    [
      'statefulsets',
      'of the name of its service',
      deployment({ serviceName: 'b' }),
      deployment({ serviceName: 'a' }),
      [`spec: Forbidden: ${KIND_RULES['apps.v1.StatefulSet']!.mutable!.why}`],
    ],
    [
      'deployments',
      'of the selector',
      deployment({ selector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } }),
      deployment(),
      ['spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Exists"}]}: field is immutable'],
    ],
  ])('%s %s', (resource, _, object, old, expected) => {
    expect(problemsOf(resource, object, old)).toEqual(expected)
  })
})

it.each<[string, string, JsonObject, JsonObject]>([
  ['pods', 'image', { metadata, spec: pod({ containers: [{ name: 'c', image: 'new' }] }) }, { metadata, spec: pod() }],
  ['statefulsets', 'number of replicas', deployment({ replicas: 3 }), deployment()],
  ['deployments', 'template', deployment({ template: { ...template, spec: pod({ hostname: 'h' }) } }), deployment()],
])('an update of %s may change the %s', (resource, _, object, old) => {
  expect(problemsOf(resource, object, old)).toEqual([])
})

it('names follow the rule of their kind', () => {
  expect(nameProblems('core.v1.Namespace', 'a.b')).toHaveLength(1)
  expect(nameProblems('core.v1.ConfigMap', 'a.b')).toEqual([])
  expect(nameProblems('core.v1.Service', '1a')).toHaveLength(1)
  expect(nameProblems('rbac.v1.ClusterRole', 'system:aggregate-to-view')).toEqual([])
  expect(nameProblems('core.v1.ConfigMap', 'system:a')).toHaveLength(1)
})

const fieldAt = (type: string, path: string): boolean => {
  let at: string | undefined = type
  for (const part of path.split('.')) {
    const field: ReturnType<typeof structure>['fields'][number] | undefined =
      at === undefined ? undefined : structure(at).byName.get(part)
    if (!field) return false
    at = field.type.form === 'struct' ? field.type.name : undefined
  }
  return true
}
const split = (name: string): [string, string] => [
  name.slice(0, name.lastIndexOf('.')),
  name.slice(name.lastIndexOf('.') + 1),
]

describe('the data of rules and defaults', () => {
  it('names only fields that the table has', () => {
    const paths: (readonly [string, string])[] = [
      ...Object.entries(DEFAULTS).flatMap(([type, rules]) => rules.map(({ path }) => [type, path] as const)),
      ...Object.entries(KIND_RULES).flatMap(([type, rules]) =>
        [rules.immutable ?? [], Object.keys(rules.allowed ?? {}), Object.keys(rules.atLeast ?? {})]
          .flat()
          .map((path) => [type, path] as const),
      ),
      ...Object.keys(FIELD_RULES).map(split),
      ...[...MAY_BE_EMPTY].map(split),
      ...Object.entries(ALSO_REQUIRED).flatMap(([type, fields]) => fields.map((field) => [type, field] as const)),
    ]
    expect(paths.length).toBeGreaterThan(150)
    expect(paths.filter(([type, path]) => !fieldAt(type, path))).toEqual([])
  })
})
