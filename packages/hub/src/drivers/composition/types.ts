/** Schemas of kinds as types of CEL. What a schema leaves open is of any type. */
import type { Environment } from '@marcbachmann/cel-js'
import { isRecord, type Json, type JsonSchema } from '@larder/kit'

/** Types of objects are numbered: cel-js wants a name for each. */
export interface Names {
  next: number
}

const ANY = 'dyn'
const MAX_DEPTH = 12

const text = { type: 'string' }
const texts = { type: 'object', additionalProperties: text }
/** As the API serves it with every object. */
const METADATA: JsonSchema = {
  type: 'object',
  properties: {
    name: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    generateName: text,
    creationTimestamp: text,
    deletionTimestamp: text,
    generation: { type: 'integer' },
    labels: texts,
    annotations: texts,
    finalizers: { type: 'array', items: text },
    ownerReferences: { type: 'array' },
  },
}

/** The type of a word. `isKind`: of an object of the API, which has metadata. */
export function registerKind(
  types: Environment,
  names: Names,
  schema: JsonSchema | undefined,
  isKind: boolean,
): string {
  if (!schema) return ANY
  if (!isKind) return typeOf(types, names, schema, 0)
  const properties = isRecord(schema['properties']) ? schema['properties'] : {}
  const whole = { ...properties, apiVersion: text, kind: text, metadata: METADATA }
  return typeOf(types, names, { type: 'object', properties: whole }, 0)
}

function typeOf(types: Environment, names: Names, schema: Json | undefined, depth: number): string {
  if (!isRecord(schema) || depth > MAX_DEPTH) return ANY
  if (schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true)
    return ANY
  const { type } = schema
  switch (typeof type === 'string' ? type : '') {
    case 'string':
      return 'string'
    case 'integer':
      return 'int'
    case 'boolean':
      return 'bool'
    case 'array':
      return `list<${typeOf(types, names, schema['items'], depth + 1)}>`
    case 'object':
      return objectType(types, names, schema, depth)
    default:
      // A number in JSON may be whole or not.
      return ANY
  }
}

function objectType(types: Environment, names: Names, schema: JsonSchema, depth: number): string {
  const { properties, additionalProperties } = schema
  if (isRecord(properties) && Object.keys(properties).length > 0) {
    const fields = Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, typeOf(types, names, field, depth + 1)]),
    )
    const name = `Object${names.next++}`
    types.registerType(name, { fields })
    return name
  }
  return isRecord(additionalProperties) ? `map<string, ${typeOf(types, names, additionalProperties, depth + 1)}>` : ANY
}
