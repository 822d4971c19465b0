/**
 * Who makes Deployments of Workloads: an account of their own, so that the right to run programs is nowhere in the ClusterRole of the hub. What is
 * made besides, ServiceBindings and ResourceClaims, runs nothing, and the hub makes it.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { KubeObject } from '@larder/engine/machinery/object'
import { MANAGED_BY, MANAGED_BY_LABEL, SYSTEM_NAMESPACE } from '../../model/names.ts'
import { workloadKind } from '../../model/workload/kind.ts'
import { deploymentType } from '../../model/workload/parts.ts'

export const WORKLOAD_ACCOUNT = { namespace: SYSTEM_NAMESPACE, name: 'larder-workloads' }

const RBAC = 'rbac.authorization.k8s.io'
const ROLE = 'larder:workloads'

/** Deployments go by their owner, and never by us. */
const rules: readonly PolicyRule[] = [
  {
    apiGroups: [deploymentType.group],
    resources: [deploymentType.resource],
    verbs: ['get', 'list', 'watch', 'create', 'patch'],
  },
  // Where a cluster asks who may hold up whose deletion, it asks for this.
  { apiGroups: [workloadKind.group], resources: [`${workloadKind.resource}/finalizers`], verbs: ['update'] },
]

type Manifest = JsonObject & KubeObject
const labels = { [MANAGED_BY_LABEL]: MANAGED_BY }
const metadata = { name: ROLE, labels }
const account = { kind: 'ServiceAccount', ...WORKLOAD_ACCOUNT }

/** `hub` is the account that acts as that of workloads. */
export const workloadManifests = (hub: { readonly namespace: string; readonly name: string }): readonly Manifest[] => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...WORKLOAD_ACCOUNT, labels } },
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata, rules: rules as unknown as JsonObject[] },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: ROLE },
    subjects: [account],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { ...metadata, namespace: SYSTEM_NAMESPACE },
    rules: [
      {
        apiGroups: [''],
        resources: ['serviceaccounts'],
        resourceNames: [WORKLOAD_ACCOUNT.name],
        verbs: ['impersonate'],
      },
    ],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { ...metadata, namespace: SYSTEM_NAMESPACE },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: ROLE },
    subjects: [{ kind: 'ServiceAccount', ...hub }],
  },
]
