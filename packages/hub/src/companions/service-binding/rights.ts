/**
 * What bindings may read and write: an account of their own, so that neither the hub nor claims by resource come by the right to change
 * workloads. It may what the workloads of Kubernetes and our Claims need, and what ClusterRoles with the label of the specification add.
 */
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { GROUP } from '../../model/kind.ts'
import { MANAGED_BY, MANAGED_BY_LABEL, SYSTEM_NAMESPACE } from '../../model/names.ts'
import { BINDING_ACCOUNT } from './trouble.ts'

const RBAC = 'rbac.authorization.k8s.io'
const ROLE = 'larder:service-binding'
const OWN_LABEL = 'larder.dev/aggregate-to-service-binding'

const read = ['get', 'list', 'watch']
const write = [...read, 'update', 'patch']

const ownRules: readonly PolicyRule[] = [
  { apiGroups: [GROUP], resources: ['claims'], verbs: read },
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets', 'replicasets'], verbs: write },
  { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: write },
  { apiGroups: [''], resources: ['replicationcontrollers'], verbs: write },
]

/** The last is what implementations before the specification went by. */
const LABELS = [OWN_LABEL, 'servicebinding.io/controller', 'service.binding/controller']

type Manifest = JsonObject & KubeObject
const labels = { [MANAGED_BY_LABEL]: MANAGED_BY }

/** `hub` is the account that acts as that of the bindings. */
export const bindingManifests = (hub: { readonly namespace: string; readonly name: string }): readonly Manifest[] => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...BINDING_ACCOUNT, labels } },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: `${ROLE}:own`, labels: { ...labels, [OWN_LABEL]: 'true' } },
    rules: ownRules as unknown as JsonObject[],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: ROLE, labels },
    aggregationRule: { clusterRoleSelectors: LABELS.map((label) => ({ matchLabels: { [label]: 'true' } })) },
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: ROLE, labels },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: ROLE },
    subjects: [{ kind: 'ServiceAccount', ...BINDING_ACCOUNT }],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { name: ROLE, namespace: SYSTEM_NAMESPACE, labels },
    rules: [
      {
        apiGroups: [''],
        resources: ['serviceaccounts'],
        resourceNames: [BINDING_ACCOUNT.name],
        verbs: ['impersonate'],
      },
    ],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: ROLE, namespace: SYSTEM_NAMESPACE, labels },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: ROLE },
    subjects: [{ kind: 'ServiceAccount', ...hub }],
  },
]
