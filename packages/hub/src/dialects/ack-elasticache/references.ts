/**
 * Other objects of these kinds: named by a reference, or by their names in AWS. What an object refers to must be there first. What it only names may exist in AWS
 * alone; but where an object of its own namespace is about to make it, the object waits for that one, and AWS need not refuse first.
 */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import type { Blocked, Neighbours } from '../../resource-door/resource-door.ts'
import { SYNCED, TERMINAL } from './conditions.ts'
import { ACK_KINDS, type AckKind, type AckObject } from './kinds/kinds.ts'

export const REFERENCE_TROUBLE = {
  unresolved: 'ReferencesNotResolved',
  waits: 'ReferencesNotSynced',
  foreign: 'ReferencesForeign',
} as const
export const SIBLING_NOT_SYNCED = 'SiblingNotSynced'

export const typeOf = (kind: AckKind): ResourceType<AckObject> => kind.type as ResourceType<AckObject>

const kindNamed = (name: string): AckKind => ACK_KINDS.find(({ type }) => type.kind === name)!

interface Named {
  readonly field: string
  readonly into: string
  readonly many: boolean
  readonly kind: AckKind
  readonly name: string
  readonly namespace: string
}

export const hasReferences = (kind: AckKind, { spec = {} }: AckObject): boolean =>
  kind.references.some(({ field }) => spec[field] !== undefined)

function named(kind: AckKind, { spec = {}, metadata }: AckObject): readonly Named[] {
  return kind.references.flatMap(({ field, into, kind: target, many = false }) => {
    const value = spec[field]
    if (value === undefined) return []
    const all = (many ? value : [value]) as readonly JsonObject[]
    return all.map((each, i): Named => {
      const from = isObject(each['from']) ? (each['from'] as Readonly<Record<string, string>>) : {}
      return {
        field: `spec.${field}${many ? `[${i}]` : ''}`,
        into,
        many,
        kind: kindNamed(target),
        name: from['name'] ?? '',
        namespace: from['namespace'] ?? metadata.namespace ?? '',
      }
    })
  })
}

export const says = ({ status }: AckObject, type: string): boolean =>
  status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false

export const isMade = ({ status }: AckObject): boolean => status?.['ackResourceMetadata'] !== undefined

/** The names in AWS, by the fields that they stand for. */
export function resolved(kind: AckKind, object: AckObject, { cache }: Neighbours): JsonObject | Blocked {
  const found: Record<string, Json> = {}
  for (const { field, into, many, kind: target, name, namespace } of named(kind, object)) {
    const what = `${target.type.kind} ${namespace}/${name}`
    if (namespace !== object.metadata.namespace) {
      const message = `${field}.from.namespace: is ${object.metadata.namespace}; ${target.type.kind}s of other namespaces are not used`
      return unresolved('foreign', message)
    }
    const there = cache(typeOf(target)).get(name, namespace)
    if (!there) return unresolved('unresolved', `${field}: ${what} does not exist`)
    if (says(there, TERMINAL)) return unresolved('unresolved', `${field}: ${what} is ${TERMINAL}`)
    // A sibling that is being changed is no reason to leave alone what it was made with.
    if (!says(there, SYNCED) && !isMade(object) && !concerns(target, there, kind, object))
      return unresolved('waits', `${field}: ${what} is not ${SYNCED} yet`)
    const id = String(there.spec?.[target.id] ?? '')
    found[into] = many ? [...((found[into] ?? []) as readonly Json[]), id] : id
  }
  return found
}

const unresolved = (of: keyof typeof REFERENCE_TROUBLE, message: string): Blocked => ({
  blocked: { reason: REFERENCE_TROUBLE[of], message },
})

/**
 * An object beside this one that makes, or changes, what it names in AWS: AWS would refuse to use it meanwhile. Two that name each other, a cache and the
 * snapshot that it began with, exist in AWS already or never will: they would wait for each other for ever.
 */
export function siblingAhead(kind: AckKind, object: AckObject, { cache }: Neighbours): Blocked | undefined {
  if (isMade(object)) return undefined
  for (const { into, kind: target } of kind.references) {
    const value = object.spec?.[into]
    const ids = [value ?? []].flat().map((id) => String(id).toLowerCase())
    if (ids.length === 0) continue
    const sort = kindNamed(target)
    const ahead = cache(typeOf(sort))
      .list(object.metadata.namespace)
      .find((other) => ids.includes(idOf(sort, other)) && isOnItsWay(other) && !concerns(sort, other, kind, object))
    if (ahead) {
      const message = `waits for ${sort.type.kind} ${ahead.metadata.name}, which is not ${SYNCED} yet`
      return { blocked: { reason: SIBLING_NOT_SYNCED, message } }
    }
  }
  return undefined
}

const isOnItsWay = (other: AckObject): boolean =>
  other.metadata.deletionTimestamp === undefined && !says(other, SYNCED) && !says(other, TERMINAL)

const idOf = (kind: AckKind, object: AckObject): string => String(object.spec?.[kind.id] ?? '').toLowerCase()

/** Whether this object refers to that one, or names what it makes. */
export function concerns(kind: AckKind, object: AckObject, target: AckKind, other: AckObject): boolean {
  const { name, namespace } = other.metadata
  if (named(kind, object).some((each) => each.kind === target && each.name === name && each.namespace === namespace)) {
    return true
  }
  if (object.metadata.namespace !== namespace) return false
  const id = idOf(target, other)
  return kind.references.some(({ into, kind: sort }) => {
    const value = object.spec?.[into]
    return sort === target.type.kind && [value ?? []].flat().some((each) => String(each).toLowerCase() === id)
  })
}
