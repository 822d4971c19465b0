/**
 * Kinds that are kept in the form of another: events of both groups are one, autoscalers of v1 are kept as v2.
 *
 * Pure functions on plain JSON; the caller normalizes the result by the shape it is for, and sets apiVersion and kind.
 */
import { isObject, JsonSyntaxError, parseJson, stringifyJson, type Json, type JsonObject } from '../../base/json.ts'
import { badRequest } from '../status.ts'

export interface Conversion {
  /** From this resource's form into the form that is kept. */
  toStored(object: JsonObject): JsonObject
  fromStored(object: JsonObject): JsonObject
}

/** The conversion of a resource that is not stored as itself; undefined: none is needed. */
export function conversionOf(resource: {
  readonly group: string
  readonly version: string
  readonly resource: string
}): Conversion | undefined {
  return CONVERSIONS[`${resource.group}/${resource.version}/${resource.resource}`]
}

/** Fields of events.k8s.io by their names in the core group; all others have the same name in both. */
const EVENT_FIELDS: readonly (readonly [string, string])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
]
const TO_CORE: ReadonlyMap<string, string> = new Map(EVENT_FIELDS)
const FROM_CORE: ReadonlyMap<string, string> = new Map(EVENT_FIELDS.map(([event, core]) => [core, event]))

const rename = (object: JsonObject, names: ReadonlyMap<string, string>): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value]))

/** An events.k8s.io/v1 Event as a core one. */
export const eventToCore = (event: JsonObject): JsonObject => rename(event, TO_CORE)
/** A core Event as an events.k8s.io/v1 one. */
export const eventFromCore = (event: JsonObject): JsonObject => rename(event, FROM_CORE)

/** Where v1 keeps what it has no fields for. */
const METRICS = 'autoscaling.alpha.kubernetes.io/metrics'
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions'
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics'
const ANNOTATIONS = [METRICS, BEHAVIOR, CONDITIONS, CURRENT_METRICS]

const cpu = (value: JsonObject): Json => ({ type: 'Resource', resource: { name: 'cpu', ...value } })

/** An autoscaling/v1 autoscaler as v2: the CPU target becomes a metric, the annotations what they stand for. */
export function autoscalerToV2(object: JsonObject): JsonObject {
  const { targetCPUUtilizationPercentage: target, ...spec } = child(object, 'spec')
  const { currentCPUUtilizationPercentage: current, ...status } = child(object, 'status')
  const kept = child(child(object, 'metadata'), 'annotations')
  const metrics = [
    ...(target === undefined ? [] : [cpu({ target: { type: 'Utilization', averageUtilization: target } })]),
    ...list(kept, METRICS),
  ]
  const currentMetrics = [
    ...(current === undefined ? [] : [cpu({ current: { averageUtilization: current } })]),
    ...list(kept, CURRENT_METRICS),
  ]
  const behavior = parsed(kept, BEHAVIOR)
  const conditions = list(kept, CONDITIONS)
  return {
    ...object,
    metadata: withAnnotations(child(object, 'metadata'), {}),
    spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(isObject(behavior) && { behavior }) },
    status: {
      ...status,
      ...(conditions.length > 0 && { conditions }),
      ...(currentMetrics.length > 0 && { currentMetrics }),
    },
  }
}

/** The reverse: the first metric on CPU utilization is the target, everything else goes into annotations. */
export function autoscalerFromV2(object: JsonObject): JsonObject {
  const { metrics, behavior, ...spec } = child(object, 'spec')
  const { conditions, currentMetrics, ...status } = child(object, 'status')
  const target = takeCpu(metrics, 'target')
  const current = takeCpu(currentMetrics, 'current')
  return {
    ...object,
    metadata: withAnnotations(child(object, 'metadata'), {
      [METRICS]: target.rest,
      [BEHAVIOR]: behavior,
      [CONDITIONS]: conditions,
      [CURRENT_METRICS]: current.rest,
    }),
    spec: { ...spec, ...(target.value !== undefined && { targetCPUUtilizationPercentage: target.value }) },
    status: { ...status, ...(current.value !== undefined && { currentCPUUtilizationPercentage: current.value }) },
  }
}

function takeCpu(metrics: Json | undefined, field: string): { value: Json | undefined; rest: readonly Json[] } {
  const all = Array.isArray(metrics) ? (metrics as readonly Json[]) : []
  const utilization = (metric: Json): Json | undefined => {
    if (!isObject(metric) || metric['type'] !== 'Resource' || child(metric, 'resource')['name'] !== 'cpu')
      return undefined
    return child(child(metric, 'resource'), field)['averageUtilization']
  }
  const at = all.findIndex((metric) => utilization(metric) !== undefined)
  return at < 0
    ? { value: undefined, rest: all }
    : { value: utilization(all[at]!), rest: all.filter((_, i) => i !== at) }
}

function withAnnotations(metadata: JsonObject, values: Readonly<Record<string, Json | undefined>>): JsonObject {
  const annotations: Record<string, Json> = { ...child(metadata, 'annotations') }
  for (const name of ANNOTATIONS) delete annotations[name]
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) annotations[name] = stringifyJson(value)
  }
  return { ...metadata, annotations }
}

function child(object: JsonObject, key: string): JsonObject {
  const value = object[key]
  return isObject(value) ? value : {}
}

/** The JSON in an annotation. Throws ApiError 400: what it says would be lost otherwise. */
function parsed(annotations: JsonObject, name: string): Json {
  const text = annotations[name]
  if (typeof text !== 'string') return null
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw badRequest(`metadata.annotations[${name}] holds no JSON: ${error.message}`)
  }
}

function list(annotations: JsonObject, name: string): readonly Json[] {
  const value = parsed(annotations, name)
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  'events.k8s.io/v1/events': { toStored: eventToCore, fromStored: eventFromCore },
  'autoscaling/v1/horizontalpodautoscalers': { toStored: autoscalerToV2, fromStored: autoscalerFromV2 },
}
