/**
 * What `kubectl get` shows of the built-in kinds: the columns and cells of kube-apiserver 1.32. Kinds without columns of
 * their own get a name and a time of creation, as upstream's default does; custom kinds say theirs in their CRD.
 */
import type { Json, JsonObject } from '../base/json.ts'
import {
  ADMISSION_POLICY_BINDING_COLUMNS,
  ADMISSION_POLICY_COLUMNS,
  API_SERVICE_COLUMNS,
  CERTIFICATE_SIGNING_REQUEST_COLUMNS,
  ROLE_BINDING_COLUMNS,
  WEBHOOK_CONFIGURATION_COLUMNS,
} from './printers/access.ts'
import { HORIZONTAL_POD_AUTOSCALER_COLUMNS } from './printers/autoscaling.ts'
import { CREATED_AT, NAME, type PrintedColumn } from './printers/column.ts'
import * as core from './printers/core.ts'
import * as network from './printers/network.ts'
import { POD_COLUMNS, POD_TEMPLATE_COLUMNS } from './printers/pods.ts'
import * as storage from './printers/storage.ts'
import * as workloads from './printers/workloads.ts'
import { formatResource } from './object.ts'
import type { Column } from './shape.ts'

export interface Printer {
  readonly columns: readonly Column[]
  /** One cell for each column. */
  readonly row: (object: JsonObject, nowMs: number) => readonly Json[]
}

/** By kind and group. Versions of a kind share a row: what differs between them is read in either spelling. */
const COLUMNS: Readonly<Record<string, readonly PrintedColumn[]>> = {
  Namespace: core.NAMESPACE_COLUMNS,
  Secret: core.SECRET_COLUMNS,
  ConfigMap: core.CONFIG_MAP_COLUMNS,
  ServiceAccount: core.SERVICE_ACCOUNT_COLUMNS,
  Event: core.EVENT_COLUMNS,
  'Event.events.k8s.io': core.EVENT_COLUMNS,
  Node: core.NODE_COLUMNS,
  ResourceQuota: core.RESOURCE_QUOTA_COLUMNS,
  'Lease.coordination.k8s.io': core.LEASE_COLUMNS,
  'PriorityClass.scheduling.k8s.io': core.PRIORITY_CLASS_COLUMNS,
  Pod: POD_COLUMNS,
  PodTemplate: POD_TEMPLATE_COLUMNS,
  ReplicationController: workloads.REPLICATION_CONTROLLER_COLUMNS,
  'Deployment.apps': workloads.DEPLOYMENT_COLUMNS,
  'ReplicaSet.apps': workloads.REPLICA_SET_COLUMNS,
  'StatefulSet.apps': workloads.STATEFUL_SET_COLUMNS,
  'DaemonSet.apps': workloads.DAEMON_SET_COLUMNS,
  'ControllerRevision.apps': workloads.CONTROLLER_REVISION_COLUMNS,
  'Job.batch': workloads.JOB_COLUMNS,
  'CronJob.batch': workloads.CRON_JOB_COLUMNS,
  'PodDisruptionBudget.policy': workloads.POD_DISRUPTION_BUDGET_COLUMNS,
  'HorizontalPodAutoscaler.autoscaling': HORIZONTAL_POD_AUTOSCALER_COLUMNS,
  Service: network.SERVICE_COLUMNS,
  Endpoints: network.ENDPOINTS_COLUMNS,
  'EndpointSlice.discovery.k8s.io': network.ENDPOINT_SLICE_COLUMNS,
  'Ingress.networking.k8s.io': network.INGRESS_COLUMNS,
  'IngressClass.networking.k8s.io': network.INGRESS_CLASS_COLUMNS,
  'NetworkPolicy.networking.k8s.io': network.NETWORK_POLICY_COLUMNS,
  PersistentVolume: storage.PERSISTENT_VOLUME_COLUMNS,
  PersistentVolumeClaim: storage.PERSISTENT_VOLUME_CLAIM_COLUMNS,
  'StorageClass.storage.k8s.io': storage.STORAGE_CLASS_COLUMNS,
  'CSIDriver.storage.k8s.io': storage.CSI_DRIVER_COLUMNS,
  'CSINode.storage.k8s.io': storage.CSI_NODE_COLUMNS,
  'CSIStorageCapacity.storage.k8s.io': storage.CSI_STORAGE_CAPACITY_COLUMNS,
  'VolumeAttachment.storage.k8s.io': storage.VOLUME_ATTACHMENT_COLUMNS,
  'RoleBinding.rbac.authorization.k8s.io': ROLE_BINDING_COLUMNS,
  'ClusterRoleBinding.rbac.authorization.k8s.io': ROLE_BINDING_COLUMNS,
  'CertificateSigningRequest.certificates.k8s.io': CERTIFICATE_SIGNING_REQUEST_COLUMNS,
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': WEBHOOK_CONFIGURATION_COLUMNS,
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': WEBHOOK_CONFIGURATION_COLUMNS,
  'ValidatingAdmissionPolicy.admissionregistration.k8s.io': ADMISSION_POLICY_COLUMNS,
  'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io': ADMISSION_POLICY_BINDING_COLUMNS,
  'APIService.apiregistration.k8s.io': API_SERVICE_COLUMNS,
}

const DEFAULT_COLUMNS: readonly PrintedColumn[] = [NAME, CREATED_AT]

export function printerOf(group: string, _version: string, kind: string): Printer {
  const printed = COLUMNS[formatResource(kind, group)] ?? DEFAULT_COLUMNS
  return {
    columns: printed.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    row: (object, nowMs) => printed.map(({ cell }) => cell(object, nowMs)),
  }
}
