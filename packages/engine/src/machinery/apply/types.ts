/**
 * What ownership needs to know of a kind: which values are owned in parts (objects, lists with keys, sets), and which as a whole.
 *
 * Built-in kinds get theirs from the type table, custom kinds from their schema; where neither says anything, from the values
 * themselves (`deduced`): objects in parts, lists as a whole.
 */
import { isObject, stringifyJson, type Json, type JsonObject } from '../../base/json.ts'
import { canonical } from '../schema/list-keys.ts'

export interface ObjectType {
  readonly form: 'object'
  readonly atomic: boolean
  /** A declared field. */
  field(name: string): ObjectField | undefined
  /** The values of keys that are not declared; absent: there are none. */
  readonly values: ApplyType | undefined
}

export interface ObjectField {
  readonly type: ApplyType
  /** Go writes it also when nobody has set it, so that a new object counts as having it already. */
  readonly implied: boolean
  /** An empty list or map is not kept, whether Go leaves it out or writes null: nobody owns it, and setting it changes nothing. */
  readonly dropsEmpty: boolean
}

export interface ListType {
  readonly form: 'list'
  /** Keys in the order of their names. */
  readonly by: 'nothing' | 'value' | readonly ListKey[]
  readonly items: ApplyType
}

export interface ListKey {
  readonly name: string
  /** Stands in where an item leaves the key out. */
  readonly fallback: Json | undefined
}

export type ApplyType = ObjectType | ListType | { readonly form: 'leaf' } | { readonly form: 'deduced' }

export const LEAF_TYPE: ApplyType = { form: 'leaf' }
export const DEDUCED: ApplyType = { form: 'deduced' }

const DEDUCED_OBJECT: ObjectType = { form: 'object', atomic: false, field: () => undefined, values: DEDUCED }

/** The type as an object that is owned in parts, if it is one for this value. */
export function partsOfObject(type: ApplyType, value: Json): ObjectType | undefined {
  if (type.form === 'object') return type.atomic ? undefined : type
  return type.form === 'deduced' && isObject(value) ? DEDUCED_OBJECT : undefined
}

/** The type as a list that is owned by items. */
export function partsOfList(type: ApplyType): ListType | undefined {
  return type.form === 'list' && type.by !== 'nothing' ? type : undefined
}

/** Undeclared fields of a stored object, which no schema knows any more, are judged by their values. */
export function typeOfField(type: ObjectType, name: string): ApplyType {
  return type.field(name)?.type ?? type.values ?? DEDUCED
}

/** Whether the value of this field is as good as none. */
export function isDropped(type: ObjectType, name: string, value: Json): boolean {
  if (!type.field(name)?.dropsEmpty) return false
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0)
}

/** The step from a list to one of its items. */
export function elementOf({ by }: ListType, item: Json): string {
  if (!Array.isArray(by)) return `v:${keyText(item)}`
  const fields = isObject(item) ? item : {}
  // The keys stand in the order of their names: no need to sort what every write asks for.
  const keys = (by as readonly ListKey[]).map(
    ({ name, fallback }) => `${JSON.stringify(name)}:${keyText(fields[name] ?? fallback ?? null)}`,
  )
  return `k:{${keys.join(',')}}`
}

function keyText(value: Json): string {
  return typeof value === 'string' ? JSON.stringify(value) : stringifyJson(canonical(value))
}

/** The items by their steps. An item that stands there twice is owned together with its double. */
export function itemsByElement(type: ListType, list: readonly Json[]): ReadonlyMap<string, readonly Json[]> {
  const items = new Map<string, Json[]>()
  for (const item of list) {
    const element = elementOf(type, item)
    const same = items.get(element)
    if (same) same.push(item)
    else items.set(element, [item])
  }
  return items
}

const OWNED_METADATA = ['generateName', 'labels', 'annotations', 'ownerReferences', 'finalizers'] as const

/** What of an object somebody can own: neither its identity nor what only the server writes. */
export function ownable(object: JsonObject): JsonObject {
  const { apiVersion: _, kind: __, metadata: given, ...rest } = object
  const metadata: Record<string, Json> = {}
  // Always there, so that nobody comes to own metadata as a whole by setting the first label.
  if (isObject(given)) for (const name of OWNED_METADATA) if (given[name] !== undefined) metadata[name] = given[name]
  return { metadata, ...rest }
}
