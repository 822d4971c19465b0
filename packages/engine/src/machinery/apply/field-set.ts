/**
 * Sets of fields, in the form in which `metadata.managedFields` keeps them (FieldsV1).
 *
 *     { 'f:spec': { 'f:replicas': {}, 'f:ports': { 'k:{"port":80}': { '.': {}, 'f:port': {} } } } }
 *
 * A key is one step of a path: `f:NAME` a field, `k:{..}` the item of a list with these keys, `v:VALUE` the item of a set,
 * `i:N` a place in a list. A node without keys is a member of the set, as is one that holds `.`; the others are only on the way
 * to members. The stored form is the working form: every write of every object touches a set, and two forms would mean a
 * translation each time. Sets are never changed in place; what stays the same is shared.
 */
import { isObject, JsonSyntaxError, parseJson, stringifyJson, type Json } from '../../base/json.ts'
import { canonical } from '../schema/list-keys.ts'

export interface FieldSet {
  readonly [element: string]: FieldSet
}

export const MEMBER = '.'
export const LEAF: FieldSet = Object.freeze({})
/** As a set; the same object as a node below would be a member. */
export const NO_FIELDS: FieldSet = Object.freeze({})

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

export function isMember(node: FieldSet): boolean {
  return MEMBER in node || isEmptySet(node)
}

/** Undefined when there is nothing to hold. Takes `children` over. */
export function nodeOf(member: boolean, children: Record<string, FieldSet> | undefined): FieldSet | undefined {
  if (!children) return member ? LEAF : undefined
  if (member) children[MEMBER] = LEAF
  return children
}

/** `a` itself when it has all of `b`, which is how a controller that writes the same fields again and again costs nothing. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a)) return b
  return isEmptySet(b) ? a : unionOfNodes(a, b)
}

function unionOfNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  const wasMember = isMember(a)
  const member = wasMember || isMember(b)
  let children: Record<string, FieldSet> | undefined
  for (const element in b) {
    if (element === MEMBER) continue
    const other = a[element]
    const node = other ? unionOfNodes(other, b[element]!) : b[element]!
    if (node !== other) (children ??= { ...a })[element] = node
  }
  if (!children && member === wasMember) return a
  return nodeOf(member, children ?? { ...a })!
}

/** The members of `a` that are none of `b`. `a` itself when there are no common ones. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a) || isEmptySet(b) || !overlaps(a, b)) return a
  return differenceOfNodes(a, b) ?? NO_FIELDS
}

/** Walks `b`, which is what one write changed, and not `a`, which may be large. */
function overlaps(a: FieldSet, b: FieldSet): boolean {
  for (const element in b) {
    const other = element === MEMBER ? undefined : a[element]
    if (other && (overlaps(other, b[element]!) || (isMember(other) && isMember(b[element]!)))) return true
  }
  return false
}

function differenceOfNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const wasMember = isMember(a)
  const member = wasMember && !isMember(b)
  let isSame = member === wasMember
  let children: Record<string, FieldSet> | undefined
  for (const [element, node] of Object.entries(a)) {
    if (element === MEMBER) continue
    const other = b[element]
    const left = other ? differenceOfNodes(node, other) : node
    if (left !== node) isSame = false
    if (left) (children ??= {})[element] = left
  }
  return isSame ? a : nodeOf(member, children)
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a) || isEmptySet(b)) return NO_FIELDS
  return intersectionOfNodes(a, b) ?? NO_FIELDS
}

function intersectionOfNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  let children: Record<string, FieldSet> | undefined
  for (const [element, node] of Object.entries(a)) {
    const other = element === MEMBER ? undefined : b[element]
    const common = other && intersectionOfNodes(node, other)
    if (common) (children ??= {})[element] = common
  }
  return nodeOf(isMember(a) && isMember(b), children)
}

/** The members as conflicts name them, sorted, the near before the deep: `.spec.ports[port=80,protocol="TCP"].name`. */
export function pathsOf(set: FieldSet): readonly string[] {
  const paths: string[] = []
  const visit = (node: FieldSet, path: string): void => {
    const elements = Object.keys(node)
      .sort()
      .filter((element) => element !== MEMBER)
    for (const element of elements) if (isMember(node[element]!)) paths.push(path + elementText(element))
    for (const element of elements) visit(node[element]!, path + elementText(element))
  }
  visit(set, '')
  return paths
}

export function elementText(element: string): string {
  const rest = element.slice(2)
  if (element.startsWith('f:')) return `.${rest}`
  if (element.startsWith('v:')) return `[=${rest}]`
  if (element.startsWith('i:')) return `[${rest}]`
  const keys = Object.entries(parseJson(rest) as Record<string, Json>)
  return `[${keys.map(([key, value]) => `${key}=${stringifyJson(value)}`).join(',')}]`
}

/** A set that came from outside, its keys in their one spelling; undefined: it is none. */
export function readFieldSet(json: Json | undefined): FieldSet | undefined {
  const node = readNode(json)
  if (!node) return undefined
  // The object as a whole is nobody's.
  const { [MEMBER]: _, ...set } = node
  return set
}

function readNode(json: Json | undefined): FieldSet | undefined {
  if (!isObject(json)) return undefined
  const set: Record<string, FieldSet> = {}
  for (const [key, value] of Object.entries(json)) {
    const element = readElement(key)
    const node = readNode(value)
    if (element === undefined || !node) return undefined
    set[element] = node
  }
  const { [MEMBER]: member, ...others } = set
  return member && isEmptySet(others) ? LEAF : set
}

function readElement(key: string): string | undefined {
  if (key === MEMBER || key.startsWith('f:')) return key
  const kind = key.slice(0, 2)
  if (kind !== 'k:' && kind !== 'v:' && kind !== 'i:') return undefined
  try {
    const value = canonical(parseJson(key.slice(2)))
    if (kind === 'k:' && !isObject(value)) return undefined
    return kind + stringifyJson(value)
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined
    throw error
  }
}
