/** How the built-in types are owned: from the words `list=`, `keys=` and `map=` of the type table. */
import { LEAF_TYPE, type ApplyType, type ListKey, type ObjectField, type ObjectType } from '../apply/types.ts'
import { structure, type Field, type FieldType } from './types.ts'

/** Keys that an item may leave out: upstream's `+default` on the fields that are keys of lists. */
const KEY_DEFAULTS: Readonly<Record<string, string>> = { protocol: 'TCP' }

const objects = new Map<string, ObjectType>()
const fields = new WeakMap<Field, ObjectField>()

/** The structure of this name in the table. Read when it is first walked. */
export function ownershipOf(typeName: string): ObjectType {
  let found = objects.get(typeName)
  if (!found) {
    found = { form: 'object', atomic: false, values: undefined, field: (name) => fieldOf(typeName, name) }
    objects.set(typeName, found)
  }
  return found
}

function fieldOf(typeName: string, name: string): ObjectField | undefined {
  const field = structure(typeName).byName.get(name)
  if (!field) return undefined
  let found = fields.get(field)
  if (!found) {
    const implied = !field.pointer && (field.type.form === 'struct' || !field.omitEmpty)
    fields.set(field, (found = { type: typeOf(field.type, field), implied }))
  }
  return found
}

/** `field` says how lists and maps are owned; absent inside of those. */
function typeOf(type: FieldType, field?: Field): ApplyType {
  if (type.form === 'list') {
    const relation = field?.list
    const keys = (field?.listKeys ?? []).map((name): ListKey => ({ name, fallback: KEY_DEFAULTS[name] })).sort(byName)
    const by = relation === 'map' ? keys : relation === 'set' ? 'value' : 'nothing'
    return { form: 'list', by, items: typeOf(type.of) }
  }
  if (type.form === 'map') {
    return {
      form: 'object',
      atomic: field?.map === 'atomic',
      field: () => undefined,
      values: typeOf(type.of),
    }
  }
  if (type.form === 'scalar') return LEAF_TYPE
  const whole = ownershipOf(type.name)
  return field?.map === 'atomic' || ATOMIC.has(type.name) ? { ...whole, atomic: true } : whole
}

const byName = (a: ListKey, b: ListKey): number => (a.name < b.name ? -1 : 1)

/** Structures that upstream marks `+structType=atomic`. */
const ATOMIC = new Set([
  'core.v1.ConfigMapKeySelector',
  'core.v1.LocalObjectReference',
  'core.v1.NodeSelector',
  'core.v1.NodeSelectorTerm',
  'core.v1.ObjectFieldSelector',
  'core.v1.ObjectReference',
  'core.v1.ResourceFieldSelector',
  'core.v1.ScopedResourceSelectorRequirement',
  'core.v1.SecretKeySelector',
  'core.v1.SecretReference',
  'core.v1.TopologySelectorTerm',
  'core.v1.TypedLocalObjectReference',
  'meta.v1.LabelSelector',
  'rbac.v1.RoleRef',
  'rbac.v1.Subject',
])

export const METADATA = ownershipOf('meta.v1.ObjectMeta')
