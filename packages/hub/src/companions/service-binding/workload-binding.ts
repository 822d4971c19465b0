/** A ServiceBinding in the words of the projector. */
import { formatResource, parseApiVersion } from '@larder/engine/machinery/object'
import type { ServiceBinding, WorkloadResourceMapping } from '../../model/projection/service-binding.ts'
import { mappingFor } from './projector/mapping.ts'
import type { FormerBinding, WorkloadBinding } from './projector/project-workload.ts'

export interface Kind {
  readonly group: string
  readonly resource: string
}

export type FindMapping = (name: string) => WorkloadResourceMapping | undefined

/** What goes when the binding leaves a workload. The mapping is that of now: the workload has the one that it was bound by. */
export function formerBindingOf({ spec, metadata }: ServiceBinding, kind: Kind, find: FindMapping): FormerBinding {
  const { env, type, provider, workload } = spec
  const name = formatResource(kind.resource, kind.group)
  const mapping = mappingFor(name, parseApiVersion(workload.apiVersion).version, find(name))
  return { uid: metadata.uid ?? '', mapping, ...(env && { env }), type, provider }
}

export const workloadBindingOf = (
  binding: ServiceBinding,
  secret: string,
  kind: Kind,
  find: FindMapping,
): WorkloadBinding => ({
  ...formerBindingOf(binding, kind, find),
  name: binding.spec.name ?? binding.metadata.name,
  secret,
  containers: binding.spec.workload.containers,
})
