/** OpenAPI v3 components of a custom kind and its list, from which kubectl explains and completes. */
import type { JsonObject } from '../../base/json.ts'
import { formatApiVersion } from '../object.ts'
import type { Kind } from '../shape.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })

const TYPE_META = {
  apiVersion: {
    type: 'string',
    description: 'The versioned schema of this representation of an object, as group/version.',
  },
  kind: { type: 'string', description: 'The kind that this object is of, in CamelCase.' },
}

/** What the component names of custom kinds start with: `com.example.v1`. */
function prefixOf({ group, version }: Kind): string {
  return [...group.split('.').toReversed(), version].join('.')
}

export function componentsOf(
  kind: Kind,
  listKind: string,
  schema: JsonObject,
): { readonly name: string; schemas(): Readonly<Record<string, JsonObject>> } {
  const prefix = prefixOf(kind)
  const name = `${prefix}.${kind.kind}`
  let made: Readonly<Record<string, JsonObject>> | undefined
  const make = (): Readonly<Record<string, JsonObject>> => ({
    [name]: objectSchema(kind, schema),
    [`${prefix}.${listKind}`]: listSchema({ ...kind, kind: listKind }, name),
    ...META_COMPONENTS,
  })
  return { name, schemas: () => (made ??= make()) }
}

function objectSchema(kind: Kind, schema: JsonObject): JsonObject {
  const properties = (schema['properties'] ?? {}) as JsonObject
  return {
    ...schema,
    type: 'object',
    properties: {
      ...properties,
      apiVersion: { ...TYPE_META.apiVersion, ...(properties['apiVersion'] as JsonObject | undefined) },
      kind: { ...TYPE_META.kind, ...(properties['kind'] as JsonObject | undefined) },
      metadata: {
        description: 'Standard metadata of the object.',
        allOf: [reference(`${META}.ObjectMeta`)],
        default: {},
      },
    },
    'x-kubernetes-group-version-kind': [{ ...kind }],
  }
}

function listSchema(kind: Kind, itemName: string): JsonObject {
  return {
    type: 'object',
    description: `A list of objects of ${formatApiVersion(kind.group, kind.version)}.`,
    required: ['items'],
    properties: {
      ...TYPE_META,
      items: { type: 'array', description: 'The objects.', items: reference(itemName) },
      metadata: { description: 'Standard metadata of the list.', allOf: [reference(`${META}.ListMeta`)] },
    },
    'x-kubernetes-group-version-kind': [{ ...kind }],
  }
}

const strings: JsonObject = { type: 'array', items: { type: 'string' } }
const stringMap: JsonObject = { type: 'object', additionalProperties: { type: 'string' } }
const time: JsonObject = { type: 'string', format: 'date-time' }
const int64: JsonObject = { type: 'integer', format: 'int64' }
const text: JsonObject = { type: 'string' }

/** The same components that built-in kinds refer to, in their JSON form. */
const META_COMPONENTS: Readonly<Record<string, JsonObject>> = {
  [`${META}.ObjectMeta`]: {
    type: 'object',
    properties: {
      annotations: stringMap,
      creationTimestamp: time,
      deletionGracePeriodSeconds: int64,
      deletionTimestamp: time,
      finalizers: { ...strings, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
      generateName: text,
      generation: int64,
      labels: stringMap,
      managedFields: { type: 'array', items: reference(`${META}.ManagedFieldsEntry`) },
      name: text,
      namespace: text,
      ownerReferences: {
        type: 'array',
        items: reference(`${META}.OwnerReference`),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['uid'],
        'x-kubernetes-patch-strategy': 'merge',
        'x-kubernetes-patch-merge-key': 'uid',
      },
      resourceVersion: text,
      selfLink: text,
      uid: text,
    },
  },
  [`${META}.ListMeta`]: {
    type: 'object',
    properties: { continue: text, remainingItemCount: int64, resourceVersion: text, selfLink: text },
  },
  [`${META}.OwnerReference`]: {
    type: 'object',
    required: ['apiVersion', 'kind', 'name', 'uid'],
    properties: {
      apiVersion: text,
      blockOwnerDeletion: { type: 'boolean' },
      controller: { type: 'boolean' },
      kind: text,
      name: text,
      uid: text,
    },
    'x-kubernetes-map-type': 'atomic',
  },
  [`${META}.ManagedFieldsEntry`]: {
    type: 'object',
    properties: {
      apiVersion: text,
      fieldsType: text,
      fieldsV1: { type: 'object' },
      manager: text,
      operation: text,
      subresource: text,
      time,
    },
  },
}
