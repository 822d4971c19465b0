/**
 * OpenAPI v3 components of the types of the table, as upstream publishes them less the descriptions, which are not ours.
 *
 * kubectl reads from here how to patch (`x-kubernetes-patch-*`), what `explain` prints, and whether a kind exists at all.
 * References stand in an `allOf` of one, as upstream writes them: beside a bare `$ref` no other keyword counts.
 */
import { freezeJson, type Json, type JsonObject } from '../../base/json.ts'
import type { Kind } from '../shape.ts'
import { componentName, structure, type Field, type FieldType, type Scalar } from './types.ts'

type Components = Record<string, JsonObject>

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const TIME = `${META}.Time`
const MICRO_TIME = `${META}.MicroTime`
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'

const SHARED: Readonly<Components> = {
  [TIME]: { type: 'string', format: 'date-time' },
  [MICRO_TIME]: { type: 'string', format: 'date-time' },
  [QUANTITY]: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  [INT_OR_STRING]: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
}

/** A string: the name of a shared component. */
const SCALARS: Readonly<Record<Scalar, JsonObject | string>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  time: TIME,
  microtime: MICRO_TIME,
  quantity: QUANTITY,
  intorstring: INT_OR_STRING,
  raw: { 'x-kubernetes-preserve-unknown-fields': true },
  schemaorbool: { 'x-kubernetes-preserve-unknown-fields': true },
  schemaorarray: { 'x-kubernetes-preserve-unknown-fields': true },
  schemaorstrings: { 'x-kubernetes-preserve-unknown-fields': true },
}

const cache = new Map<string, Readonly<Components>>()

/** The components of a kind: its own, that of its list, and all that they refer to. Shared and frozen. */
export function componentsOfKind(typeName: string, kind: Kind): Readonly<Components> {
  const key = `${typeName} ${kind.group}`
  let found = cache.get(key)
  if (!found) {
    found = readKind(typeName, kind)
    cache.set(key, found)
  }
  return found
}

/** The components of types that are no kinds, such as `meta.v1.DeleteOptions`, with all that they refer to. */
export function componentsOfTypes(typeNames: readonly string[]): Readonly<Components> {
  const components: Components = {}
  for (const name of typeNames) addStructure(name, components)
  return components
}

function readKind(typeName: string, kind: Kind): Readonly<Components> {
  const components: Components = {}
  addStructure(typeName, components)
  addStructure('meta.v1.ListMeta', components)
  const name = componentName(typeName)
  const identity = (kindName: string): Json => [{ group: kind.group, kind: kindName, version: kind.version }]
  components[name] = { ...components[name], 'x-kubernetes-group-version-kind': identity(kind.kind) }
  components[`${name}List`] = {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      items: { type: 'array', items: reference(name) },
      kind: { type: 'string' },
      metadata: reference(`${META}.ListMeta`),
    },
    'x-kubernetes-group-version-kind': identity(`${kind.kind}List`),
  }
  return freezeJson(components)
}

const reference = (component: string): JsonObject => ({ allOf: [{ $ref: `#/components/schemas/${component}` }] })

function addStructure(typeName: string, components: Components): void {
  const name = componentName(typeName)
  if (components[name]) return
  const properties: Components = {}
  components[name] = {}
  const { fields } = structure(typeName)
  for (const field of fields) properties[field.name] = property(field, components)
  const required = fields.filter((field) => field.required).map((field) => field.name)
  components[name] = { type: 'object', ...(required.length > 0 && { required }), properties }
}

function property(field: Field, components: Components): JsonObject {
  const { patch } = field
  const strategies = [...(patch.merge ? ['merge'] : []), ...(patch.retainKeys ? ['retainKeys'] : [])]
  return {
    ...typeSchema(field.type, components, field.values),
    ...(field.list && { 'x-kubernetes-list-type': field.list }),
    ...(field.listKeys.length > 0 && { 'x-kubernetes-list-map-keys': field.listKeys }),
    ...(field.map && { 'x-kubernetes-map-type': field.map }),
    ...(strategies.length > 0 && { 'x-kubernetes-patch-strategy': strategies.join(',') }),
    ...(patch.key !== undefined && { 'x-kubernetes-patch-merge-key': patch.key }),
  }
}

function typeSchema(type: FieldType, components: Components, values?: readonly string[]): JsonObject {
  if (type.form === 'list') return { type: 'array', items: typeSchema(type.of, components, values) }
  if (type.form === 'map') return { type: 'object', additionalProperties: typeSchema(type.of, components) }
  if (type.form === 'struct') {
    addStructure(type.name, components)
    return reference(componentName(type.name))
  }
  const scalar = SCALARS[type.scalar]
  if (typeof scalar !== 'string') return values ? { ...scalar, enum: values } : scalar
  components[scalar] = SHARED[scalar]!
  return reference(scalar)
}
