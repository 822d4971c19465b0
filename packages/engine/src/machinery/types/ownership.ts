/** How the built-in types are owned: from the words `list=`, `keys=` and `map=` of the type table. */
import { LEAF_TYPE, type ApplyType, type ListKey, type ObjectField, type ObjectType } from '../apply/types.ts'
import { structure, type Field, type FieldType, type Scalar } from './types.ts'

/** Keys of lists with a default of their own, upstream's `+default`: by field, or by structure and field. */
const KEY_DEFAULTS: Readonly<Record<string, string>> = { protocol: 'TCP', 'core.v1.LocalObjectReference.name': '' }

const NUMBERS: ReadonlySet<Scalar> = new Set(['int32', 'int64'])

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
    const dropsEmpty = field.type.form === 'list' || field.type.form === 'map'
    fields.set(field, (found = { type: typeOf(field.type, field), implied, dropsEmpty }))
  }
  return found
}

/** `field` says how lists and maps are owned; absent inside of those. */
function typeOf(type: FieldType, field?: Field): ApplyType {
  if (type.form === 'list') {
    const relation = field?.list
    const keys = (field?.listKeys ?? []).map((name) => keyOf(type.of, name)).sort(byName)
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
  const isAtomic = ATOMIC.has(type.name) && !(field && GRANULAR.has(`${type.name} ${field.name}`))
  return field?.map === 'atomic' || isAtomic ? { ...whole, atomic: true } : whole
}

/** What Go always writes stands for a key that is left out: whether it may be is for validation to say. */
function keyOf(item: FieldType, name: string): ListKey {
  if (item.form !== 'struct') return { name, fallback: undefined }
  const field = structure(item.name).byName.get(name)
  const isWritten = field && !field.pointer && !field.omitEmpty && field.type.form === 'scalar'
  const zero = isWritten ? (NUMBERS.has(field.type.scalar) ? 0 : '') : undefined
  return { name, fallback: KEY_DEFAULTS[`${item.name}.${name}`] ?? KEY_DEFAULTS[name] ?? zero }
}

const byName = (a: ListKey, b: ListKey): number => (a.name < b.name ? -1 : 1)

/** Structures that upstream marks `+structType=atomic`. */
const ATOMIC = new Set([
  'admissionregistration.v1.MatchResources',
  'admissionregistration.v1.NamedRuleWithOperations',
  'admissionregistration.v1.ParamKind',
  'admissionregistration.v1.ParamRef',
  'admissionregistration.v1.Variable',
  'autoscaling.v1.CrossVersionObjectReference',
  'core.v1.ConfigMapKeySelector',
  'core.v1.EndpointAddress',
  'core.v1.EndpointPort',
  'core.v1.LocalObjectReference',
  'core.v1.NodeSelector',
  'core.v1.NodeSelectorTerm',
  'core.v1.ObjectFieldSelector',
  'core.v1.ObjectReference',
  'core.v1.ResourceFieldSelector',
  'core.v1.ScopeSelector',
  'core.v1.SecretKeySelector',
  'core.v1.SecretReference',
  'core.v1.TopologySelectorTerm',
  'core.v1.TypedLocalObjectReference',
  'discovery.v1.EndpointPort',
  'meta.v1.LabelSelector',
  'meta.v1.OwnerReference',
  'networking.v1.ServiceBackendPort',
  'rbac.v1.RoleRef',
  'rbac.v1.Subject',
])

/** Fields of such a structure that are owned in parts all the same: `+structType=granular`. */
const GRANULAR = new Set(['core.v1.ObjectReference claimRef'])

export const METADATA = ownershipOf('meta.v1.ObjectMeta')
