/**
 * Pods: born `Pending`, with the QoS class their resources give them. Facts of upstream's pod strategy.
 *
 * Controllers that count pods by phase, and `kubectl wait --for=jsonpath={.status.phase}=...`, take an empty phase for an
 * object they do not understand.
 */
import { isObject, type JsonObject } from '../../../base/json.ts'
import { compareQuantities, parseQuantity, type Quantity } from '../../../machinery/quantity.ts'
import type { Habits } from '../habits.ts'

type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** Other resources, as storage or devices, do not count towards the class. */
const COUNTED = ['cpu', 'memory'] as const

export const pods: Habits = {
  create(object) {
    const spec = isObject(object['spec']) ? object['spec'] : {}
    return { ...object, status: { phase: 'Pending', qosClass: qosClassOf(spec) } }
  },
}

/** Guaranteed: whatever has resources has limits of both, and asks for as much. BestEffort: nothing asks for anything. */
function qosClassOf(spec: JsonObject): QosClass {
  let asks = false
  let isCovered = true
  for (const resources of resourcesIn(spec)) {
    for (const name of COUNTED) {
      const limit = amountOf(resources['limits'], name)
      const request = amountOf(resources['requests'], name) ?? limit
      asks ||= request !== undefined
      isCovered &&= limit !== undefined && request !== undefined && compareQuantities(request, limit) === 0
    }
  }
  if (!asks) return 'BestEffort'
  return isCovered ? 'Guaranteed' : 'Burstable'
}

/** Resources of the pod as a whole, where it names them, stand for those of its containers. */
function resourcesIn(spec: JsonObject): readonly JsonObject[] {
  const whole = spec['resources']
  if (isObject(whole) && Object.keys(whole).length > 0) return [whole]
  return [spec['containers'], spec['initContainers']]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map((container) => (isObject(container) && isObject(container['resources']) ? container['resources'] : {}))
}

/** The quantities are canonical: reading the body refused others. Zero asks for nothing. */
function amountOf(list: unknown, name: string): Quantity | undefined {
  const text = isObject(list) ? list[name] : undefined
  if (typeof text !== 'string') return undefined
  const quantity = parseQuantity(text)
  return quantity.nano > 0n ? quantity : undefined
}
