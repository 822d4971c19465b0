/** Which fields differ between two versions of an object: what an ordinary write takes, and what an apply may conflict over. */
import { equalJson, isObject, type Json, type JsonObject } from '../../base/json.ts'
import { isEmptySet, LEAF, MEMBER, NO_FIELDS, nodeOf, type FieldSet } from './field-set.ts'
import {
  elementOf,
  isDropped,
  itemsByElement,
  partsOfList,
  partsOfObject,
  typeOfField,
  type ApplyType,
  type ListType,
  type ObjectType,
} from './types.ts'

export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

type Nodes = Record<string, FieldSet>

/** The same while it is being collected; absent: none. */
interface Parts {
  added?: FieldSet | undefined
  modified?: FieldSet | undefined
  removed?: FieldSet | undefined
}

/** Both objects are `ownable`; no object before: everything is added but what Go would have written for an empty one. */
export function compare(type: ApplyType, before: JsonObject | undefined, after: JsonObject): Comparison {
  if (!before) return { added: nodesOfNew(type, after) ?? NO_FIELDS, modified: NO_FIELDS, removed: NO_FIELDS }
  const { added, modified, removed } = compareValues(type, before, after) ?? {}
  return { added: added ?? NO_FIELDS, modified: modified ?? NO_FIELDS, removed: removed ?? NO_FIELDS }
}

export function isSame({ added, modified, removed }: Comparison): boolean {
  return isEmptySet(added) && isEmptySet(modified) && isEmptySet(removed)
}

function compareValues(type: ApplyType, before: Json, after: Json): Parts | undefined {
  if (before === after) return undefined
  const [left, right] = [before ?? {}, after ?? {}]
  const objectType = partsOfObject(type, left)
  if (objectType && isObject(left) && isObject(right)) {
    // `{}` and null hold nothing that could differ, but are not the same.
    const isNulled = (before === null || after === null) && isNothing(left) && isNothing(right)
    return isNulled ? { modified: LEAF } : compareObjects(objectType, left, right)
  }
  const listType = partsOfList(type)
  if (listType && Array.isArray(before ?? []) && Array.isArray(after ?? [])) {
    return compareLists(listType, (before ?? []) as readonly Json[], (after ?? []) as readonly Json[])
  }
  if (equalJson(before, after)) return undefined
  // What stood inside is gone when an object becomes a number, say: nobody may go on owning it.
  const { [MEMBER]: _, ...inside } = whole(type, before)
  return { modified: whole(type, after), removed: isEmptySet(inside) ? undefined : inside }
}

function compareObjects(type: ObjectType, before: JsonObject, after: JsonObject): Parts | undefined {
  const found = new Collection()
  for (const name of Object.keys(before)) {
    const left = before[name]!
    const right = Object.hasOwn(after, name) ? after[name] : undefined
    if (left === right) continue
    const of = typeOfField(type, name)
    const parts = right === undefined ? { removed: whole(of, left) } : compareValues(of, left, right)
    if (parts) found.put(`f:${name}`, parts)
  }
  for (const name of Object.keys(after)) {
    if (Object.hasOwn(before, name) && before[name] !== undefined) continue
    if (isDropped(type, name, after[name]!)) continue
    found.put(`f:${name}`, { added: whole(typeOfField(type, name), after[name]!) })
  }
  return found.parts()
}

function compareLists(type: ListType, before: readonly Json[], after: readonly Json[]): Parts | undefined {
  if (equalJson(before, after)) return undefined
  const found = new Collection()
  const left = itemsByElement(type, before)
  const right = itemsByElement(type, after)
  for (const [element, items] of left) {
    const others = right.get(element)
    if (!others) found.put(element, { removed: whole(type.items, items[0]!) })
    else if (items.length === 1 && others.length === 1) {
      found.put(element, compareValues(type.items, items[0]!, others[0]!))
    } else if (!equalJson(items, others)) found.put(element, { modified: LEAF })
  }
  for (const [element, items] of right) {
    if (!left.has(element)) found.put(element, { added: whole(type.items, items[0]!) })
  }
  return found.parts()
}

const isNothing = (value: JsonObject): boolean => isEmptySet(value as unknown as FieldSet)

class Collection {
  #added: Nodes | undefined
  #modified: Nodes | undefined
  #removed: Nodes | undefined

  put(element: string, parts: Parts | undefined): void {
    if (!parts) return
    if (parts.added) (this.#added ??= {})[element] = parts.added
    if (parts.modified) (this.#modified ??= {})[element] = parts.modified
    if (parts.removed) (this.#removed ??= {})[element] = parts.removed
  }

  parts(): Parts | undefined {
    if (!this.#added && !this.#modified && !this.#removed) return undefined
    return { added: this.#added, modified: this.#modified, removed: this.#removed }
  }
}

/** The value and everything in it. */
function whole(type: ApplyType, value: Json): FieldSet {
  const children: Nodes = {}
  const objectType = partsOfObject(type, value)
  const listType = partsOfList(type)
  if (objectType && isObject(value)) {
    for (const [name, item] of Object.entries(value)) children[`f:${name}`] = whole(typeOfField(objectType, name), item)
  } else if (listType && Array.isArray(value)) {
    for (const item of value as readonly Json[]) children[elementOf(listType, item)] = whole(listType.items, item)
  }
  return isEmptySet(children) ? LEAF : nodeOf(true, children)!
}

/** What a new object has of its own. What is implied is not taken itself, only what was put into it. */
function nodesOfNew(type: ApplyType, value: Json): FieldSet | undefined {
  const objectType = partsOfObject(type, value)
  if (!objectType || !isObject(value)) return isZero(value) ? undefined : withoutItself(whole(type, value))
  const children: Nodes = {}
  for (const [name, item] of Object.entries(value)) {
    const field = objectType.field(name)
    const node = field?.implied ? nodesOfNew(field.type, item) : whole(typeOfField(objectType, name), item)
    if (node) children[`f:${name}`] = node
  }
  return isEmptySet(children) ? undefined : children
}

function withoutItself(node: FieldSet): FieldSet {
  const { [MEMBER]: _, ...children } = node
  return isEmptySet(children) ? LEAF : children
}

function isZero(value: Json): boolean {
  if (value === null || typeof value !== 'object') return !value
  return Array.isArray(value) ? value.length === 0 : isEmptySet(value as unknown as FieldSet)
}
