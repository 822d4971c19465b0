/**
 * Puts bindings into workloads in the write that brings them, so that pods of a workload which comes after its binding start with it, and
 * what an update takes out is back before it is stored. It does no more than the controller does right after, by the same
 * function, and leaves to it whatever is in doubt: bindings that were edited and not looked at since, whose service is away, or that the
 * workload has no place for. So nothing here has to be told to anybody.
 */
import { equalJson } from '@larder/engine/base/json'
import type { Informers } from '@larder/engine/client/informers'
import { asJson, formatApiVersion, type KubeObject } from '@larder/engine/machinery/object'
import type { Resource } from '@larder/engine/machinery/shape'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { DoorAdmission } from '../../door.ts'
import { groupKind, kindKey } from './cluster-kinds.ts'
import { bindingType, mappingType, type ServiceBinding } from '../../model/projection/service-binding.ts'
import { selects } from '../../model/visibility.ts'
import { WorkloadUnfit } from './projector/draft.ts'
import { MappingInvalid } from './projector/mapping.ts'
import { projectWorkload } from './projector/project-workload.ts'
import { BINDING_ACCOUNT } from './trouble.ts'
import { workloadBindingOf } from './workload-binding.ts'

/** No name of an object. */
const SELECTING = '*'
const WORKLOAD = 'workload'
const WORKLOAD_KIND = 'workloadKind'

const placeOf = (kind: string, namespace = '', name = SELECTING) => `${kind}/${namespace}/${name}`

export function bindingAdmission(informers: Informers): DoorAdmission {
  const bindings = informers.of(bindingType)
  const mappings = informers.of(mappingType)
  bindings.addIndex(WORKLOAD, ({ spec: { workload }, metadata: { namespace } }) => [
    placeOf(kindKey(workload), namespace, workload.name),
  ])
  bindings.addIndex(WORKLOAD_KIND, ({ spec }) => [kindKey(spec.workload)])

  return {
    account: BINDING_ACCOUNT,
    handles: ({ group, kind, namespaced }) => namespaced && bindings.counts(WORKLOAD_KIND).has(groupKind(group, kind)),
    mutate(workload, resource) {
      const { namespace, name, labels } = workload.metadata
      const kind = groupKind(resource.group, resource.kind)
      const selecting = bindings.byIndex(WORKLOAD, placeOf(kind, namespace))
      const meant = [
        ...bindings.byIndex(WORKLOAD, placeOf(kind, namespace, name)),
        ...selecting.filter(({ spec }) => selects(spec.workload.selector, labels)),
      ]
      const project = (so: KubeObject, binding: ServiceBinding): KubeObject => {
        const secret = settledSecret(binding, resource)
        if (secret === undefined) return so
        return projected(
          so,
          workloadBindingOf(binding, secret, resource, (mapping) => mappings.get(mapping)),
        )
      }
      return meant.toSorted(oldestFirst).reduce(project, workload)
    },
  }
}

/** What the controller has found for the binding as it is now; undefined where that is its business still. */
function settledSecret({ spec, status, metadata }: ServiceBinding, resource: Resource): string | undefined {
  if (metadata.deletionTimestamp !== undefined || status?.observedGeneration !== metadata.generation) return undefined
  // A path is about one version; in another the workload may look different.
  if (spec.workload.apiVersion !== formatApiVersion(resource.group, resource.version)) return undefined
  if (findCondition(status?.conditions, 'ServiceAvailable')?.status !== 'True') return undefined
  return status?.binding?.name
}

/** That very object when it is bound already, or cannot be. */
function projected(workload: KubeObject, binding: Parameters<typeof projectWorkload>[1]): KubeObject {
  try {
    const bound = projectWorkload(asJson(workload), binding)
    return equalJson(asJson(workload), bound) ? workload : (bound as unknown as KubeObject)
  } catch (error) {
    if (error instanceof WorkloadUnfit || error instanceof MappingInvalid) return workload
    throw error
  }
}

/** Of two for one folder the older has it. */
function oldestFirst({ metadata: a }: ServiceBinding, { metadata: b }: ServiceBinding): number {
  const order = (a.creationTimestamp ?? '').localeCompare(b.creationTimestamp ?? '')
  return order || (a.uid ?? '').localeCompare(b.uid ?? '')
}
