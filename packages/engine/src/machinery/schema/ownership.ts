/** How the values of a structural schema are owned: `x-kubernetes-list-type`, `-list-map-keys` and `-map-type`. */
import { DEDUCED, LEAF_TYPE, type ApplyType, type ListType, type ObjectField, type ObjectType } from '../apply/types.ts'
import { METADATA } from '../types/ownership.ts'
import type { SchemaNode } from './node.ts'

const types = new WeakMap<SchemaNode, ApplyType>()

/** The root of a resource, which has apiVersion, kind and metadata without declaring them. */
export function ownershipOfResource(root: SchemaNode): ObjectType {
  return objectOf(root, true)
}

function ownershipOf(node: SchemaNode): ApplyType {
  let found = types.get(node)
  if (!found) types.set(node, (found = read(node)))
  return found
}

function read(node: SchemaNode): ApplyType {
  if (node.intOrString) return LEAF_TYPE
  if (node.type === 'array') return listOf(node)
  if (node.type === 'object') return objectOf(node, node.embedded)
  return node.preserveUnknown ? DEDUCED : LEAF_TYPE
}

function listOf({ items, listType, listMapKeys }: SchemaNode): ListType {
  const keys = listMapKeys.map((name) => ({ name, fallback: items?.properties.get(name)?.default })).sort(byName)
  return {
    form: 'list',
    by: listType === 'map' ? keys : listType === 'set' ? 'value' : 'nothing',
    items: items ? ownershipOf(items) : DEDUCED,
  }
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)

function objectOf(node: SchemaNode, isResource: boolean): ObjectType {
  const fields = new Map<string, ObjectField>()
  for (const [name, property] of node.properties) {
    fields.set(name, lazyField(property))
  }
  if (isResource) {
    fields.set('apiVersion', { type: LEAF_TYPE, implied: false, dropsEmpty: false })
    fields.set('kind', { type: LEAF_TYPE, implied: false, dropsEmpty: false })
    fields.set('metadata', { type: METADATA, implied: true, dropsEmpty: false })
  }
  const { additional } = node
  return {
    form: 'object',
    atomic: node.mapType === 'atomic',
    field: (name) => fields.get(name),
    values: additional === true || node.preserveUnknown ? DEDUCED : additional && ownershipOf(additional),
  }
}

function lazyField(node: SchemaNode): ObjectField {
  return {
    get type() {
      return ownershipOf(node)
    },
    implied: false,
    dropsEmpty: false,
  }
}
