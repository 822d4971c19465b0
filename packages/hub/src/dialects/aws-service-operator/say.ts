/**
 * What an object says of its stack. The state is CloudFormation's own word wherever there is a stack. Where there is none, or where the hub gave up before
 * CloudFormation was asked, it is the word that CloudFormation would have: `CREATE_FAILED`, `UPDATE_FAILED`; while something is waited for it is `PENDING`.
 * The operator said nothing at all then, which was what its users complained of most.
 */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { configMapType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { Instance } from '../../model/instance.ts'
import type { Report, ServiceState, SideObject } from '../../resource-door/resource-door.ts'
import type { AsoObject, Facts, ResourceModel } from './model.ts'

export const serviceType: ResourceType = {
  group: '',
  version: 'v1',
  resource: 'services',
  kind: 'Service',
  namespaced: true,
}

export interface Saying {
  readonly resourceStatus: string
  readonly resourceStatusReason: string
  readonly stackID: string
}

/** Counted in `spec.rollbackCount`, so that one stack counts once also when the hub died between two writes. */
const COUNTED_ANNOTATION = 'service-operator.aws/counted-stack'

const isComplete = (status = ''): boolean => /^(?:CREATE|UPDATE)_COMPLETE$|^UPDATE_ROLLBACK_COMPLETE$/.test(status)

export function besideOf(model: ResourceModel, object: AsoObject, state: ServiceState): readonly SideObject[] {
  const facts = factsOf(object, state)
  if (!facts) return []
  const { name } = facts
  const data = model.configMap?.(facts)
  const service = model.service?.(facts)
  return [
    ...(data ? [{ type: configMapType, name, content: { data } }] : []),
    ...(service ? [{ type: serviceType, name, content: { spec: externalService(service) } }] : []),
  ]
}

const externalService = ({
  externalName,
  port,
}: {
  readonly externalName: string
  readonly port: number
}): JsonObject => ({
  type: 'ExternalName',
  externalName,
  ports: [{ port, protocol: 'TCP', targetPort: port }],
})

/** Undefined until the stack was complete once, and until the object has said that it was begun. */
function factsOf({ metadata, status }: AsoObject, { instance, isDeleting }: ServiceState): Facts | undefined {
  const outside = instance?.status?.outside
  const outputs = instance?.status?.outputs
  if (isDeleting || !isObject(outputs) || status?.stackID !== outside?.id) return undefined
  const { region, accountID, ...output } = outputs as Record<string, string>
  return { name: metadata.name, region: region ?? '', accountID: accountID ?? '', output }
}

export function reportOf(model: ResourceModel, object: AsoObject, state: ServiceState): Report {
  const before = object.status
  const id = state.instance?.status?.outside?.id
  const hasBegun = id !== undefined && before?.stackID === id
  const said = sayingOf(object, state)
  // Whoever watches sees the stack begin, also one that is complete at the first look.
  const again = id !== undefined && !hasBegun && isComplete(said.resourceStatus)
  const saying = again ? { resourceStatus: 'CREATE_IN_PROGRESS', resourceStatusReason: '', stackID: id } : said
  const facts = factsOf(object, state)
  const counted = countRollback(object, id)
  return {
    fields: {
      spec: specOf(object, counted),
      output: outputOf(model, facts),
      additionalResources: additionalOf(model, object, state),
    },
    ...(counted && { annotations: { [COUNTED_ANNOTATION]: counted.stackID } }),
    status: saying.resourceStatus === '' ? {} : { ...saying },
    events: eventOf(before, saying),
    ...(again && { again }),
  }
}

/** What the operator fills in. */
function specOf({ spec = {} }: AsoObject, counted: { readonly count: number } | undefined): JsonObject {
  const { cloudFormationTemplateName, cloudFormationTemplateNamespace, rollbackCount } = spec
  return {
    ...spec,
    cloudFormationTemplateName: cloudFormationTemplateName ?? '',
    cloudFormationTemplateNamespace: cloudFormationTemplateNamespace ?? '',
    rollbackCount: counted?.count ?? rollbackCount ?? 0,
  }
}

/** A stack that never was complete and has another one in its place. */
function countRollback({ spec, status, metadata }: AsoObject, id: string | undefined) {
  const last = status?.stackID ?? ''
  const wasMade = isComplete(status?.resourceStatus) || /^UPDATE|^$/.test(status?.resourceStatus ?? '')
  if (last === '' || id === undefined || id === last || wasMade) return undefined
  if (metadata.annotations?.[COUNTED_ANNOTATION] === last) return undefined
  return { stackID: last, count: Number(spec?.['rollbackCount'] ?? 0) + 1 }
}

function outputOf({ outputs, computed = {} }: ResourceModel, facts: Facts | undefined): JsonObject {
  const own = Object.keys(outputs).map((name) => [name, facts?.output[name] ?? ''])
  const made = Object.entries(computed).map(([name, compute]) => [name, facts ? compute(facts) : ''])
  return Object.fromEntries([...own, ...made])
}

function additionalOf(model: ResourceModel, object: AsoObject, state: ServiceState): JsonObject {
  const written = besideOf(model, object, state).filter(
    ({ type, name }) => !state.taken.includes(`${type.kind} ${name}`),
  )
  const namesOf = (type: ResourceType): Json => {
    const names = written.filter((side) => side.type === type).map(({ name }) => name)
    return names.length === 0 ? null : names
  }
  const lists = { configMaps: () => namesOf(configMapType), services: () => namesOf(serviceType), secrets: () => null }
  return Object.fromEntries(model.sides.map((side) => [side, lists[side]()]))
}

/** Reasons of the core under which work goes on. */
const WORKING = new Set(['Creating', 'Updating', 'Recovering', 'Deleting'])

function sayingOf(object: AsoObject, state: ServiceState): Saying {
  const { instance, blocked, isDeleting, taken } = state
  const outside = instance?.status?.outside
  const stackID = outside?.id ?? ''
  const verbatim = outside?.state ?? ''
  const say = (resourceStatus: string, resourceStatusReason: string): Saying => ({
    resourceStatus,
    resourceStatusReason,
    stackID,
  })
  if (isDeleting)
    return say(verbatim.startsWith('DELETE') ? verbatim : 'DELETE_IN_PROGRESS', troubleOf(instance)?.message ?? '')
  if (blocked) return say(stackID === '' ? waitingWord(blocked.reason) : 'UPDATE_FAILED', blocked.message)
  const trouble = troubleOf(instance)
  if (trouble?.reason === 'ServiceLost') return say('DELETE_COMPLETE', lostMessage(object))
  // The first word is that the stack was begun, as with the operator.
  if (!trouble && stackID === '') return say('', '')
  if (!trouble || !state.isCurrent) return say(verbatim, outside?.message ?? takenMessage(taken))
  if (stackID === '') return say(trouble.isWaiting ? 'PENDING' : 'CREATE_FAILED', trouble.message)
  if (isComplete(verbatim) && !trouble.isWaiting && verbatim !== 'UPDATE_ROLLBACK_COMPLETE')
    return say('UPDATE_FAILED', trouble.message)
  return say(verbatim, trouble.message)
}

const waitingWord = (reason: string): string =>
  ['ReferenceNotReady', 'TemplateNotFound', 'BackendNotFound', 'ContentNotAllowed', 'ApiRefused'].includes(reason)
    ? 'PENDING'
    : 'CREATE_FAILED'

const lostMessage = ({ metadata }: AsoObject): string =>
  `the stack was removed by somebody else; delete ${metadata.name} and apply it again for a new one`

const takenMessage = (taken: readonly string[]): string =>
  taken.length === 0 ? '' : `${taken.join(' and ')} of this namespace was made by somebody else, and is left as it is`

/** What keeps the Instance from being as wanted, unless that is just the time that it takes. */
export function troubleOf(instance: Instance | undefined) {
  const ready = findCondition(instance?.status?.conditions, 'Ready')
  if (!instance || !ready || ready.status === 'True' || WORKING.has(ready.reason)) return undefined
  return { reason: ready.reason, message: ready.message, isWaiting: instance.status?.cause?.heals === true }
}

/** `ROLLBACK_COMPLETE` is `RollbackComplete`. */
const camelCase = (status: string): string =>
  status
    .toLowerCase()
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')

export function eventOf(
  before: AsoObject['status'],
  { resourceStatus, resourceStatusReason, stackID }: Saying,
): NonNullable<Report['events']> {
  const isNews = before?.resourceStatus !== resourceStatus || before.resourceStatusReason !== resourceStatusReason
  if (resourceStatus === '' || !isNews) return []
  const isWarning = /ROLLBACK|FAILED|^DELETE_COMPLETE$/.test(resourceStatus)
  const note = resourceStatusReason || (stackID === '' ? resourceStatus : `stack ${stackID.split('/')[1] ?? stackID}`)
  return [{ type: isWarning ? 'Warning' : 'Normal', reason: camelCase(resourceStatus), note }]
}
