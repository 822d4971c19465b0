/**
 * The ClusterRoles that upstream has from its first start, as far as this API serves what they are about.
 *
 * `admin`, `edit` and `view` aggregate by labels, as upstream: a CRD's author adds to them with a labelled ClusterRole. Their
 * rules are written out once here; from then on the aggregation controller keeps them.
 */
import type { JsonObject } from '../base/json.ts'
import type { PolicyRule } from './rbac-rules.ts'

const RBAC = 'rbac.authorization.k8s.io'
const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']

type Named = JsonObject & { readonly metadata: JsonObject & { readonly name: string } }

export interface BootRoles {
  readonly roles: readonly Named[]
  readonly bindings: readonly Named[]
  /** Roles of the namespace kube-system. */
  readonly systemRoles: readonly Named[]
}

export function bootstrapRoles(): BootRoles {
  return {
    roles: [
      role('cluster-admin', [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
      ]),
      aggregated('admin', [...ADMIN, ...EDIT, ...VIEW]),
      aggregated('edit', [...EDIT, ...VIEW], 'admin'),
      aggregated('view', VIEW, 'edit'),
      part('admin', ADMIN),
      part('edit', EDIT),
      part('view', VIEW),
      role('system:discovery', [{ verbs: ['get'], nonResourceURLs: DISCOVERY }]),
      role('system:public-info-viewer', [{ verbs: ['get'], nonResourceURLs: PUBLIC }]),
      role('system:basic-user', BASIC),
      role('system:auth-delegator', DELEGATOR),
    ],
    bindings: [
      binding('cluster-admin', ['system:masters']),
      binding('system:discovery', ['system:authenticated']),
      binding('system:basic-user', ['system:authenticated']),
      binding('system:public-info-viewer', ['system:authenticated', 'system:unauthenticated']),
    ],
    systemRoles: [role('extension-apiserver-authentication-reader', READS_AUTHENTICATION)],
  }
}

/** What a server behind an APIService needs: to ask who a token is, what a user may, and by what it knows the front proxy. */
const DELEGATOR: readonly PolicyRule[] = [
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
  { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
]
const READS_AUTHENTICATION: readonly PolicyRule[] = [
  { verbs: READ, apiGroups: [''], resources: ['configmaps'], resourceNames: ['extension-apiserver-authentication'] },
]

const DISCOVERY = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
  '/.well-known/openid-configuration',
  '/openid/v1/jwks',
]

const PUBLIC = ['/livez', '/readyz', '/version', '/version/']

const BASIC: readonly PolicyRule[] = [
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
]

/** What belongs to applications, without what reveals credentials. */
const VIEWED: readonly (readonly [group: string, resources: readonly string[]])[] = [
  [
    '',
    [
      'configmaps',
      'endpoints',
      'events',
      'limitranges',
      'namespaces',
      'namespaces/status',
      'persistentvolumeclaims',
      'persistentvolumeclaims/status',
      'pods',
      'pods/status',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'replicationcontrollers/status',
      'resourcequotas',
      'resourcequotas/status',
      'serviceaccounts',
      'services',
      'services/status',
    ],
  ],
  ['events.k8s.io', ['events']],
  ['discovery.k8s.io', ['endpointslices']],
  [
    'apps',
    [
      'controllerrevisions',
      'daemonsets',
      'daemonsets/status',
      'deployments',
      'deployments/scale',
      'deployments/status',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
      'statefulsets',
      'statefulsets/scale',
      'statefulsets/status',
    ],
  ],
  ['autoscaling', ['horizontalpodautoscalers', 'horizontalpodautoscalers/status']],
  ['batch', ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status']],
  ['policy', ['poddisruptionbudgets', 'poddisruptionbudgets/status']],
  ['networking.k8s.io', ['ingresses', 'ingresses/status', 'networkpolicies']],
]

const EDITED: readonly (readonly [group: string, resources: readonly string[]])[] = [
  [
    '',
    [
      'configmaps',
      'events',
      'persistentvolumeclaims',
      'pods',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'secrets',
      'serviceaccounts',
      'services',
    ],
  ],
  [
    'apps',
    [
      'daemonsets',
      'deployments',
      'deployments/scale',
      'replicasets',
      'replicasets/scale',
      'statefulsets',
      'statefulsets/scale',
    ],
  ],
  ['autoscaling', ['horizontalpodautoscalers']],
  ['batch', ['cronjobs', 'jobs']],
  ['policy', ['poddisruptionbudgets']],
  ['networking.k8s.io', ['ingresses', 'networkpolicies']],
  ['coordination.k8s.io', ['leases']],
]

const VIEW: readonly PolicyRule[] = VIEWED.map(([group, resources]) => rule(READ, group, resources))

const EDIT: readonly PolicyRule[] = [
  ...EDITED.map(([group, resources]) => rule(WRITE, group, resources)),
  rule(READ, '', ['secrets']),
  rule(READ, 'coordination.k8s.io', ['leases']),
  rule(['impersonate'], '', ['serviceaccounts']),
  rule(['create'], '', ['serviceaccounts/token']),
]

const ADMIN: readonly PolicyRule[] = [
  rule(['create'], 'authorization.k8s.io', ['localsubjectaccessreviews']),
  rule([...READ, ...WRITE], RBAC, ['rolebindings', 'roles']),
]

function rule(verbs: readonly string[], group: string, resources: readonly string[]): PolicyRule {
  return { verbs, apiGroups: [group], resources }
}

function role(name: string, rules: readonly PolicyRule[], labels: Record<string, string> = {}): Named {
  return { ...bootObject(name, labels), rules: rules.map((one) => ({ ...one })) }
}

function bootObject(name: string, labels: Record<string, string> = {}): Named {
  return {
    metadata: {
      name,
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
    },
  }
}

const aggregateTo = (name: string): Record<string, string> => ({ [`${RBAC}/aggregate-to-${name}`]: 'true' })

function aggregated(name: string, rules: readonly PolicyRule[], into?: string): Named {
  const clusterRoleSelectors = [{ matchLabels: aggregateTo(name) }]
  return {
    ...role(name, rules, into === undefined ? {} : aggregateTo(into)),
    aggregationRule: { clusterRoleSelectors },
  }
}

function part(of: string, rules: readonly PolicyRule[]): Named {
  return role(`system:aggregate-to-${of}`, rules, aggregateTo(of))
}

function binding(roleName: string, groups: readonly string[]): Named {
  return {
    ...bootObject(roleName),
    subjects: groups.map((name) => ({ kind: 'Group', apiGroup: RBAC, name })),
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: roleName },
  }
}
