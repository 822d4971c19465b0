/**
 * Who may do what. The hub is never an administrator, embedded neither: it acts as the ServiceAccount `larder` with exactly
 * these rules, and a call that is missing here fails in the tests as it would in a cluster.
 */
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Door } from '../door.ts'
import { claimableQueryType, QUERY_GROUP } from '../model/claimable-query.ts'
import { GROUP } from '../model/kind.ts'
import {
  HUB_LEASE,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  QUERY_SERVICE,
  RESOURCE_ACCOUNT,
  SYSTEM_NAMESPACE,
} from '../model/names.ts'
import { FIELD_RIGHTS } from './admission.ts'

const ACCOUNT = 'larder'
const RBAC = 'rbac.authorization.k8s.io'

/** The user as which the API knows a ServiceAccount. */
export const accountUser = ({ namespace, name }: { readonly namespace: string; readonly name: string }) => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
})

/** The hub itself. */
export const hubAccount = { namespace: SYSTEM_NAMESPACE, name: ACCOUNT }
export const hubUser = accountUser(hubAccount)

const watching = ['get', 'list', 'watch'] as const

/** Everything that the hub does, and why. */
const hubRules: readonly PolicyRule[] = [
  // It follows its own kinds and writes finalizers into their metadata; only Instances does it make and delete.
  {
    apiGroups: [GROUP],
    resources: ['backends', 'classes', 'claims', 'claimpolicies'],
    verbs: watching,
  },
  { apiGroups: [GROUP], resources: ['backends', 'classes', 'claims'], verbs: ['patch'] },
  { apiGroups: [GROUP], resources: ['instances'], verbs: [...watching, 'create', 'patch', 'delete'] },
  {
    apiGroups: [GROUP],
    resources: ['backends/status', 'classes/status', 'instances/status', 'claims/status', 'claimpolicies/status'],
    verbs: ['patch'],
  },
  // What the admission policies ask for: fields that nobody else writes.
  { apiGroups: [GROUP], resources: ['claims', 'instances'], verbs: [FIELD_RIGHTS.origin] },
  { apiGroups: [GROUP], resources: ['instances'], verbs: [FIELD_RIGHTS.hold] },
  // A claim owns its Secret; where a cluster asks who may hold up whose deletion, it asks for this.
  { apiGroups: [GROUP], resources: ['claims/finalizers'], verbs: ['update'] },
  // Binding Secrets live in the namespaces of the claims, accounts of backends anywhere.
  { apiGroups: [''], resources: ['secrets'], verbs: [...watching, 'create', 'patch', 'update', 'delete'] },
  // Consumers are selected by the labels of their namespace; a class may name a namespace for its instances.
  { apiGroups: [''], resources: ['namespaces'], verbs: [...watching, 'create'] },
  { apiGroups: ['apps'], resources: ['controllerrevisions'], verbs: [...watching, 'create', 'delete'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'get'] },
]

/** What the hub does in its own namespace. */
const systemRules: readonly PolicyRule[] = [
  // Several hubs elect one that leads.
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: [HUB_LEASE.name],
    verbs: ['get', 'watch', 'update'],
  },
  // A creation has no name that a rule could ask for.
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  // Claims by resource are read as this account. Other accounts that Backends name are granted where they are.
  { apiGroups: [''], resources: ['serviceaccounts'], resourceNames: [RESOURCE_ACCOUNT], verbs: ['impersonate'] },
]

const labels = { [MANAGED_BY_LABEL]: MANAGED_BY }

/** Added to the roles that Kubernetes has: an application team manages claims, and sees no instance. */
const tenantRoles: readonly { name: string; into: readonly string[]; rules: readonly PolicyRule[] }[] = [
  {
    name: 'larder:claims:view',
    into: ['view', 'edit', 'admin'],
    rules: [
      { apiGroups: [GROUP], resources: ['claims', 'claimpolicies'], verbs: watching },
      // Whoever may see the claims of a namespace may ask what else it could claim.
      { apiGroups: [QUERY_GROUP], resources: [claimableQueryType.resource], verbs: ['create'] },
    ],
  },
  {
    name: 'larder:claims:edit',
    into: ['edit', 'admin'],
    rules: [
      {
        apiGroups: [GROUP],
        resources: ['claims', 'claimpolicies'],
        verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
      },
    ],
  },
]

type Manifest = JsonObject & KubeObject

const clusterRole = (name: string, rules: readonly PolicyRule[], into: readonly string[] = []): Manifest =>
  ({
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: {
      name,
      labels: {
        ...labels,
        ...Object.fromEntries(into.map((role) => [`${RBAC}/aggregate-to-${role}`, 'true'])),
      },
    },
    rules,
  }) as unknown as Manifest

const serviceAccount = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: SYSTEM_NAMESPACE, labels },
})

/** What one account may do in the namespace of the hub alone. */
const systemRole = (name: string, account: string, rules: readonly PolicyRule[]): readonly Manifest[] => [
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { name, namespace: SYSTEM_NAMESPACE, labels },
    rules: rules as unknown as JsonObject[],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name, namespace: SYSTEM_NAMESPACE, labels },
    roleRef: { apiGroup: RBAC, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: SYSTEM_NAMESPACE }],
  },
]

const accountBinding = (role: string, account: string): Manifest => ({
  apiVersion: `${RBAC}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: { name: role, labels },
  roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', name: account, namespace: SYSTEM_NAMESPACE }],
})

/**
 * The account of claims by resource, which may nothing: what it may read comes from the ClusterRoles that the platform labels, as
 * other implementations of service bindings have it. The rules of the role itself are written by the cluster.
 */
const resourceClaims = (): readonly Manifest[] => [
  serviceAccount(RESOURCE_ACCOUNT),
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'larder:resource-claims', labels },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'servicebinding.io/controller': 'true' } }] },
  },
  accountBinding('larder:resource-claims', RESOURCE_ACCOUNT),
]

const POOL_ACCOUNT = 'larder-pool'

/** The account of the sample Backend `pool`: Secrets everywhere, and only to read. */
export const poolRbac = (): readonly Manifest[] => [
  serviceAccount(POOL_ACCOUNT),
  clusterRole('larder:pool', [{ apiGroups: [''], resources: ['secrets'], verbs: watching }]),
  accountBinding('larder:pool', POOL_ACCOUNT),
  ...systemRole('larder:act-as-pool', ACCOUNT, [
    { apiGroups: [''], resources: ['serviceaccounts'], resourceNames: [POOL_ACCOUNT], verbs: ['impersonate'] },
  ]),
]

export const poolAccount = { namespace: SYSTEM_NAMESPACE, name: POOL_ACCOUNT }

const QUERY_ROLE = 'larder:query'

/** Of the hub's own question, and of those of the doors, each group once. */
export const queryGroups = (
  doors: readonly Door[],
): readonly { readonly group: string; readonly version: string }[] => {
  const all = [claimableQueryType, ...doors.flatMap(({ queries = [] }) => queries)]
  return [...new Map(all.map(({ group, version }) => [`${version}.${group}`, { group, version }])).values()]
}

export const queryApiServiceNames = (doors: readonly Door[]): readonly string[] =>
  queryGroups(doors).map(({ group, version }) => `${version}.${group}`)

/** On a cluster the hub answers what a namespace may claim, behind the cluster's API. */
export const queryRbac = (doors: readonly Door[]): readonly Manifest[] => [
  clusterRole(QUERY_ROLE, [
    // What the asker may read: the answer holds no more.
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    // The authority of its certificate, which is made anew with each leader.
    {
      apiGroups: ['apiregistration.k8s.io'],
      resources: ['apiservices'],
      resourceNames: queryApiServiceNames(doors),
      verbs: ['patch'],
    },
  ]),
  accountBinding(QUERY_ROLE, ACCOUNT),
  // Where the leader is. A creation has no name that a rule could ask for.
  ...systemRole(QUERY_ROLE, ACCOUNT, [
    {
      apiGroups: ['discovery.k8s.io'],
      resources: ['endpointslices'],
      resourceNames: [QUERY_SERVICE.name],
      verbs: ['patch'],
    },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['create'] },
  ]),
  // Whom to believe that somebody asks: a Role of the cluster's own.
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'larder:reads-front-proxy', namespace: 'kube-system', labels },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: SYSTEM_NAMESPACE }],
  },
]

/** The ServiceAccount of the hub, its role, and what application teams may do. */
export const rbacManifests = (doors: readonly Door[]): readonly Manifest[] => [
  serviceAccount(ACCOUNT),
  clusterRole('larder:hub', [...hubRules, ...doors.flatMap(({ rules }) => rules)]),
  accountBinding('larder:hub', ACCOUNT),
  ...systemRole('larder:hub', ACCOUNT, systemRules),
  ...resourceClaims(),
  // Classes are what everybody may choose from. A class that is not for a namespace says so by its consumers; who must not
  // even know its name is kept from reading classes by the platform's own roles.
  clusterRole('larder:classes:read', [{ apiGroups: [GROUP], resources: ['classes'], verbs: watching }]),
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'larder:classes:read', labels },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'larder:classes:read' },
    subjects: [{ kind: 'Group', apiGroup: RBAC, name: 'system:authenticated' }],
  },
  ...[...tenantRoles, ...doors.flatMap(({ roles }) => roles)].map((role) =>
    clusterRole(role.name, role.rules, role.into),
  ),
  ...doors.flatMap((door) => door.manifests?.(hubAccount) ?? []),
]
