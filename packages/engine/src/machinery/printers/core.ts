/** Namespaces, configuration, events, nodes, quotas. */
import type { Json, JsonObject } from '../../base/json.ts'
import { age } from '../age.ts'
import { AGE, at, column, integer, listAt, mapAt, NAME, NONE, numberAt, textAt, wide } from './column.ts'

const sizeOf = (path: string) => (object: JsonObject) => Object.keys(mapAt(object, path)).length

export const NAMESPACE_COLUMNS = [NAME, column('Status', 'status.phase'), AGE]

export const SECRET_COLUMNS = [
  NAME,
  column('Type', 'type'),
  column('Data', sizeOf('data'), { says: 'How many keys it holds.' }),
  AGE,
]

export const CONFIG_MAP_COLUMNS = [
  NAME,
  column('Data', (o) => sizeOf('data')(o) + sizeOf('binaryData')(o), { says: 'How many keys it holds.' }),
  AGE,
]

export const SERVICE_ACCOUNT_COLUMNS = [
  NAME,
  column('Secrets', (o) => listAt(o, 'secrets').length, { says: 'How many Secrets it names.' }),
  AGE,
]

/** The two groups of events spell the same thing differently; whichever spelling is there is read. */
function either(event: JsonObject, core: string, events: string): string {
  return textAt(event, core) || textAt(event, events)
}

function firstSeen(event: JsonObject, nowMs: number): string {
  const first = either(event, 'firstTimestamp', 'deprecatedFirstTimestamp')
  return age(first || textAt(event, 'eventTime'), nowMs)
}

function lastSeen(event: JsonObject, nowMs: number): string {
  const series = textAt(event, 'series.lastObservedTime')
  const last = series || either(event, 'lastTimestamp', 'deprecatedLastTimestamp')
  return last === '' ? firstSeen(event, nowMs) : age(last, nowMs)
}

function eventCount(event: JsonObject): number {
  if (at(event, 'series') !== undefined) return numberAt(event, 'series.count')
  return numberAt(event, 'count') || numberAt(event, 'deprecatedCount') || 1
}

function eventObject(event: JsonObject): string {
  const kind = either(event, 'involvedObject.kind', 'regarding.kind').toLowerCase()
  const name = either(event, 'involvedObject.name', 'regarding.name')
  return name === '' ? kind : `${kind}/${name}`
}

function eventSource(event: JsonObject): string {
  const component =
    either(event, 'source.component', 'deprecatedSource.component') ||
    either(event, 'reportingComponent', 'reportingController')
  const host = either(event, 'source.host', 'deprecatedSource.host') || textAt(event, 'reportingInstance')
  return host === '' ? component : `${component}, ${host}`
}

export const EVENT_COLUMNS = [
  column('Last Seen', lastSeen, { says: 'Time since it was last seen.' }),
  column('Type', 'type'),
  column('Reason', 'reason'),
  column('Object', eventObject, { says: 'What it is about.' }),
  wide('Subobject', (o) => either(o, 'involvedObject.fieldPath', 'regarding.fieldPath')),
  wide('Source', eventSource, 'Who tells it.'),
  column('Message', (o) => either(o, 'message', 'note').trim(), { says: 'What happened.' }),
  wide('First Seen', firstSeen, 'Time since it was first seen.'),
  wide('Count', eventCount, 'How often it was seen.'),
  { ...NAME, priority: 1 },
]

export const NODE_COLUMNS = [
  NAME,
  column('Status', nodeStatus, { says: 'Whether it is ready, and whether it takes pods.' }),
  column('Roles', nodeRoles, { says: 'Roles by its labels.' }),
  AGE,
  column('Version', 'status.nodeInfo.kubeletVersion'),
  wide('Internal-IP', nodeAddress('InternalIP')),
  wide('External-IP', nodeAddress('ExternalIP')),
  wide('OS-Image', (o) => textAt(o, 'status.nodeInfo.osImage', '<unknown>')),
  wide('Kernel-Version', (o) => textAt(o, 'status.nodeInfo.kernelVersion', '<unknown>')),
  wide('Container-Runtime', (o) => textAt(o, 'status.nodeInfo.containerRuntimeVersion', '<unknown>')),
]

function nodeStatus(node: JsonObject): string {
  const ready = listAt(node, 'status.conditions').find((c) => textAt(c, 'type') === 'Ready')
  const status = ready === undefined ? 'Unknown' : textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady'
  return at(node, 'spec.unschedulable') === true ? `${status},SchedulingDisabled` : status
}

const ROLE_PREFIX = 'node-role.kubernetes.io/'

function nodeRoles(node: JsonObject): string {
  const labels = Object.entries(mapAt(node, 'metadata.labels'))
  const roles = labels.flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return [key.slice(ROLE_PREFIX.length)]
    return key === 'kubernetes.io/role' && typeof value === 'string' ? [value] : []
  })
  const named = [...new Set(roles.filter((role) => role !== ''))].toSorted()
  return named.length === 0 ? NONE : named.join(',')
}

function nodeAddress(type: string) {
  return (node: JsonObject): string => {
    const address = listAt(node, 'status.addresses').find((a) => textAt(a, 'type') === type)
    return textAt(address, 'address', NONE)
  }
}

export const RESOURCE_QUOTA_COLUMNS = [
  NAME,
  column('Request', (o) => quotas(o, false), { says: 'Used of allowed, all but limits.' }),
  column('Limit', (o) => quotas(o, true), { says: 'Used of allowed, limits.' }),
  AGE,
]

function quotas(quota: JsonObject, limits: boolean): string {
  const hard = mapAt(quota, 'status.hard')
  const used = mapAt(quota, 'status.used')
  return Object.keys(hard)
    .filter((name) => name.startsWith('limits') === limits)
    .toSorted()
    .map((name) => `${name}: ${quantityText(used[name])}/${quantityText(hard[name])}`)
    .join(', ')
}

function quantityText(value: Json | undefined): string {
  return value === undefined || value === null ? '0' : String(value)
}

export const LEASE_COLUMNS = [NAME, column('Holder', 'spec.holderIdentity'), AGE]

export const PRIORITY_CLASS_COLUMNS = [
  NAME,
  integer('Value', 'value'),
  column('Global-Default', 'globalDefault', { type: 'boolean' }),
  AGE,
  column('PreemptionPolicy', 'preemptionPolicy'),
]
