import type { Json, JsonObject } from '../../base/json.ts'
import { AGE, at, column, integer, listAt, listed, NAME, NONE, numberAt, textAt, UNSET } from './column.ts'

const UNKNOWN = '<unknown>'

/** Both versions: v1 has one target and says it in fields of its own. */
export const HORIZONTAL_POD_AUTOSCALER_COLUMNS = [
  NAME,
  column('Reference', (o) => `${textAt(o, 'spec.scaleTargetRef.kind')}/${textAt(o, 'spec.scaleTargetRef.name')}`),
  column('Targets', targets, { says: 'Each metric as it is and as it should be.' }),
  column('MinPods', (o) => (at(o, 'spec.minReplicas') === undefined ? UNSET : `${numberAt(o, 'spec.minReplicas')}`)),
  integer('MaxPods', 'spec.maxReplicas'),
  integer('Replicas', 'status.currentReplicas'),
  AGE,
]

function targets(object: JsonObject): string {
  const now = listAt(object, 'status.currentMetrics')
  const wanted = listAt(object, 'spec.metrics').map((metric, i) => targetOf(metric, now[i]))
  if (wanted.length > 0) return listed(wanted, 2, NONE, ', ')
  const cpu = at(object, 'spec.targetCPUUtilizationPercentage')
  if (typeof cpu !== 'number') return NONE
  const current = at(object, 'status.currentCPUUtilizationPercentage')
  return `cpu: ${typeof current === 'number' ? `${current}%` : UNKNOWN}/${cpu}%`
}

/** Where the metric of each type says its numbers, and whether its average has a mark. */
const SOURCES: Readonly<Record<string, string>> = {
  External: 'external',
  Pods: 'pods',
  Object: 'object',
  Resource: 'resource',
  ContainerResource: 'containerResource',
}

function targetOf(metric: Json, current: Json | undefined): string {
  const type = textAt(metric, 'type')
  const field = SOURCES[type]
  if (field === undefined) return '<unknown type>'
  const name = type.endsWith('Resource') ? `${textAt(metric, `${field}.name`)}: ` : ''
  const target = at(metric, `${field}.target`)
  const actual = at(current, `${field}.current`)
  if (name !== '' && at(target, 'averageValue') === undefined) {
    const wanted = at(target, 'averageUtilization')
    return `${name}${percent(at(actual, 'averageUtilization'), UNKNOWN)}/${percent(wanted, '<auto>')}`
  }
  if (at(target, 'averageValue') === undefined) return `${name}${amount(actual, 'value')}/${textAt(target, 'value')}`
  const mark = type === 'External' || type === 'Object' ? ' (avg)' : ''
  return `${name}${amount(actual, 'averageValue')}/${textAt(target, 'averageValue')}${mark}`
}

function amount(actual: Json | undefined, field: string): string {
  return textAt(actual, field, UNKNOWN)
}

function percent(value: Json | undefined, otherwise: string): string {
  return typeof value === 'number' ? `${value}%` : otherwise
}
