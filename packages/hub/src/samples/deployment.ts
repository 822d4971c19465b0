/** The hub as a workload of a cluster: two replicas, of which one leads. */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { MANAGED_BY, MANAGED_BY_LABEL, SYSTEM_NAMESPACE } from '../model/names.ts'
import { hubAccount } from './rbac.ts'

const PORT = 7700
const selected = { 'app.kubernetes.io/name': 'larder', 'app.kubernetes.io/component': 'hub' }

const probe = (path: string): JsonObject => ({ httpGet: { path, port: 'http' }, periodSeconds: 10, timeoutSeconds: 5 })

/** `image` holds this package, with the command `larder` on its PATH. */
export const hubDeployment = (image: string, doors: readonly string[] = []): JsonObject & KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'larder-hub',
    namespace: SYSTEM_NAMESPACE,
    labels: { ...selected, [MANAGED_BY_LABEL]: MANAGED_BY },
  },
  spec: {
    replicas: 2,
    // One must be there to take over while the other is replaced.
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
    selector: { matchLabels: selected },
    template: { metadata: { labels: selected }, spec: podOf(image, doors) },
  },
})

const podOf = (image: string, doors: readonly string[]): JsonObject => ({
  serviceAccountName: hubAccount.name,
  // Passes under way, and then the lease.
  terminationGracePeriodSeconds: 30,
  securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: selected } },
        },
      ],
    },
  },
  containers: [
    {
      name: 'hub',
      image,
      command: ['larder'],
      // The kubelet asks at the address of the pod.
      args: ['hub', '--bind=$(POD_IP)', `--port=${PORT}`, ...(doors.length > 0 ? [`--doors=${doors.join()}`] : [])],
      env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
      ports: [{ name: 'http', containerPort: PORT }],
      readinessProbe: probe('/readyz'),
      livenessProbe: probe('/livez'),
      resources: { requests: { cpu: '100m', memory: '160Mi' }, limits: { memory: '1Gi' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    },
  ],
})
