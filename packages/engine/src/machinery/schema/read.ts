/**
 * Reads an `openAPIV3Schema` into nodes and finds everything that keeps it from being structural. Each problem names its
 * place in the CRD; texts follow apiextensions' `validation` and `schema` packages.
 *
 * Outside the logic of `allOf`, `anyOf`, `oneOf` and `not` every node says what it is (a type, or int-or-string, or that
 * it keeps unknown fields). Inside the logic stand only conditions on values, about fields declared outside.
 */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '../problems.ts'
import type { FieldProblem } from '../status.ts'
import type { CelRule, SchemaNode, SchemaType, ValueRules } from './node.ts'
import { compilePattern, type Pattern } from './pattern.ts'

const TYPES: readonly SchemaType[] = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const UNSUPPORTED = ['$ref', '$schema', 'id', 'definitions', 'dependencies', 'patternProperties', 'additionalItems']
const DOCUMENTATION = ['description', 'title', 'example', 'externalDocs']
const KEYWORDS =
  'type nullable default properties additionalProperties items enum format pattern maximum exclusiveMaximum minimum ' +
  'exclusiveMinimum multipleOf maxLength minLength maxItems minItems uniqueItems maxProperties minProperties required ' +
  'allOf anyOf oneOf not'
const EXTENSIONS =
  'preserve-unknown-fields embedded-resource int-or-string list-type list-map-keys map-type validations'
const KNOWN = new Set([
  ...UNSUPPORTED,
  ...DOCUMENTATION,
  ...KEYWORDS.split(' '),
  ...EXTENSIONS.split(' ').map((name) => `x-kubernetes-${name}`),
])
/** Deeper schemas would overflow the stack of the recursive readers, and none is that deep in earnest. */
const MAX_DEPTH = 100

/** Where a node stands: `outer` is the node outside the logic that a node inside must agree with. */
interface Place {
  readonly at: string
  readonly depth: number
  readonly inLogic: boolean
  readonly isRoot?: boolean
}

/** `loadRe2` must have run. Problems are appended; the node is usable only if there are none. */
export function readSchema(schema: Json | undefined, at: string, problems: FieldProblem[]): SchemaNode {
  const reader = new SchemaReader(problems)
  const node = reader.node(schema ?? {}, { at, depth: 0, inLogic: false, isRoot: true })
  if (problems.length === 0) reader.completeness(node)
  return node
}

class SchemaReader {
  readonly #problems: FieldProblem[]

  constructor(problems: FieldProblem[]) {
    this.#problems = problems
  }

  node(schema: Json, place: Place): SchemaNode {
    const { at } = place
    if (!isObject(schema)) {
      this.#add(invalidValue(at, schema, 'must be a schema object'))
      return emptyNode(at)
    }
    if (place.depth > MAX_DEPTH) {
      this.#add(forbiddenField(at, `schemas nest at most ${MAX_DEPTH} deep`))
      return emptyNode(at)
    }
    this.#keywords(schema, at)
    const node = this.#shape(schema, place)
    if (place.inLogic) this.#logicOnly(schema, at)
    else this.#structure(node, schema, place)
    return node
  }

  #add(problem: FieldProblem): void {
    this.#problems.push(problem)
  }

  #keywords(schema: JsonObject, at: string): void {
    for (const key of Object.keys(schema)) {
      if (UNSUPPORTED.includes(key)) this.#add(forbiddenField(`${at}.${key}`, `${key} is not supported`))
      else if (!KNOWN.has(key)) this.#add(forbiddenField(`${at}.${key}`, 'unknown keyword'))
    }
    if (schema['uniqueItems'] === true) {
      const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
      this.#add(forbiddenField(`${at}.uniqueItems`, why))
    }
  }

  #shape(schema: JsonObject, place: Place): SchemaNode {
    const { at } = place
    const type = this.#type(schema['type'], at)
    const fallback = schema['default']
    const additional = this.#additional(schema['additionalProperties'], place)
    const items = this.#items(schema['items'], place)
    const listType = this.#oneOf(schema, 'x-kubernetes-list-type', ['atomic', 'set', 'map'], at)
    const mapType = this.#oneOf(schema, 'x-kubernetes-map-type', ['granular', 'atomic'], at)
    return {
      at,
      ...(type && { type }),
      nullable: this.#flag(schema, 'nullable', at),
      ...(fallback !== undefined && { default: fallback }),
      properties: this.#properties(schema['properties'], place),
      defaulted: [],
      ...(additional !== undefined && { additional }),
      ...(items && { items }),
      preserveUnknown: this.#flag(schema, 'x-kubernetes-preserve-unknown-fields', at),
      embedded: this.#flag(schema, 'x-kubernetes-embedded-resource', at),
      intOrString: this.#flag(schema, 'x-kubernetes-int-or-string', at),
      ...(listType && { listType }),
      listMapKeys: this.#strings(schema, 'x-kubernetes-list-map-keys', at) ?? [],
      ...(mapType && { mapType }),
      value: this.#valueRules(schema, place),
      rules: this.#celRules(schema['x-kubernetes-validations'], at),
    }
  }

  #type(type: Json | undefined, at: string): SchemaType | undefined {
    if (type === undefined || type === '') return undefined
    if (type === 'null') {
      this.#add(forbiddenField(`${at}.type`, 'type cannot be set to null, use nullable as an alternative'))
    } else if (!TYPES.includes(type as SchemaType)) this.#add(unsupportedValue(`${at}.type`, type, TYPES))
    else return type as SchemaType
    return undefined
  }

  #flag(schema: JsonObject, key: string, at: string): boolean {
    const value = schema[key]
    if (value !== undefined && value !== null && typeof value !== 'boolean') {
      this.#add(invalidValue(`${at}.${key}`, value, 'must be a boolean'))
    }
    return value === true
  }

  #oneOf<T extends string>(schema: JsonObject, key: string, allowed: readonly T[], at: string): T | undefined {
    const value = schema[key]
    if (value === undefined || value === null) return undefined
    if (allowed.includes(value as T)) return value as T
    this.#add(unsupportedValue(`${at}.${key}`, value, allowed))
    return undefined
  }

  #strings(schema: JsonObject, key: string, at: string): readonly string[] | undefined {
    const value = schema[key]
    if (value === undefined || value === null) return undefined
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
    this.#add(invalidValue(`${at}.${key}`, value, 'must be a list of strings'))
    return undefined
  }

  #child(schema: Json, place: Place, step: string): SchemaNode {
    return this.node(schema, { at: `${place.at}.${step}`, depth: place.depth + 1, inLogic: place.inLogic })
  }

  #properties(properties: Json | undefined, place: Place): ReadonlyMap<string, SchemaNode> {
    if (properties === undefined || properties === null) return new Map()
    if (!isObject(properties)) {
      this.#add(invalidValue(`${place.at}.properties`, properties, 'must be an object of schemas'))
      return new Map()
    }
    const entries = Object.entries(properties)
    return new Map(entries.map(([name, schema]) => [name, this.#child(schema, place, `properties[${name}]`)]))
  }

  #additional(additional: Json | undefined, place: Place): SchemaNode | true | undefined {
    if (additional === undefined || additional === null) return undefined
    if (additional === true) return true
    if (additional === false) {
      this.#add(forbiddenField(`${place.at}.additionalProperties`, 'additionalProperties cannot be set to false'))
      return undefined
    }
    return this.#child(additional, place, 'additionalProperties')
  }

  #items(items: Json | undefined, place: Place): SchemaNode | undefined {
    if (items === undefined || items === null) return undefined
    if (Array.isArray(items)) {
      this.#add(forbiddenField(`${place.at}.items`, 'items must be a schema object and not an array'))
      return undefined
    }
    return this.#child(items, place, 'items')
  }

  #valueRules(schema: JsonObject, place: Place): ValueRules {
    const { at } = place
    const rules: Record<string, unknown> = {}
    for (const key of ['maximum', 'minimum', 'multipleOf'] as const) {
      const value = schema[key]
      if (value === undefined || value === null) continue
      if (typeof value === 'number' || typeof value === 'bigint') rules[key] = value
      else this.#add(invalidValue(`${at}.${key}`, value, 'must be a number'))
    }
    for (const key of ['maxLength', 'minLength', 'maxItems', 'minItems', 'maxProperties', 'minProperties'] as const) {
      const value = schema[key]
      if (value === undefined || value === null) continue
      if (typeof value === 'number' && Number.isInteger(value) && value >= 0) rules[key] = value
      else this.#add(invalidValue(`${at}.${key}`, value, 'must be an integer of at least 0'))
    }
    for (const key of ['exclusiveMaximum', 'exclusiveMinimum'] as const) {
      if (this.#flag(schema, key, at)) rules[key] = true
    }
    const format = schema['format']
    if (typeof format === 'string' && format !== '') rules['format'] = format
    const pattern = this.#pattern(schema['pattern'], at)
    if (pattern) rules['pattern'] = pattern
    const required = this.#strings(schema, 'required', at)
    if (required && required.length > 0) rules['required'] = required
    const values = schema['enum']
    if (Array.isArray(values)) rules['enum'] = values
    return { ...(rules as ValueRules), ...this.#logic(schema, place) }
  }

  #pattern(pattern: Json | undefined, at: string): Pattern | undefined {
    if (typeof pattern !== 'string' || pattern === '') return undefined
    try {
      return compilePattern(pattern)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#add(invalidValue(`${at}.pattern`, pattern, `must be a valid regular expression, but isn't: ${why}`))
      return undefined
    }
  }

  #logic(schema: JsonObject, place: Place): ValueRules {
    const rules: Record<string, SchemaNode | readonly SchemaNode[]> = {}
    const inside = (item: Json, step: string) =>
      this.node(item, { at: `${place.at}.${step}`, depth: place.depth + 1, inLogic: true })
    for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
      const list = schema[key]
      if (list === undefined || list === null) continue
      if (Array.isArray(list)) rules[key] = list.map((item: Json, i) => inside(item, `${key}[${i}]`))
      else this.#add(invalidValue(`${place.at}.${key}`, list, 'must be a list of schemas'))
    }
    const { not } = schema
    if (not !== undefined && not !== null) rules['not'] = inside(not, 'not')
    return rules
  }

  #celRules(rules: Json | undefined, at: string): readonly CelRule[] {
    if (rules === undefined || rules === null) return []
    const path = `${at}.x-kubernetes-validations`
    if (!Array.isArray(rules)) {
      this.#add(invalidValue(path, rules, 'must be a list of rules'))
      return []
    }
    return rules.filter((rule: Json, i): rule is JsonObject & CelRule => {
      if (isObject(rule) && typeof rule['rule'] === 'string' && rule['rule'].trim() !== '') return true
      this.#add(requiredValue(`${path}[${i}].rule`, 'rule is not specified'))
      return false
    })
  }

  /** Inside the logic only conditions on values may stand; int-or-string needs its two types there. */
  #logicOnly(schema: JsonObject, at: string): void {
    const empty = ['type', 'description', 'title', 'default', 'additionalProperties', 'nullable']
    const extensions = Object.keys(schema).filter(
      (key) => key.startsWith('x-kubernetes-') && key !== 'x-kubernetes-validations',
    )
    for (const key of [...empty, ...extensions]) {
      const value = schema[key]
      if (value === undefined || value === null || value === false || value === '') continue
      if (key === 'type' && isIntOrStringChoice(at, value)) continue
      this.#add(forbiddenField(`${at}.${key}`, `must be ${value === true ? 'false' : 'empty'} to be structural`))
    }
    if (schema['x-kubernetes-validations'] !== undefined) {
      this.#add(forbiddenField(`${at}.x-kubernetes-validations`, 'must be empty to be structural'))
    }
  }

  #structure(node: SchemaNode, schema: JsonObject, place: Place): void {
    const { at } = place
    if (place.isRoot) {
      if (!node.type) this.#add(requiredValue(`${at}.type`, 'must not be empty at the root'))
      else if (node.type !== 'object') {
        this.#add(invalidValue(`${at}.type`, node.type, 'must be object at the root'))
      }
      this.#rootProperties(node, schema)
    } else if (!node.type && !node.intOrString && !node.preserveUnknown) {
      const where = at.endsWith('.items') ? 'array items' : 'object fields'
      this.#add(requiredValue(`${at}.type`, `must not be empty for specified ${where}`))
    }
    if (node.intOrString && node.type) {
      const why = 'must be empty if x-kubernetes-int-or-string is true'
      this.#add(invalidValue(`${at}.type`, node.type, why))
    }
    if (node.embedded && node.type !== 'object') {
      this.#add(invalidValue(`${at}.type`, node.type, 'must be object if x-kubernetes-embedded-resource is true'))
    }
    if (node.embedded && !node.preserveUnknown && node.properties.size === 0) {
      const why =
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
      this.#add(requiredValue(`${at}.properties`, why))
    }
    if (node.properties.size > 0 && node.additional !== undefined) {
      this.#add(
        forbiddenField(`${at}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
      )
    }
    if (node.type === 'array' && !node.items) this.#add(requiredValue(`${at}.items`, 'must be specified'))
    this.#lists(node)
  }

  #rootProperties(node: SchemaNode, schema: JsonObject): void {
    const metadata = node.properties.get('metadata')
    if (metadata) {
      const { properties } = (schema['properties'] as JsonObject)['metadata'] as { properties?: JsonObject }
      const others = Object.keys(properties ?? {}).filter((key) => key !== 'name' && key !== 'generateName')
      if (others.length > 0) {
        const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified'
        this.#add(forbiddenField(metadata.at, why))
      }
    }
    for (const key of ['apiVersion', 'kind']) {
      const child = node.properties.get(key)
      if (child && child.type !== 'string') this.#add(invalidValue(`${child.at}.type`, child.type, 'must be string'))
    }
  }

  #lists(node: SchemaNode): void {
    const { at, listType, listMapKeys, items } = node
    if (listType && node.type !== 'array') {
      const why = 'must be array if x-kubernetes-list-type is specified'
      this.#add(invalidValue(`${at}.type`, node.type ?? '', why))
    }
    const keysAt = `${at}.x-kubernetes-list-map-keys`
    if (listType === 'map') {
      if (listMapKeys.length === 0) {
        this.#add(requiredValue(keysAt, 'must not be empty if x-kubernetes-list-type is map'))
      }
      if (items && items.type !== 'object') {
        const why = `must be object if parent array's x-kubernetes-list-type is map`
        this.#add(invalidValue(`${at}.items.type`, items.type ?? '', why))
      }
      for (const key of listMapKeys) this.#listMapKey(node, key)
    } else if (listMapKeys.length > 0) {
      this.#add(forbiddenField(keysAt, 'must be empty if x-kubernetes-list-type is not map'))
    }
    if (listType === 'set' && items && !isSetItem(items)) {
      const why = 'items of a set must be scalars, or atomic objects or lists'
      this.#add(invalidValue(`${at}.items.type`, items.type ?? '', why))
    }
    if (node.mapType && node.type !== 'object') {
      this.#add(invalidValue(`${at}.type`, node.type ?? '', 'must be object if x-kubernetes-map-type is specified'))
    }
  }

  #listMapKey(node: SchemaNode, key: string): void {
    const { items } = node
    const property = items?.properties.get(key)
    if (!items || !property) {
      const why = 'entries must all be names of item properties'
      this.#add(invalidValue(`${node.at}.x-kubernetes-list-map-keys`, key, why))
      return
    }
    if (property.type === 'object' || property.type === 'array') {
      const why = `must be a scalar type if parent array's x-kubernetes-list-type is map`
      this.#add(invalidValue(`${property.at}.type`, property.type, why))
    }
    if (property.default === undefined && !items.value.required?.includes(key)) {
      const why = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'
      this.#add(requiredValue(`${property.at}.default`, why))
    }
  }

  /** Fields named inside the logic must be declared outside, or pruning would remove what a condition asks for. */
  completeness(node: SchemaNode): void {
    const { allOf = [], anyOf = [], oneOf = [], not } = node.value
    for (const inner of [...allOf, ...anyOf, ...oneOf, ...(not ? [not] : [])]) this.#declared(inner, node)
    for (const child of node.properties.values()) this.completeness(child)
    if (node.items) this.completeness(node.items)
    if (node.additional && node.additional !== true) this.completeness(node.additional)
  }

  #declared(inner: SchemaNode, outer: SchemaNode): void {
    for (const [name, child] of inner.properties) {
      const twin = outer.properties.get(name)
      if (twin) this.#declared(child, twin)
      else this.#add(requiredValue(`${outer.at}.properties[${name}]`, `because it is defined in ${child.at}`))
    }
    if (inner.items) {
      if (outer.items) this.#declared(inner.items, outer.items)
      else this.#add(requiredValue(`${outer.at}.items`, `because it is defined in ${inner.items.at}`))
    }
    const { allOf = [], anyOf = [], oneOf = [], not } = inner.value
    for (const nested of [...allOf, ...anyOf, ...oneOf, ...(not ? [not] : [])]) this.#declared(nested, outer)
  }
}

/** `anyOf: [{type: integer}, {type: string}]`, alone or first in `allOf`: how int-or-string fields were always written. */
function isIntOrStringChoice(at: string, type: Json): boolean {
  return (type === 'integer' && at.endsWith('.anyOf[0]')) || (type === 'string' && at.endsWith('.anyOf[1]'))
}

function isSetItem(items: SchemaNode): boolean {
  if (items.type === 'object') return items.mapType === 'atomic'
  return items.type !== 'array' || items.listType === undefined || items.listType === 'atomic'
}

function emptyNode(at: string): SchemaNode {
  return {
    at,
    nullable: false,
    properties: new Map(),
    defaulted: [],
    preserveUnknown: false,
    embedded: false,
    intOrString: false,
    listMapKeys: [],
    value: {},
    rules: [],
  }
}
