/**
 * What makes an object of a built-in kind wrong although its types are right: data, by type or by kind.
 *
 * Two sources come first: the type table says what is required and which strings are allowed. This file holds what the
 * table cannot: where "required" allows empty, the syntax of names, what never changes, and limits. Facts of upstream's
 * `validation.go` files, limited to what a client without kubelet can meet.
 */

import type { Json } from '../../base/json.ts'

/** How names of objects of a kind are spelled; everything else is a DNS subdomain. */
export type NameRule = 'subdomain' | 'label' | 'label1035' | 'pathSegment'

export interface KindRules {
  readonly name?: NameRule
  /** The name is the values of these fields, with dots between them. */
  readonly nameOf?: readonly string[]
  /** Paths that an update may not change: `spec.selector`. Absent counts as a value. */
  readonly immutable?: readonly string[]
  /** With `immutable: true` in the stored object, these may not change, nor may the flag go. */
  readonly frozenWhenImmutable?: readonly string[]
  /** Of the spec, an update may change these fields only: `template`, or `containers[].image` in each item. */
  readonly mutable?: { readonly fields: readonly string[]; readonly why: string }
  /** Words instead of `field is immutable`, by path. */
  readonly immutableText?: Readonly<Record<string, string>>
  /** The keys of these maps are config keys, and all their values together at most `maxBytes`. */
  readonly files?: { readonly paths: readonly string[]; readonly base64: readonly string[]; readonly maxBytes: number }
  /** The selector at `spec.selector` must be there, select something, and match the labels of `spec.template`. */
  readonly selectsTemplate?: 'labelSelector' | 'map'
  /** Keys that the `data` of a Secret of this type needs. */
  readonly dataKeysByType?: Readonly<Record<string, readonly string[]>>
  /** Values allowed at a path within this kind only. */
  readonly allowed?: Readonly<Record<string, readonly string[]>>
  /** At least this number. */
  readonly atLeast?: Readonly<Record<string, number>>
  /** Required while each of these paths holds one of the values; `null` stands for absent. */
  readonly requiredWhen?: readonly { readonly path: string; readonly when: Readonly<Record<string, readonly Json[]>> }[]
}

/** What one field must be, wherever its type stands. */
export interface FieldRule {
  /** Instead of the values of the table. */
  readonly values?: readonly string[]
  /** Both ends included; 0 in an optional field means absent. */
  readonly between?: readonly [number, number]
  readonly syntax?: NameRule
  /** No two items of the list are equal in this field. */
  readonly unique?: string
}

const MIB = 1024 * 1024
const IMMUTABLE_SELECTOR = {
  name: 'subdomain',
  immutable: ['spec.selector'],
  selectsTemplate: 'labelSelector',
} as const
const ROLE_REF = {
  name: 'pathSegment',
  immutable: ['roleRef'],
  immutableText: { roleRef: 'cannot change roleRef' },
} as const
const RBAC_GROUP = ['rbac.authorization.k8s.io']
const NOT_NEGATIVE = { 'spec.replicas': 0, 'spec.minReadySeconds': 0 }

/** By type of the table. */
export const KIND_RULES: Readonly<Record<string, KindRules>> = {
  'core.v1.Namespace': { name: 'label' },
  'core.v1.Service': {
    name: 'label1035',
    requiredWhen: [
      { path: 'spec.ports', when: { 'spec.type': ['ClusterIP'], 'spec.clusterIP': [null, ''] } },
      { path: 'spec.ports', when: { 'spec.type': ['NodePort', 'LoadBalancer'] } },
      { path: 'spec.externalName', when: { 'spec.type': ['ExternalName'] } },
    ],
  },
  'core.v1.ConfigMap': {
    frozenWhenImmutable: ['data', 'binaryData'],
    files: { paths: ['data', 'binaryData'], base64: ['binaryData'], maxBytes: MIB },
  },
  'core.v1.Secret': {
    immutable: ['type'],
    requiredWhen: [
      {
        path: 'metadata.annotations.kubernetes.io/service-account.name',
        when: { type: ['kubernetes.io/service-account-token'] },
      },
    ],
    frozenWhenImmutable: ['data'],
    files: { paths: ['data'], base64: ['data'], maxBytes: MIB },
    dataKeysByType: {
      'kubernetes.io/dockercfg': ['.dockercfg'],
      'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
      'kubernetes.io/ssh-auth': ['ssh-privatekey'],
      'kubernetes.io/tls': ['tls.crt', 'tls.key'],
    },
  },
  'core.v1.ReplicationController': { selectsTemplate: 'map', atLeast: NOT_NEGATIVE },
  'core.v1.Pod': {
    mutable: {
      fields: [
        'containers[].image',
        'initContainers[].image',
        'activeDeadlineSeconds',
        'tolerations',
        'terminationGracePeriodSeconds',
        // Upstream changes these two by subresources that are not served here.
        'nodeName',
        'schedulingGates',
      ],
      why: 'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    },
  },
  'core.v1.PersistentVolumeClaim': {
    allowed: { 'status.phase': ['Pending', 'Bound', 'Lost'] },
    mutable: {
      fields: ['resources', 'volumeAttributesClassName', 'volumeName'],
      why: 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    },
  },
  'apps.v1.Deployment': {
    ...IMMUTABLE_SELECTOR,
    atLeast: { ...NOT_NEGATIVE, 'spec.revisionHistoryLimit': 0, 'spec.progressDeadlineSeconds': 0 },
    allowed: { 'spec.template.spec.restartPolicy': ['Always'] },
  },
  'apps.v1.ReplicaSet': {
    ...IMMUTABLE_SELECTOR,
    atLeast: NOT_NEGATIVE,
    allowed: { 'spec.template.spec.restartPolicy': ['Always'] },
  },
  'apps.v1.StatefulSet': {
    ...IMMUTABLE_SELECTOR,
    immutable: [],
    mutable: {
      fields: [
        'replicas',
        'ordinals',
        'template',
        'updateStrategy',
        'revisionHistoryLimit',
        'persistentVolumeClaimRetentionPolicy',
        'minReadySeconds',
      ],
      why: "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    },
    atLeast: { ...NOT_NEGATIVE, 'spec.revisionHistoryLimit': 0 },
    allowed: { 'spec.template.spec.restartPolicy': ['Always'] },
  },
  'apps.v1.DaemonSet': {
    ...IMMUTABLE_SELECTOR,
    atLeast: { 'spec.minReadySeconds': 0, 'spec.revisionHistoryLimit': 0 },
    allowed: { 'spec.template.spec.restartPolicy': ['Always'] },
  },
  'apps.v1.ControllerRevision': { immutable: ['data'], atLeast: { revision: 0 } },
  'batch.v1.Job': {
    immutable: ['spec.completionMode', 'spec.selector', 'spec.template'],
    atLeast: { 'spec.parallelism': 0, 'spec.completions': 0, 'spec.backoffLimit': 0 },
    allowed: { 'spec.template.spec.restartPolicy': ['Never', 'OnFailure'] },
  },
  'batch.v1.CronJob': {
    atLeast: { 'spec.successfulJobsHistoryLimit': 0, 'spec.failedJobsHistoryLimit': 0 },
    allowed: { 'spec.jobTemplate.spec.template.spec.restartPolicy': ['Never', 'OnFailure'] },
  },
  'coordination.v1.Lease': { atLeast: { 'spec.leaseDurationSeconds': 1, 'spec.leaseTransitions': 0 } },
  'rbac.v1.Role': { name: 'pathSegment' },
  'rbac.v1.ClusterRole': { name: 'pathSegment' },
  'rbac.v1.RoleBinding': {
    ...ROLE_REF,
    allowed: { 'roleRef.apiGroup': RBAC_GROUP, 'roleRef.kind': ['Role', 'ClusterRole'] },
  },
  'rbac.v1.ClusterRoleBinding': {
    ...ROLE_REF,
    allowed: { 'roleRef.apiGroup': RBAC_GROUP, 'roleRef.kind': ['ClusterRole'] },
  },
  'scheduling.v1.PriorityClass': { immutable: ['value', 'preemptionPolicy'] },
  'storage.v1.StorageClass': { immutable: ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'] },
  'discovery.v1.EndpointSlice': { immutable: ['addressType'] },
  'certificates.v1.CertificateSigningRequest': { immutable: ['spec'] },
  'apiregistration.v1.APIService': { name: 'pathSegment', nameOf: ['spec.version', 'spec.group'] },
}

/**
 * Fields that the table calls required and upstream's validation leaves empty: `Type.field`. A list, a string or a number
 * that stands here may be empty, or is looked at by somebody else (the CRD's own validation).
 */
export const MAY_BE_EMPTY: ReadonlySet<string> = new Set([
  'meta.v1.Condition.message',
  'core.v1.HTTPHeader.value',
  'core.v1.Sysctl.value',
  'core.v1.PodAffinityTerm.topologyKey',
  'core.v1.ConfigMapNodeConfigSource.namespace',
  'core.v1.TopologySelectorLabelRequirement.values',
  'discovery.v1.EndpointSlice.endpoints',
  'storage.v1.CSINodeSpec.drivers',
  'authentication.v1.TokenRequestSpec.audiences',
  // Events made by recorders of before 1.19 have none.
  'events.v1.Event.eventTime',
  'rbac.v1.RoleRef.apiGroup',
])

/** Required by upstream's validation though optional in its OpenAPI: by type. */
export const ALSO_REQUIRED: Readonly<Record<string, readonly string[]>> = {
  'core.v1.Container': ['image'],
  'core.v1.EphemeralContainer': ['image'],
  'apps.v1.ReplicaSetSpec': ['template'],
  'admissionregistration.v1.RuleWithOperations': ['operations', 'apiGroups', 'apiVersions', 'resources'],
  'admissionregistration.v1.ValidatingAdmissionPolicy': ['spec'],
  'admissionregistration.v1.ValidatingAdmissionPolicyBinding': ['spec'],
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec': ['policyName', 'validationActions'],
  'admissionregistration.v1.AuditAnnotation': ['valueExpression'],
  'apiregistration.v1.APIService': ['spec'],
  'apiregistration.v1.APIServiceSpec': ['version'],
}

const SELECTOR_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist']
const PORT = { between: [1, 65535] } as const
const SIDE_EFFECTS = { values: ['None', 'NoneOnDryRun'] }
const WEBHOOK_TIMEOUT = { between: [1, 30] } as const
const NAMED = { unique: 'name' }

/** By `Type.field`. */
export const FIELD_RULES: Readonly<Record<string, FieldRule>> = {
  'meta.v1.LabelSelectorRequirement.operator': { values: SELECTOR_OPERATORS },
  'core.v1.Container.name': { syntax: 'label' },
  'core.v1.EphemeralContainer.name': { syntax: 'label' },
  'core.v1.Volume.name': { syntax: 'label' },
  'core.v1.PodSpec.containers': NAMED,
  'core.v1.PodSpec.initContainers': NAMED,
  'core.v1.PodSpec.volumes': NAMED,
  'core.v1.ContainerPort.containerPort': PORT,
  'core.v1.ContainerPort.hostPort': PORT,
  'core.v1.ServicePort.port': PORT,
  'core.v1.ServicePort.name': { syntax: 'label' },
  'core.v1.ServiceSpec.ports': NAMED,
  'core.v1.EndpointPort.port': PORT,
  'core.v1.GRPCAction.port': PORT,
  'apiextensions.v1.CustomResourceDefinitionSpec.scope': { values: ['Cluster', 'Namespaced'] },
  'apiextensions.v1.CustomResourceDefinitionSpec.versions': NAMED,
  'admissionregistration.v1.ValidatingWebhook.sideEffects': SIDE_EFFECTS,
  'admissionregistration.v1.ValidatingWebhook.timeoutSeconds': WEBHOOK_TIMEOUT,
  'admissionregistration.v1.MutatingWebhook.sideEffects': SIDE_EFFECTS,
  'admissionregistration.v1.MutatingWebhook.timeoutSeconds': WEBHOOK_TIMEOUT,
  'admissionregistration.v1.ValidatingWebhookConfiguration.webhooks': NAMED,
  'admissionregistration.v1.MutatingWebhookConfiguration.webhooks': NAMED,
  'rbac.v1.Subject.kind': { values: ['ServiceAccount', 'User', 'Group'] },
  'autoscaling.v1.HorizontalPodAutoscalerSpec.maxReplicas': { between: [1, 2147483647] },
  'autoscaling.v2.HorizontalPodAutoscalerSpec.maxReplicas': { between: [1, 2147483647] },
  'batch.v1.CronJobSpec.concurrencyPolicy': { values: ['Allow', 'Forbid', 'Replace'] },
}
