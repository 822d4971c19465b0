/** What the dialect may do, and what people may do with its kinds. */
import type { JsonObject } from '@larder/engine/base/json'
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Door } from '../../door.ts'
import { GROUP } from '../../model/kind.ts'
import { MANAGED_BY, MANAGED_BY_LABEL, RESOURCE_ACCOUNT, SYSTEM_NAMESPACE } from '../../model/names.ts'
import { instanceQueryType } from './instance-query/instance-query.ts'
import { STK_GROUP } from './kinds.ts'

const RBAC = 'rbac.authorization.k8s.io'

const apiGroups = [STK_GROUP]
const namespaced = ['resourceclaims', 'resourceclaimpolicies', 'classclaims']
const all = ['clusterinstanceclasses', ...namespaced]
const reading = ['get', 'list', 'watch']
const writing = ['create', 'delete', 'deletecollection', 'patch', 'update']

export const stkRules: readonly PolicyRule[] = [
  { apiGroups, resources: all, verbs: [...reading, 'patch'] },
  { apiGroups, resources: all.map((resource) => `${resource}/status`), verbs: ['patch'] },
  // The mirrors of ClassClaims.
  { apiGroups, resources: ['resourceclaims'], verbs: ['create', 'delete'] },
  // What it turns them into. The hub itself has the rest of what it takes.
  { apiGroups: [GROUP], resources: ['backends', 'classes', 'claims', 'claimpolicies'], verbs: ['create', 'delete'] },
  { apiGroups: [GROUP], resources: ['claimpolicies'], verbs: ['patch'] },
]

export const stkRoles: Door['roles'] = [
  {
    name: 'larder:services-toolkit:view',
    into: ['view', 'edit', 'admin'],
    rules: [
      { apiGroups, resources: namespaced, verbs: reading },
      // Whoever may see the claims of a namespace may ask what else it could claim.
      { apiGroups: [instanceQueryType.group], resources: [instanceQueryType.resource], verbs: ['create'] },
    ],
  },
  {
    name: 'larder:services-toolkit:edit',
    into: ['edit', 'admin'],
    rules: [{ apiGroups, resources: namespaced, verbs: writing }],
  },
]

type Manifest = JsonObject & KubeObject
const labels = { [MANAGED_BY_LABEL]: MANAGED_BY }

const CLASSES_ROLE = 'larder:services-toolkit:classes'
const BINDING_ROLE = 'larder:services-toolkit:service-binding'
const OLDER_LABELS_ROLE = 'larder:services-toolkit:resource-claims'

/** Of earlier versions of Services Toolkit, and of implementations before the specification; many a platform has only these. */
const OLDER_LABELS = ['resourceclaims.services.apps.tanzu.vmware.com/controller', 'service.binding/controller']

const clusterBinding = (role: string, subject: JsonObject): Manifest => ({
  apiVersion: `${RBAC}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: { name: role, labels },
  roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
  subjects: [subject],
})

export const stkManifests = (): readonly Manifest[] => [
  // Classes are what everybody may choose from, as it is with those of the core.
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: CLASSES_ROLE, labels },
    rules: [{ apiGroups, resources: ['clusterinstanceclasses'], verbs: reading }],
  },
  // Claims are what workloads are bound to, by whichever implementation of the specification.
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: BINDING_ROLE, labels: { ...labels, 'servicebinding.io/controller': 'true' } },
    rules: [{ apiGroups, resources: ['resourceclaims', 'classclaims'], verbs: reading }],
  },
  clusterBinding(CLASSES_ROLE, { kind: 'Group', apiGroup: RBAC, name: 'system:authenticated' }),
  // The account of claims by resource has what `servicebinding.io/controller` labels already; while this door is served, this as well.
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: OLDER_LABELS_ROLE, labels },
    aggregationRule: { clusterRoleSelectors: OLDER_LABELS.map((label) => ({ matchLabels: { [label]: 'true' } })) },
  },
  clusterBinding(OLDER_LABELS_ROLE, { kind: 'ServiceAccount', name: RESOURCE_ACCOUNT, namespace: SYSTEM_NAMESPACE }),
]
