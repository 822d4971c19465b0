/**
 * The values that the API fills in, as data: by type, in the order in which they are applied.
 *
 * Facts of upstream's `defaults.go` files, limited to what clients notice. A rule applies where the path is absent (or zero,
 * for a field that is no pointer: such a zero has been dropped before). Types are defaulted from the inside out, and a
 * dotted path reaches down only where upstream defaults a field in one kind and not in another that embeds the type.
 */
import type { Json } from '../../base/json.ts'

export interface DefaultRule {
  readonly path: string
  /** The value; or where to take it from. */
  readonly value?: Json
  /** Copies the value at this path. */
  readonly from?: string
  /** With `from`: how the copied text is changed. */
  readonly as?: 'lowerCase' | 'list' | 'pullPolicy'
  /** Applies only where each path holds one of the values; `null` stands for absent. */
  readonly when?: Readonly<Record<string, readonly Json[]>>
  /** Applies only where none of the fields besides these is present. */
  readonly unlessOthersThan?: readonly string[]
}

const set = (path: string, value: Json, when?: DefaultRule['when']): DefaultRule => ({
  path,
  value,
  ...(when && { when }),
})
const copy = (path: string, from: string, as?: DefaultRule['as']): DefaultRule => ({ path, from, ...(as && { as }) })
const each = (values: Readonly<Record<string, Json>>): DefaultRule[] =>
  Object.entries(values).map(([path, value]) => set(path, value))

const RBAC = 'rbac.authorization.k8s.io'
const FILE_MODE = 0o644
const container = [
  copy('imagePullPolicy', 'image', 'pullPolicy'),
  ...each({ terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' }),
]
const webhook = each({
  failurePolicy: 'Fail',
  matchPolicy: 'Equivalent',
  namespaceSelector: {},
  objectSelector: {},
  timeoutSeconds: 10,
})

export const DEFAULTS: Readonly<Record<string, readonly DefaultRule[]>> = {
  'core.v1.Secret': each({ type: 'Opaque' }),
  'core.v1.NamespaceStatus': each({ phase: 'Active' }),
  'core.v1.ServiceSpec': [
    ...each({ sessionAffinity: 'None', type: 'ClusterIP' }),
    set('sessionAffinityConfig', { clientIP: { timeoutSeconds: 10800 } }, { sessionAffinity: ['ClientIP'] }),
    set('externalTrafficPolicy', 'Cluster', { type: ['NodePort', 'LoadBalancer'] }),
    set('internalTrafficPolicy', 'Cluster', { type: ['ClusterIP', 'NodePort', 'LoadBalancer'] }),
    set('allocateLoadBalancerNodePorts', true, { type: ['LoadBalancer'] }),
  ],
  // targetPort is no pointer: 0 means absent.
  'core.v1.ServicePort': [
    ...each({ protocol: 'TCP' }),
    { path: 'targetPort', from: 'port', when: { targetPort: [0, '', null] } },
  ],
  'core.v1.ContainerPort': each({ protocol: 'TCP' }),
  'core.v1.EndpointPort': each({ protocol: 'TCP' }),
  'core.v1.Container': container,
  'core.v1.EphemeralContainer': container,
  'core.v1.Probe': each({ timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }),
  'core.v1.HTTPGetAction': each({ path: '/', scheme: 'HTTP' }),
  'core.v1.GRPCAction': each({ service: '' }),
  'core.v1.Pod': each({ 'spec.enableServiceLinks': true }),
  'core.v1.PodSpec': [
    ...each({
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      schedulerName: 'default-scheduler',
    }),
    copy('serviceAccountName', 'serviceAccount'),
    copy('serviceAccount', 'serviceAccountName'),
  ],
  'core.v1.Volume': [{ path: 'emptyDir', value: {}, unlessOthersThan: ['name'] }],
  'core.v1.ImageVolumeSource': [copy('pullPolicy', 'reference', 'pullPolicy')],
  'core.v1.SecretVolumeSource': each({ defaultMode: FILE_MODE }),
  'core.v1.ConfigMapVolumeSource': each({ defaultMode: FILE_MODE }),
  'core.v1.DownwardAPIVolumeSource': each({ defaultMode: FILE_MODE }),
  'core.v1.ProjectedVolumeSource': each({ defaultMode: FILE_MODE }),
  'core.v1.ServiceAccountTokenProjection': each({ expirationSeconds: 3600 }),
  'core.v1.HostPathVolumeSource': each({ type: '' }),
  'core.v1.ISCSIVolumeSource': each({ iscsiInterface: 'default' }),
  'core.v1.ISCSIPersistentVolumeSource': each({ iscsiInterface: 'default' }),
  'core.v1.RBDVolumeSource': each({ pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }),
  'core.v1.RBDPersistentVolumeSource': each({ pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }),
  'core.v1.AzureDiskVolumeSource': each({ cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }),
  'core.v1.ScaleIOVolumeSource': each({ storageMode: 'ThinProvisioned', fsType: 'xfs' }),
  'core.v1.ScaleIOPersistentVolumeSource': each({ storageMode: 'ThinProvisioned', fsType: 'xfs' }),
  'core.v1.ObjectFieldSelector': each({ apiVersion: 'v1' }),
  'core.v1.PersistentVolume': each({ 'status.phase': 'Pending' }),
  'core.v1.PersistentVolumeSpec': each({ persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }),
  // Also inside a StatefulSet, where protobuf leaves the two out.
  'core.v1.PersistentVolumeClaim': each({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    'status.phase': 'Pending',
  }),
  'core.v1.PersistentVolumeClaimSpec': each({ volumeMode: 'Filesystem' }),
  'core.v1.NodeStatus': [copy('allocatable', 'capacity')],
  'core.v1.ReplicationController': [
    copy('spec.selector', 'spec.template.metadata.labels'),
    copy('metadata.labels', 'spec.template.metadata.labels'),
    set('spec.replicas', 1),
  ],

  'apps.v1.DeploymentSpec': each({ replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }),
  'apps.v1.DeploymentStrategy': [
    set('type', 'RollingUpdate'),
    set('rollingUpdate', { maxUnavailable: '25%', maxSurge: '25%' }, { type: ['RollingUpdate'] }),
  ],
  'apps.v1.RollingUpdateDeployment': each({ maxUnavailable: '25%', maxSurge: '25%' }),
  'apps.v1.ReplicaSetSpec': each({ replicas: 1 }),
  'apps.v1.StatefulSetSpec': each({
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  }),
  'apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy': each({ whenDeleted: 'Retain', whenScaled: 'Retain' }),
  // Only where the type is left open too.
  'apps.v1.StatefulSetUpdateStrategy': [
    set('rollingUpdate', { partition: 0 }, { type: [null] }),
    set('type', 'RollingUpdate'),
  ],
  'apps.v1.RollingUpdateStatefulSetStrategy': each({ partition: 0 }),
  'apps.v1.DaemonSetSpec': each({ revisionHistoryLimit: 10 }),
  'apps.v1.DaemonSetUpdateStrategy': [
    set('type', 'RollingUpdate'),
    set('rollingUpdate', { maxUnavailable: 1, maxSurge: 0 }, { type: ['RollingUpdate'] }),
  ],
  'apps.v1.RollingUpdateDaemonSet': each({ maxUnavailable: 1, maxSurge: 0 }),

  // Not on JobSpec: the job template of a CronJob is left as it is.
  'batch.v1.Job': [
    set('spec.completions', 1, { 'spec.parallelism': [null] }),
    set('spec.parallelism', 1),
    set('spec.backoffLimit', 6, { 'spec.backoffLimitPerIndex': [null] }),
    set('spec.backoffLimit', 2147483647),
    set('spec.completionMode', 'NonIndexed'),
    set('spec.suspend', false),
    set('spec.podReplacementPolicy', 'TerminatingOrFailed', { 'spec.podFailurePolicy': [null] }),
    set('spec.podReplacementPolicy', 'Failed'),
    copy('metadata.labels', 'spec.template.metadata.labels'),
  ],
  'batch.v1.PodFailurePolicyOnPodConditionsPattern': each({ status: 'True' }),
  'batch.v1.CronJobSpec': each({
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  }),

  'rbac.v1.RoleRef': each({ apiGroup: RBAC }),
  'rbac.v1.Subject': [set('apiGroup', RBAC, { kind: ['User', 'Group'] })],

  'admissionregistration.v1.ValidatingWebhook': webhook,
  'admissionregistration.v1.MutatingWebhook': [...webhook, set('reinvocationPolicy', 'Never')],
  'admissionregistration.v1.RuleWithOperations': each({ scope: '*' }),
  'admissionregistration.v1.NamedRuleWithOperations': each({ scope: '*' }),
  'admissionregistration.v1.ServiceReference': each({ port: 443 }),
  'admissionregistration.v1.ValidatingAdmissionPolicySpec': each({ failurePolicy: 'Fail' }),
  'admissionregistration.v1.MatchResources': each({
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
  }),

  'apiextensions.v1.CustomResourceDefinitionSpec': each({ scope: 'Namespaced', conversion: { strategy: 'None' } }),
  'apiextensions.v1.CustomResourceDefinitionNames': [
    copy('singular', 'kind', 'lowerCase'),
    copy('listKind', 'kind', 'list'),
  ],
  'apiextensions.v1.ServiceReference': each({ port: 443 }),
  'apiregistration.v1.ServiceReference': each({ port: 443 }),

  'networking.v1.NetworkPolicyPort': each({ protocol: 'TCP' }),
  'networking.v1.NetworkPolicySpec': [
    set('policyTypes', ['Ingress'], { egress: [null] }),
    set('policyTypes', ['Ingress', 'Egress']),
  ],
  'networking.v1.IngressClassParametersReference': each({ scope: 'Cluster' }),
  'discovery.v1.EndpointPort': each({ name: '', protocol: 'TCP' }),
  'scheduling.v1.PriorityClass': each({ preemptionPolicy: 'PreemptLowerPriority' }),
  'storage.v1.StorageClass': each({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
  'storage.v1.CSIDriverSpec': each({
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    volumeLifecycleModes: ['Persistent'],
    requiresRepublish: false,
    seLinuxMount: false,
  }),
  'autoscaling.v1.HorizontalPodAutoscalerSpec': each({ minReplicas: 1 }),
  'autoscaling.v2.HorizontalPodAutoscalerSpec': each({
    minReplicas: 1,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
  }),
  'authentication.v1.TokenRequestSpec': each({ expirationSeconds: 3600 }),
}
