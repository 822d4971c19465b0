/**
 * Companion `workloads`: Workload of Cartographer, as far as it takes to bind a program to services. A Deployment and ServiceBindings are
 * made of it; no image is built. Where a cluster has Cartographer, leave this door out: the kind is its own there.
 */
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { Door } from '../../door.ts'
import { definitionOf } from '../../model/foreign-kind.ts'
import { BINDING_GROUP } from '../../model/projection/service-binding.ts'
import { workloadKind } from '../../model/workload/kind.ts'
import { serviceClaimType } from '../../model/workload/parts.ts'
import { workloadManifests } from './rights.ts'

const apiGroups = [workloadKind.group]
const resources = [workloadKind.resource]
const reading = ['get', 'list', 'watch']
const keeping = [...reading, 'create', 'patch', 'delete']

/**
 * Who may write a Workload has a Deployment and ServiceBindings made, which Kubernetes' role `edit` may make as well. The Deployment is made as
 * an account of its own.
 */
const rules: readonly PolicyRule[] = [
  { apiGroups, resources, verbs: reading },
  { apiGroups, resources: [`${workloadKind.resource}/status`], verbs: ['patch'] },
  // Where a cluster asks who may hold up whose deletion, it asks for this.
  { apiGroups, resources: [`${workloadKind.resource}/finalizers`], verbs: ['update'] },
  { apiGroups: [BINDING_GROUP], resources: ['servicebindings'], verbs: keeping },
  {
    apiGroups: [serviceClaimType.group],
    resources: [serviceClaimType.resource],
    verbs: ['get', 'create', 'patch', 'delete'],
  },
]

export const workloads: Door = {
  name: 'workloads',
  definitions: () => [definitionOf(workloadKind)],
  rules,
  roles: [
    {
      name: 'larder:workloads:view',
      into: ['view', 'edit', 'admin'],
      rules: [{ apiGroups, resources, verbs: reading }],
    },
    {
      name: 'larder:workloads:edit',
      into: ['edit', 'admin'],
      rules: [{ apiGroups, resources, verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'] }],
    },
  ],
  manifests: workloadManifests,
  controllers: async (context) => [(await import('./controller.ts')).workloadController(context)],
}
