/**
 * The built-in resources that are served: one entry for each, data only. What their fields are stands in the type table.
 *
 * Facts of upstream's discovery and registry strategies: names, verbs, subresources, which kinds count generations, which
 * take an update without resourceVersion or create on PUT, which field selectors they know.
 */

/** What of a kind differs from the most usual; see `expand` in builtin.ts for the rest. */
export interface KindEntry {
  readonly group: string
  readonly version: string
  /** The type of the table; its last part is the kind. */
  readonly type: string
  readonly resource: string
  readonly scope: 'Namespaced' | 'Cluster'
  readonly short?: readonly string[]
  readonly categories?: readonly string[]
  /** Absent: all eight. */
  readonly verbs?: readonly string[]
  readonly subresources?: readonly SubresourceEntry[]
  readonly generation?: boolean
  /** Update without resourceVersion; absent: allowed. */
  readonly unconditionalUpdate?: boolean
  readonly createOnUpdate?: boolean
  readonly selectable?: Readonly<Record<string, readonly string[]>>
  /** Absent: stored as itself. */
  readonly storage?: { readonly group: string; readonly version: string; readonly resource: string }
}

/** `status` is of the kind itself. */
export type SubresourceEntry =
  | 'status'
  | {
      readonly name: string
      readonly group: string
      readonly version: string
      readonly kind: string
      readonly verbs: readonly string[]
    }

const UPDATABLE = ['get', 'patch', 'update'] as const
const scale: SubresourceEntry = { name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: UPDATABLE }

const selectors = (...paths: readonly string[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(paths.map((path) => [path, path.split('.')]))

type Rest = Omit<KindEntry, 'group' | 'version' | 'type' | 'resource' | 'scope'>
const kindsOf =
  (group: string, version: string, types: string) =>
  (resource: string, kind: string, scope: KindEntry['scope'], rest: Rest = {}): KindEntry => ({
    group,
    version,
    type: `${types}.${kind}`,
    resource,
    scope,
    ...rest,
  })

const core = kindsOf('', 'v1', 'core.v1')
const apps = kindsOf('apps', 'v1', 'apps.v1')
const batch = kindsOf('batch', 'v1', 'batch.v1')
const rbac = kindsOf('rbac.authorization.k8s.io', 'v1', 'rbac.v1')
const admission = kindsOf('admissionregistration.k8s.io', 'v1', 'admissionregistration.v1')
const networking = kindsOf('networking.k8s.io', 'v1', 'networking.v1')
const storage = kindsOf('storage.k8s.io', 'v1', 'storage.v1')
const authentication = kindsOf('authentication.k8s.io', 'v1', 'authentication.v1')
const authorization = kindsOf('authorization.k8s.io', 'v1', 'authorization.v1')

const ALL = ['all']
/** The reviews are questions: asked by POST, never stored. */
const REVIEW = { verbs: ['create'] }

/** Both groups of events are views of one stored object, kept under the core group. */
const EVENT = {
  short: ['ev'],
  createOnUpdate: true,
  storage: { group: '', version: 'v1', resource: 'events' },
} as const

export const KINDS: readonly KindEntry[] = [
  core('namespaces', 'Namespace', 'Cluster', {
    short: ['ns'],
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: ['status', { name: 'finalize', group: '', version: 'v1', kind: 'Namespace', verbs: ['update'] }],
    selectable: selectors('status.phase'),
  }),
  core('secrets', 'Secret', 'Namespaced', { selectable: selectors('type') }),
  core('configmaps', 'ConfigMap', 'Namespaced', { short: ['cm'] }),
  core('serviceaccounts', 'ServiceAccount', 'Namespaced', {
    short: ['sa'],
    subresources: [
      { name: 'token', group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
    ],
  }),
  core('events', 'Event', 'Namespaced', {
    ...EVENT,
    selectable: {
      ...selectors(
        'involvedObject.kind',
        'involvedObject.namespace',
        'involvedObject.name',
        'involvedObject.uid',
        'involvedObject.apiVersion',
        'involvedObject.resourceVersion',
        'involvedObject.fieldPath',
        'reason',
        'reportingComponent',
        'type',
      ),
      source: ['source', 'component'],
    },
  }),
  core('services', 'Service', 'Namespaced', {
    short: ['svc'],
    categories: ALL,
    subresources: ['status'],
    selectable: selectors('spec.clusterIP', 'spec.type'),
    createOnUpdate: true,
  }),
  core('endpoints', 'Endpoints', 'Namespaced', { short: ['ep'], createOnUpdate: true }),
  core('pods', 'Pod', 'Namespaced', {
    short: ['po'],
    categories: ALL,
    subresources: ['status'],
    generation: true,
    selectable: selectors(
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ),
  }),
  core('persistentvolumeclaims', 'PersistentVolumeClaim', 'Namespaced', { short: ['pvc'], subresources: ['status'] }),
  core('persistentvolumes', 'PersistentVolume', 'Cluster', { short: ['pv'], subresources: ['status'] }),
  core('nodes', 'Node', 'Cluster', {
    short: ['no'],
    subresources: ['status'],
    selectable: selectors('spec.unschedulable'),
  }),
  core('podtemplates', 'PodTemplate', 'Namespaced', { generation: true }),
  core('replicationcontrollers', 'ReplicationController', 'Namespaced', {
    short: ['rc'],
    categories: ALL,
    subresources: ['status', scale],
    generation: true,
    selectable: selectors('status.replicas'),
  }),
  core('resourcequotas', 'ResourceQuota', 'Namespaced', { short: ['quota'], subresources: ['status'] }),
  core('limitranges', 'LimitRange', 'Namespaced', { short: ['limits'], createOnUpdate: true }),

  apps('deployments', 'Deployment', 'Namespaced', {
    short: ['deploy'],
    categories: ALL,
    subresources: ['status', scale],
    generation: true,
  }),
  apps('replicasets', 'ReplicaSet', 'Namespaced', {
    short: ['rs'],
    categories: ALL,
    subresources: ['status', scale],
    generation: true,
    selectable: selectors('status.replicas'),
  }),
  apps('statefulsets', 'StatefulSet', 'Namespaced', {
    short: ['sts'],
    categories: ALL,
    subresources: ['status', scale],
    generation: true,
  }),
  apps('daemonsets', 'DaemonSet', 'Namespaced', {
    short: ['ds'],
    categories: ALL,
    subresources: ['status'],
    generation: true,
  }),
  apps('controllerrevisions', 'ControllerRevision', 'Namespaced'),

  batch('jobs', 'Job', 'Namespaced', {
    categories: ALL,
    subresources: ['status'],
    generation: true,
    selectable: { 'status.successful': ['status', 'succeeded'] },
  }),
  batch('cronjobs', 'CronJob', 'Namespaced', {
    short: ['cj'],
    categories: ALL,
    subresources: ['status'],
    generation: true,
  }),

  kindsOf('coordination.k8s.io', 'v1', 'coordination.v1')('leases', 'Lease', 'Namespaced', {
    unconditionalUpdate: false,
    createOnUpdate: true,
  }),
  kindsOf('events.k8s.io', 'v1', 'events.v1')('events', 'Event', 'Namespaced', {
    ...EVENT,
    selectable: {
      ...selectors(
        'regarding.kind',
        'regarding.namespace',
        'regarding.name',
        'regarding.uid',
        'regarding.apiVersion',
        'regarding.resourceVersion',
        'regarding.fieldPath',
        'reason',
        'reportingController',
        'type',
      ),
      source: ['deprecatedSource', 'component'],
    },
  }),
  kindsOf('discovery.k8s.io', 'v1', 'discovery.v1')('endpointslices', 'EndpointSlice', 'Namespaced', {
    generation: true,
  }),

  rbac('roles', 'Role', 'Namespaced', { createOnUpdate: true }),
  rbac('rolebindings', 'RoleBinding', 'Namespaced', { createOnUpdate: true }),
  rbac('clusterroles', 'ClusterRole', 'Cluster', { createOnUpdate: true }),
  rbac('clusterrolebindings', 'ClusterRoleBinding', 'Cluster', { createOnUpdate: true }),

  kindsOf('apiextensions.k8s.io', 'v1', 'apiextensions.v1')(
    'customresourcedefinitions',
    'CustomResourceDefinition',
    'Cluster',
    {
      short: ['crd', 'crds'],
      categories: ['api-extensions'],
      subresources: ['status'],
      generation: true,
      unconditionalUpdate: false,
    },
  ),
  kindsOf('apiregistration.k8s.io', 'v1', 'apiregistration.v1')('apiservices', 'APIService', 'Cluster', {
    categories: ['api-extensions'],
    subresources: ['status'],
    unconditionalUpdate: false,
  }),

  admission('validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', 'Cluster', {
    categories: ['api-extensions'],
    generation: true,
    unconditionalUpdate: false,
  }),
  admission('mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', 'Cluster', {
    categories: ['api-extensions'],
    generation: true,
    unconditionalUpdate: false,
  }),
  admission('validatingadmissionpolicies', 'ValidatingAdmissionPolicy', 'Cluster', {
    categories: ['api-extensions'],
    subresources: ['status'],
    generation: true,
    unconditionalUpdate: false,
  }),
  admission('validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', 'Cluster', {
    categories: ['api-extensions'],
    generation: true,
    unconditionalUpdate: false,
  }),

  kindsOf('scheduling.k8s.io', 'v1', 'scheduling.v1')('priorityclasses', 'PriorityClass', 'Cluster', {
    short: ['pc'],
    generation: true,
  }),
  storage('storageclasses', 'StorageClass', 'Cluster', { short: ['sc'] }),
  storage('csidrivers', 'CSIDriver', 'Cluster', { generation: true, unconditionalUpdate: false }),
  storage('csinodes', 'CSINode', 'Cluster', { unconditionalUpdate: false }),
  storage('csistoragecapacities', 'CSIStorageCapacity', 'Namespaced', { unconditionalUpdate: false }),
  storage('volumeattachments', 'VolumeAttachment', 'Cluster', { subresources: ['status'], unconditionalUpdate: false }),

  kindsOf('policy', 'v1', 'policy.v1')('poddisruptionbudgets', 'PodDisruptionBudget', 'Namespaced', {
    short: ['pdb'],
    subresources: ['status'],
    generation: true,
    unconditionalUpdate: false,
  }),

  networking('ingresses', 'Ingress', 'Namespaced', { short: ['ing'], subresources: ['status'], generation: true }),
  networking('ingressclasses', 'IngressClass', 'Cluster', { generation: true }),
  networking('networkpolicies', 'NetworkPolicy', 'Namespaced', { short: ['netpol'], generation: true }),

  kindsOf('autoscaling', 'v2', 'autoscaling.v2')('horizontalpodautoscalers', 'HorizontalPodAutoscaler', 'Namespaced', {
    short: ['hpa'],
    categories: ALL,
    subresources: ['status'],
  }),
  kindsOf('autoscaling', 'v1', 'autoscaling.v1')('horizontalpodautoscalers', 'HorizontalPodAutoscaler', 'Namespaced', {
    short: ['hpa'],
    categories: ALL,
    subresources: ['status'],
    storage: { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' },
  }),

  kindsOf('certificates.k8s.io', 'v1', 'certificates.v1')(
    'certificatesigningrequests',
    'CertificateSigningRequest',
    'Cluster',
    {
      short: ['csr'],
      subresources: [
        'status',
        {
          name: 'approval',
          group: 'certificates.k8s.io',
          version: 'v1',
          kind: 'CertificateSigningRequest',
          verbs: UPDATABLE,
        },
      ],
      selectable: selectors('spec.signerName'),
    },
  ),

  authentication('tokenreviews', 'TokenReview', 'Cluster', REVIEW),
  authentication('selfsubjectreviews', 'SelfSubjectReview', 'Cluster', REVIEW),
  authorization('subjectaccessreviews', 'SubjectAccessReview', 'Cluster', REVIEW),
  authorization('selfsubjectaccessreviews', 'SelfSubjectAccessReview', 'Cluster', REVIEW),
  authorization('selfsubjectrulesreviews', 'SelfSubjectRulesReview', 'Cluster', REVIEW),
  authorization('localsubjectaccessreviews', 'LocalSubjectAccessReview', 'Namespaced', REVIEW),
]
