/**
 * Namespaces: `spec.finalizers` (not `metadata.finalizers`) holds one until the namespace controller has emptied it. Facts
 * of upstream's namespace strategy and of its NamespaceLifecycle admission.
 */
import { isObject, type Json, type JsonObject } from '../../../base/json.ts'
import { forbidden } from '../../../machinery/status.ts'
import type { Habits } from '../habits.ts'

const NAME_LABEL = 'kubernetes.io/metadata.name'
const PROTECTED = new Set(['default', 'kube-system', 'kube-public'])

export const namespaces: Habits = {
  contains: true,

  create(object) {
    const spec = isObject(object['spec']) ? object['spec'] : {}
    const finalizers = finalizersOf(object)
    const held = finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes']
    return withNameLabel({ ...object, spec: { ...spec, finalizers: held }, status: { phase: 'Active' } })
  },

  update(object, old, subresource) {
    if (subresource === 'finalize') {
      const { finalizers: _, ...spec } = isObject(old['spec']) ? old['spec'] : {}
      const finalizers = finalizersOf(object)
      return { ...old, spec: finalizers.length > 0 ? { ...spec, finalizers } : spec }
    }
    const { spec: _, ...rest } = object
    const kept = old['spec'] === undefined ? rest : { ...rest, spec: old['spec'] }
    return subresource === undefined ? withNameLabel(kept) : kept
  },

  mark(object) {
    const status = isObject(object['status']) ? object['status'] : {}
    return { ...object, status: { ...status, phase: 'Terminating' } }
  },

  refuseDeletion(name) {
    if (PROTECTED.has(name)) {
      throw forbidden({ group: '', resource: 'namespaces' }, name, 'this namespace may not be deleted')
    }
  },

  isHeld: (object) => finalizersOf(object).length > 0,
}

/** The names in `spec.finalizers`. */
export function finalizersOf(namespace: JsonObject): readonly Json[] {
  const spec = namespace['spec']
  const finalizers = isObject(spec) ? spec['finalizers'] : undefined
  return Array.isArray(finalizers) ? finalizers : []
}

/** Selectors for namespaces (network policies, webhooks, our policies) find one by its name through this label. */
function withNameLabel(object: JsonObject): JsonObject {
  const metadata = object['metadata'] as JsonObject
  const labels = isObject(metadata['labels']) ? metadata['labels'] : {}
  if (labels[NAME_LABEL] === metadata['name']) return object
  return { ...object, metadata: { ...metadata, labels: { ...labels, [NAME_LABEL]: metadata['name'] ?? '' } } }
}
