/** The built-in kinds that controllers use, as far as they use them: fields enter when somebody reads or writes them. */
import type { Json, JsonObject } from '../base/json.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { ResourceType } from './types.ts'

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}

export interface ObjectReference {
  readonly apiVersion?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly fieldPath?: string
}

export interface Namespace extends KubeObject {
  readonly spec?: { readonly finalizers?: readonly string[] }
  readonly status?: { readonly phase?: 'Active' | 'Terminating' }
}

export interface Secret extends KubeObject {
  readonly type?: string
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>
  /** Write-only: the server merges it into `data`. */
  readonly stringData?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}

export interface ServiceAccount extends KubeObject {
  readonly automountServiceAccountToken?: boolean
}

export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

export interface RoleRef {
  readonly apiGroup: string
  readonly kind: 'Role' | 'ClusterRole'
  readonly name: string
}

export interface Subject {
  readonly kind: 'User' | 'Group' | 'ServiceAccount'
  readonly name: string
  readonly namespace?: string
  readonly apiGroup?: string
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
    readonly values?: readonly string[]
  }[]
}

export interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[]
}

export interface ClusterRole extends KubeObject {
  readonly rules?: readonly PolicyRule[]
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] }
}

export interface RoleBinding extends KubeObject {
  readonly roleRef: RoleRef
  readonly subjects?: readonly Subject[]
}

export type ClusterRoleBinding = RoleBinding

/** events.k8s.io/v1 */
export interface Event extends KubeObject {
  readonly eventTime: string
  readonly reportingController: string
  readonly reportingInstance: string
  readonly action: string
  readonly reason: string
  readonly type: 'Normal' | 'Warning'
  readonly note?: string
  readonly regarding: ObjectReference
  readonly related?: ObjectReference
  readonly series?: { readonly count: number; readonly lastObservedTime: string }
}

export interface CustomResourceDefinition extends KubeObject {
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced' | 'Cluster'
    readonly names: {
      readonly plural: string
      readonly singular?: string
      readonly kind: string
      readonly listKind?: string
      readonly shortNames?: readonly string[]
      readonly categories?: readonly string[]
    }
    readonly versions: readonly JsonObject[]
  }
  readonly status?: { readonly conditions?: readonly Partial<Condition>[] }
}

export interface ControllerRevision extends KubeObject {
  readonly revision: number
  readonly data?: Json
}

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    /** RFC 3339 with microseconds. */
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}

function builtin<T extends KubeObject>(
  group: string,
  version: string,
  resource: string,
  kind: string,
  namespaced = true,
): ResourceType<T> {
  return { group, version, resource, kind, namespaced }
}

const RBAC = 'rbac.authorization.k8s.io'

export const namespaceType = builtin<Namespace>('', 'v1', 'namespaces', 'Namespace', false)
export const secretType = builtin<Secret>('', 'v1', 'secrets', 'Secret')
export const configMapType = builtin<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap')
export const serviceAccountType = builtin<ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount')
export const roleType = builtin<Role>(RBAC, 'v1', 'roles', 'Role')
export const roleBindingType = builtin<RoleBinding>(RBAC, 'v1', 'rolebindings', 'RoleBinding')
export const clusterRoleType = builtin<ClusterRole>(RBAC, 'v1', 'clusterroles', 'ClusterRole', false)
export const clusterRoleBindingType = builtin<ClusterRoleBinding>(
  RBAC,
  'v1',
  'clusterrolebindings',
  'ClusterRoleBinding',
  false,
)
export const eventType = builtin<Event>('events.k8s.io', 'v1', 'events', 'Event')
export const customResourceDefinitionType = builtin<CustomResourceDefinition>(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  false,
)
export const controllerRevisionType = builtin<ControllerRevision>(
  'apps',
  'v1',
  'controllerrevisions',
  'ControllerRevision',
)
export const leaseType = builtin<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease')
