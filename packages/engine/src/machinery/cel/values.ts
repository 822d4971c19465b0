/**
 * CEL types and values of schema nodes. JSON has one kind of number and no durations; CEL is strict. The schema tells:
 * `integer` becomes int (a bigint), `number` double, `format: date-time` a timestamp, an object with properties a type of its own
 * whose fields are checked when the rule is compiled, `additionalProperties` a map.
 *
 * What may be null or int-or-string is dynamic. Fields that the schema does not declare cannot be named in a rule.
 */
import type { Environment } from '@marcbachmann/cel-js'
import { Duration } from '@marcbachmann/cel-js/evaluator'
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import type { SchemaNode } from '../schema/node.ts'
import { registerEquality } from './equality.ts'
import { durationNanos } from './duration.ts'

/** Objects of one schema node. A Map, because a plain object has inherited names. */
class ObjectValue extends Map<string, unknown> {}

export interface CelType {
  /** As the CEL environment knows it: `int`, `list<Object.spec.ports.item>`. */
  readonly name: string
  toCel(value: Json, cache: ValueCache): unknown
}

/** Converted objects of one validation: a parent's rule and its children's share them. */
export type ValueCache = Map<JsonObject, unknown>

const same = (name: string): CelType => ({ name, toCel: (value) => value })
const DYN: CelType = { name: 'dyn', toCel: (value) => untyped(value) }
const STRING = same('string')
const BOOL = same('bool')
const INT: CelType = {
  name: 'int',
  toCel: (value) => (typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value),
}
const DOUBLE: CelType = { name: 'double', toCel: (value) => (typeof value === 'bigint' ? Number(value) : value) }
const TIMESTAMP: CelType = {
  name: 'google.protobuf.Timestamp',
  toCel: (value) => (typeof value === 'string' ? new Date(value) : value),
}
const DURATION: CelType = {
  name: 'google.protobuf.Duration',
  toCel: (value) => {
    const nanos = typeof value === 'string' ? durationNanos(value) : undefined
    return nanos === undefined ? value : new Duration(nanos / 1_000_000_000n, Number(nanos % 1_000_000_000n))
  },
}
const BYTES: CelType = {
  name: 'bytes',
  toCel: (value) => (typeof value === 'string' ? Uint8Array.from(atob(value), (c) => c.charCodeAt(0)) : value),
}

/** A value of which only JSON is known: whole numbers are ints, as YAML authors mean them. */
export function untyped(value: Json): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map((item: Json) => untyped(item))
  if (!isObject(value)) return value
  return new Map(Object.entries(value).map(([key, item]) => [key, untyped(item)]))
}

/** Declares the types of a schema in one environment, each node once. */
export class CelTypes {
  readonly #environment: Environment
  readonly #types = new Map<SchemaNode, CelType>()

  constructor(environment: Environment) {
    this.#environment = environment
  }

  of(node: SchemaNode, isRoot = false): CelType {
    const known = this.#types.get(node)
    if (known) return known
    const type = this.#declare(node, isRoot)
    this.#types.set(node, type)
    return type
  }

  #declare(node: SchemaNode, isRoot: boolean): CelType {
    const type = this.#nonNull(node, isRoot)
    if (!node.nullable) return type
    return { name: 'dyn', toCel: (value, cache) => (value === null ? null : type.toCel(value, cache)) }
  }

  #nonNull(node: SchemaNode, isRoot: boolean): CelType {
    if (node.intOrString) return DYN
    switch (node.type) {
      case 'object':
        return this.#object(node, isRoot)
      case 'array':
        return this.#list(node)
      case 'string':
        return stringType(node)
      case 'integer':
        return INT
      case 'number':
        return DOUBLE
      case 'boolean':
        return BOOL
      case undefined:
        break
    }
    return DYN
  }

  #list(node: SchemaNode): CelType {
    const item = node.items ? this.of(node.items) : DYN
    return {
      name: `list<${item.name}>`,
      toCel: (value, cache) => (Array.isArray(value) ? value.map((one: Json) => item.toCel(one, cache)) : value),
    }
  }

  #object(node: SchemaNode, isRoot: boolean): CelType {
    if (node.additional && node.additional !== true) return mapOf(this.of(node.additional))
    const fields = new Map<string, readonly [string, CelType]>()
    for (const [name, child] of node.properties) {
      const escaped = escapeName(name)
      if (escaped !== undefined) fields.set(name, [escaped, this.of(child)])
    }
    if (isRoot || node.embedded) {
      for (const name of ['apiVersion', 'kind']) fields.set(name, [name, STRING])
      fields.set('metadata', ['metadata', this.#identity(`${typeName(node)}.metadata`)])
    }
    return this.#objectType(typeName(node), fields)
  }

  /** Rules see of metadata only what cannot change. */
  #identity(name: string): CelType {
    const fields = new Map(['name', 'generateName'].map((field) => [field, [field, STRING] as const]))
    return this.#objectType(name, fields)
  }

  #objectType(name: string, fields: ReadonlyMap<string, readonly [string, CelType]>): CelType {
    const Value = class extends ObjectValue {}
    const declared = Object.fromEntries([...fields.values()].map(([escaped, type]) => [escaped, type.name]))
    this.#environment.registerType(name, { ctor: Value, fields: declared })
    registerEquality(this.#environment, `${name} == ${name}`)
    const toCel = (value: Json, cache: ValueCache): unknown => {
      if (!isObject(value)) return value
      const known = cache.get(value)
      if (known instanceof Value) return known
      const result = new Value()
      for (const [field, [escaped, type]] of fields) {
        const item = Object.hasOwn(value, field) ? value[field] : undefined
        if (item !== undefined) result.set(escaped, type.toCel(item, cache))
      }
      cache.set(value, result)
      return result
    }
    return { name, toCel }
  }
}

function mapOf(type: CelType): CelType {
  return {
    name: `map<string, ${type.name}>`,
    toCel: (value, cache) =>
      isObject(value) ? new Map(Object.entries(value).map(([key, item]) => [key, type.toCel(item, cache)])) : value,
  }
}

function stringType(node: SchemaNode): CelType {
  switch (node.value.format?.replaceAll('-', '')) {
    case 'byte':
      return BYTES
    case 'date':
    case 'datetime':
      return TIMESTAMP
    case 'duration':
      return DURATION
    case undefined:
    default:
      return STRING
  }
}

/** A name that CEL can parse, from the node's place in the CRD. */
function typeName(node: SchemaNode): string {
  const steps = node.at.split('.openAPIV3Schema')[1] ?? node.at
  return `Object${steps.replaceAll(/[^A-Za-z0-9]+/g, (c) => `_${Array.from(c, (x) => x.codePointAt(0)!.toString(16)).join('')}_`)}`
}

const KEYWORDS = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** How a rule writes a property: `__dash__`, `__namespace__`. Undefined: it cannot be written. */
export function escapeName(name: string): string | undefined {
  if (!/^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/.test(name)) return undefined
  if (KEYWORDS.has(name)) return `__${name}__`
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}
