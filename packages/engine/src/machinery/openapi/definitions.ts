/**
 * OpenAPI v3 components in the terms of v2, which knows fewer.
 *
 * What v2 cannot say must not be said wrongly: old kubectl refuses an object that its definition does not allow. So a schema that
 * takes more than one type, null, or unknown fields loses its type and its properties, as upstream publishes it.
 */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'

/** Keywords of v3 alone, and those that old readers get wrong. */
const DROPPED: ReadonlySet<string> = new Set([
  'oneOf',
  'anyOf',
  'not',
  'nullable',
  'allOf',
  'default',
  'writeOnly',
  'deprecated',
])
const SHAPE: ReadonlySet<string> = new Set([
  'type',
  'properties',
  'items',
  'additionalProperties',
  'required',
  'format',
])

export function definitionsOf(components: Readonly<Record<string, JsonObject>>): Record<string, JsonObject> {
  return Object.fromEntries(Object.entries(components).map(([name, schema]) => [name, definition(schema)]))
}

function definition(schema: JsonObject): JsonObject {
  const ref = referenceOf(schema)
  if (ref !== undefined) return { ...annotations(schema), $ref: ref.replace('#/components/schemas/', '#/definitions/') }
  const open = isOpen(schema)
  const result: Record<string, Json> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (DROPPED.has(key) || (open && SHAPE.has(key))) continue
    result[key] = keyword(key, value)
  }
  if (Array.isArray(schema['oneOf']) && !open && result['type'] === undefined) result['type'] = 'string'
  return result
}

/** The one that it is an alias of: `allOf` of one, or a bare `$ref`. */
function referenceOf(schema: JsonObject): string | undefined {
  const only = Array.isArray(schema['allOf']) && schema['allOf'].length === 1 ? (schema['allOf'][0] as Json) : schema
  const ref = isObject(only) ? only['$ref'] : undefined
  return typeof ref === 'string' ? ref : undefined
}

/** Descriptions and extensions, which old readers find beside a reference. */
function annotations(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key === 'description' || key.startsWith('x-')))
}

function isOpen(schema: JsonObject): boolean {
  return (
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema['x-kubernetes-int-or-string'] === true ||
    schema['x-kubernetes-embedded-resource'] === true ||
    schema['nullable'] === true
  )
}

function keyword(key: string, value: Json): Json {
  if (!isObject(value)) return value
  if (key === 'properties') {
    return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, definition(schema as JsonObject)]))
  }
  return key === 'items' || key === 'additionalProperties' ? definition(value) : value
}
