/** What an object says, of what is known of its Instance. */
import { isObject, type JsonObject } from '@larder/engine/base/json'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { Report, ServiceState } from '../../resource-door/resource-door.ts'
import type { Instance } from '../../model/instance.ts'
import { ADOPTION_POLICY } from './annotations.ts'
import {
  notSynced,
  recoverable,
  REFERENCES,
  synced,
  terminal,
  told,
  withReady,
  type Saying,
  RECOVERABLE,
  TERMINAL,
} from './conditions.ts'
import type { AckKind, AckObject } from './kinds/kinds.ts'
import { fieldOf, stateField, statusFields } from './properties.ts'
import { hasReferences, REFERENCE_TROUBLE, SIBLING_NOT_SYNCED } from './references.ts'
import { SECRET_TROUBLE } from './secrets.ts'
import { ANNOTATION_INVALID } from './want.ts'

export function reportOf(kind: AckKind, object: AckObject, state: ServiceState): Report {
  const { instance, now } = state
  const sayings = withReady([...sayingsOf(kind, state), ...referencesOf(kind, object, state)])
  const conditions = told(object.status?.conditions, sayings, now)
  const metadata = metadataOf(instance) ?? object.status?.['ackResourceMetadata']
  const description = descriptionOf(kind, object, instance)
  return {
    status: {
      ...description,
      ...(metadata !== undefined && { ackResourceMetadata: metadata }),
      conditions,
    },
    events: eventsOf(object, sayings),
  }
}

/** What AWS described last; the state is what it said just now. */
function descriptionOf(kind: AckKind, { status = {} }: AckObject, instance: Instance | undefined): JsonObject {
  const { outputs, outside } = instance?.status ?? {}
  const { conditions: _conditions, ackResourceMetadata: _metadata, ...before } = status as JsonObject
  const fields = isObject(outputs) ? statusFields(kind, outputs) : before
  const field = stateField(kind)
  const requested = instance?.status?.applied?.parameters?.['AccessString']
  return {
    ...fields,
    ...(requested !== undefined && { lastRequestedAccessString: requested }),
    ...(field !== undefined && outside?.state !== undefined && { [field]: outside.state }),
  }
}

/** `arn:aws:elasticache:REGION:ACCOUNT:user:NAME` */
function metadataOf(instance: Instance | undefined): JsonObject | undefined {
  const arn = instance?.status?.outside?.id
  const [scheme, partition = '', , region = '', ownerAccountID = ''] = arn?.split(':') ?? []
  return scheme === 'arn' ? { arn: arn!, ownerAccountID, region, partition } : undefined
}

function referencesOf(kind: AckKind, object: AckObject, { blocked }: ServiceState): readonly Saying[] {
  if (!hasReferences(kind, object)) return []
  const { reason, message = '' } = blocked ?? {}
  if (reason === REFERENCE_TROUBLE.unresolved || reason === REFERENCE_TROUBLE.foreign)
    return [{ type: REFERENCES, status: 'False', message }]
  if (reason === REFERENCE_TROUBLE.waits) return [{ type: REFERENCES, status: 'Unknown', message }]
  return [{ type: REFERENCES, status: 'True' }]
}

/** Why nothing is asked for. */
const BLOCKED_FOR_GOOD: ReadonlySet<string> = new Set([
  SECRET_TROUBLE.terminal,
  REFERENCE_TROUBLE.foreign,
  ANNOTATION_INVALID,
  'Immutable',
  'PlaceFixed',
])

function sayingsOf(kind: AckKind, state: ServiceState): readonly Saying[] {
  const { blocked, instance, isCurrent, isDeleting } = state
  if (blocked?.reason === SIBLING_NOT_SYNCED) return notSynced(blocked.message)
  if (blocked) return BLOCKED_FOR_GOOD.has(blocked.reason) ? terminal(blocked.message) : recoverable(blocked.message)
  const ready = findCondition(instance?.status?.conditions, 'Ready')
  if (isDeleting) return going(kind, ready)
  if (!instance || !ready || !isCurrent)
    return notSynced(instance?.status?.applied ? undefined : being(kind, 'created'))
  if (ready.status === 'True') return synced()
  return trouble(kind, instance, ready.reason, ready.message)
}

const being = ({ noun }: AckKind, doing: string): string => `${noun} currently being ${doing}.`

type Ready = ReturnType<typeof findCondition>

const DOING: Readonly<Record<string, string>> = {
  Creating: 'created',
  Updating: 'modified',
  Recovering: 'modified',
  Deleting: 'deleted',
}

/** Reasons of Instances that only another spec, or somebody's hand in AWS, helps against. */
const FOR_GOOD = new Set([
  'ParametersInvalid',
  'RecipeInvalid',
  'ProvisioningFailed',
  'NameTaken',
  'ServiceLost',
  'UpdateNotSupported',
  'ChangeLosesData',
  'NotSupportedYet',
])

function trouble(kind: AckKind, instance: Instance, reason: string, message: string): readonly Saying[] {
  if (DOING[reason] !== undefined) return notSynced(being(kind, DOING[reason]))
  if (reason === 'NameTaken') return terminal(alreadyExists(message))
  if (reason === 'ProvisioningFailed' && instance.status?.outside?.state === 'create-failed') {
    return terminal(`${kind.noun} in create-failed status. ${plain(message)}`)
  }
  const fixed = /^spec\.parameters\.(\w+): .* cannot be changed by AWS$/.exec(message)
  if (fixed) return terminal(`Immutable Spec fields have been modified: ${fieldOf(kind, fixed[1]!)}`)
  return FOR_GOOD.has(reason) ? terminal(inFields(kind, message)) : recoverable(inFields(kind, message))
}

/** What another object has, or had and left, is marked with its id; an adoption does not take it from that one. */
const alreadyExists = (message: string): string =>
  /: its tag /.test(message)
    ? `Resource already exists: ${message}; to take it over where that is gone, remove the tag in AWS, and set the annotation ${ADOPTION_POLICY} to adopt`
    : `Resource already exists: ${message}; to take it over, set the annotation ${ADOPTION_POLICY} to adopt`

/** While an object goes. What AWS refuses is told as ACK tells it, and tried again all the same. */
function going(kind: AckKind, ready: Ready): readonly Saying[] {
  const said = plain(ready?.message ?? '')
  const doing = ready === undefined || ready.status === 'True' || DOING[ready.reason] !== undefined
  if (doing) return notSynced(being(kind, 'deleted'))
  if (said.startsWith('DefaultUserAssociatedToUserGroup')) return terminal(said)
  if (/^Invalid\w+State\b/.test(said)) return notSynced(`${being(kind, 'modified')} cannot delete.`)
  return recoverable(said)
}

/** Without what Larder says of the call, so that the words are AWS's. */
const plain = (message: string): string => message.replace(/^spec\.parameters: /, '').replace(/^elasticache:\w+: /, '')

/** Properties are named as who wrote the object knows them. */
const inFields = (kind: AckKind, message: string): string =>
  plain(message)
    .replace(/^spec\.parameters\.\w+: (?=parameters\.)/, '')
    .replaceAll(/\bparameters\.(\w+)/g, (_, property: string) => `spec.${fieldOf(kind, property)}`)

/** News alone: a message that stands there already was told. */
function eventsOf({ status }: AckObject, sayings: readonly Saying[]): NonNullable<Report['events']> {
  return sayings
    .filter(({ type }) => type === TERMINAL || type === RECOVERABLE)
    .filter(({ type, message }) => !status?.conditions?.some((c) => c.type === type && c.message === message))
    .map(({ type, message = '' }) => ({ type: 'Warning' as const, reason: type, note: message }))
}
