/** One object of each served kind that a person could have written, with zeros where zero and absent differ. */
import type { JsonObject } from '../../../base/json.ts'

const labels = { app: 'web' }
const selector = { matchLabels: labels }

const podSpec = (rest: JsonObject = {}): JsonObject => ({
  terminationGracePeriodSeconds: 0,
  automountServiceAccountToken: false,
  containers: [
    {
      name: 'main',
      image: 'web:1',
      ports: [{ name: 'http', containerPort: 8080 }],
      env: [
        { name: 'EMPTY', value: '' },
        { name: 'FROM', valueFrom: { secretKeyRef: { name: 'token', key: 'key', optional: false } } },
      ],
      resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '500m' } },
      livenessProbe: { httpGet: { path: '/', port: 'http' }, initialDelaySeconds: 0 },
      securityContext: { runAsUser: 0, privileged: false },
    },
    { name: 'side', image: 'side:1', command: ['sleep', '1'] },
  ],
  volumes: [
    { name: 'scratch', emptyDir: {} },
    { name: 'settings', configMap: { name: 'settings', defaultMode: 0 } },
  ],
  ...rest,
})
const template = (rest: JsonObject = {}): JsonObject => ({ metadata: { labels }, spec: podSpec(rest) })
const once = { restartPolicy: 'Never' }

const webhook: JsonObject = {
  name: 'check.example.com',
  clientConfig: { service: { name: 's', namespace: 'default', port: 443 } },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  timeoutSeconds: 7,
  // About nothing here: there is no such server, and it would be asked.
  rules: [{ operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['pods'] }],
}

const crd: JsonObject = {
  group: 'example.com',
  scope: 'Namespaced',
  names: { plural: 'NAME', singular: 'NAME', kind: 'NAME' },
  versions: [
    {
      name: 'v1',
      served: true,
      storage: true,
      subresources: { status: {} },
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: {
            spec: {
              type: 'object',
              required: ['size'],
              properties: {
                size: { type: 'integer', minimum: 0, maximum: 0, default: 0 },
                list: { type: 'array', minItems: 0, items: { type: 'string' } },
                map: { type: 'object', additionalProperties: { type: 'string' } },
              },
              'x-kubernetes-validations': [{ rule: 'self.size == 0', message: 'nothing fits' }],
            },
          },
        },
      },
    },
  ],
}

/** By `resource.group`; `NAME` stands for the object's own name where a kind repeats it. */
export const MANIFESTS: Readonly<Record<string, JsonObject>> = {
  namespaces: {},
  secrets: { data: { a: 'YQ==', empty: '' }, type: 'Opaque', immutable: false },
  configmaps: { data: { a: 'x', empty: '' }, binaryData: { e: 'AA==' } },
  serviceaccounts: { secrets: [{ name: 's' }], automountServiceAccountToken: false },
  events: {
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'p', apiVersion: 'v1' },
    reason: 'Started',
    message: 'It runs.',
    type: 'Normal',
    count: 1,
    source: { component: 'tests' },
    firstTimestamp: '2026-01-02T03:04:05Z',
    lastTimestamp: '2026-01-02T03:04:05Z',
  },
  'events.events.k8s.io': {
    eventTime: '2026-01-02T03:04:05.678901Z',
    reportingController: 'example.com/tests',
    reportingInstance: 'one',
    action: 'Starting',
    reason: 'Started',
    regarding: { kind: 'Pod', namespace: 'default', name: 'p' },
    note: 'It runs.',
    type: 'Normal',
  },
  services: {
    spec: {
      selector: labels,
      ports: [
        { name: 'http', port: 80, targetPort: 'http' },
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353 },
      ],
      publishNotReadyAddresses: true,
    },
  },
  endpoints: { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  pods: { spec: podSpec() },
  persistentvolumeclaims: {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '' },
  },
  persistentvolumes: {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } },
  },
  nodes: { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
  podtemplates: { template: template() },
  replicationcontrollers: { spec: { replicas: 0, selector: labels, template: template() } },
  resourcequotas: { spec: { hard: { pods: '0', 'requests.cpu': '1500m' } } },
  limitranges: { spec: { limits: [{ type: 'Container', default: { cpu: '500m' } }] } },
  'deployments.apps': {
    spec: {
      replicas: 0,
      revisionHistoryLimit: 0,
      paused: false,
      selector,
      template: template(),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
    },
  },
  'replicasets.apps': { spec: { replicas: 0, selector, template: template() } },
  'statefulsets.apps': {
    spec: {
      replicas: 0,
      serviceName: 'web',
      selector,
      template: template(),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  },
  'daemonsets.apps': { spec: { revisionHistoryLimit: 0, selector, template: template() } },
  'controllerrevisions.apps': { data: { any: [null, 1, { a: 'b' }] }, revision: 1 },
  'jobs.batch': {
    spec: { backoffLimit: 0, ttlSecondsAfterFinished: 0, suspend: false, template: template(once) },
  },
  'cronjobs.batch': {
    spec: {
      schedule: '*/5 * * * *',
      suspend: false,
      successfulJobsHistoryLimit: 0,
      startingDeadlineSeconds: 0,
      jobTemplate: { spec: { template: template(once) } },
    },
  },
  'leases.coordination.k8s.io': {
    spec: {
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      renewTime: '2026-01-02T03:04:05.678901Z',
      leaseTransitions: 0,
    },
  },
  'endpointslices.discovery.k8s.io': {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: false } }],
    ports: [{ name: '', port: 80 }],
  },
  'roles.rbac.authorization.k8s.io': { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  'rolebindings.rbac.authorization.k8s.io': {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }],
  },
  'clusterroles.rbac.authorization.k8s.io': {
    rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { aggregate: 'no-one' } }] },
  },
  'clusterrolebindings.rbac.authorization.k8s.io': {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'ServiceAccount', name: 's', namespace: 'default' }],
  },
  'customresourcedefinitions.apiextensions.k8s.io': { spec: crd },
  'apiservices.apiregistration.k8s.io': {
    spec: { group: 'example.org', version: 'NAME', groupPriorityMinimum: 100, versionPriority: 10 },
  },
  'validatingwebhookconfigurations.admissionregistration.k8s.io': { webhooks: [webhook] },
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': {
    webhooks: [{ ...webhook, reinvocationPolicy: 'IfNeeded' }],
  },
  'validatingadmissionpolicies.admissionregistration.k8s.io': {
    spec: {
      failurePolicy: 'Ignore',
      matchConstraints: {
        resourceRules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
      },
      validations: [{ expression: 'true', message: 'never' }],
    },
  },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': {
    spec: { policyName: 'p', validationActions: ['Deny'] },
  },
  'priorityclasses.scheduling.k8s.io': { value: 0, globalDefault: false, description: 'the lowest' },
  'storageclasses.storage.k8s.io': { provisioner: 'x.y/z', allowVolumeExpansion: false, parameters: { a: '' } },
  'csidrivers.storage.k8s.io': { spec: { attachRequired: false, podInfoOnMount: false } },
  'csinodes.storage.k8s.io': { spec: { drivers: [{ name: 'd', nodeID: 'n', allocatable: { count: 0 } }] } },
  'csistoragecapacities.storage.k8s.io': { storageClassName: 'fast', capacity: '0' },
  'volumeattachments.storage.k8s.io': {
    spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } },
  },
  'poddisruptionbudgets.policy': { spec: { minAvailable: 0, selector } },
  'ingresses.networking.k8s.io': {
    spec: {
      ingressClassName: '',
      rules: [
        {
          host: 'web.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
  'ingressclasses.networking.k8s.io': { spec: { controller: 'example.com/c' } },
  'networkpolicies.networking.k8s.io': {
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: 80 }], from: [{ podSelector: {} }] }],
    },
  },
  'horizontalpodautoscalers.autoscaling': {
    spec: {
      minReplicas: 1,
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    },
  },
  'certificatesigningrequests.certificates.k8s.io': {
    spec: { request: 'UEVN', signerName: 'example.com/s', usages: ['client auth'] },
  },
}
