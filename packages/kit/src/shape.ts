import type { FieldError, Json, JsonSchema } from './driver.ts'

/**
 * Checks a value against the part of structural schemas that recipes use: type, properties, required,
 * additionalProperties, items, enum, pattern, minItems, minProperties and maxProperties. As there, a field that is not
 * among the `properties` is unknown without saying so. Reading a recipe through its
 * published schema keeps the two from telling different stories.
 */
export function checkShape(schema: JsonSchema, value: Json | undefined, path: string): FieldError[] {
  const wanted = schema['type']
  if (typeof wanted === 'string' && !hasType(value, wanted)) {
    return [{ path, reason: 'invalid', message: `must be ${wanted}` }]
  }
  if (Array.isArray(value)) return checkItems(schema, value, path)
  if (isRecord(value)) return checkFields(schema, value, path)
  return checkScalar(schema, value, path)
}

export function isRecord(value: Json | undefined): value is { readonly [k: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasType(value: Json | undefined, wanted: string): boolean {
  switch (wanted) {
    case 'object':
      return isRecord(value)
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return typeof value === 'bigint' || Number.isInteger(value)
    default:
      return typeof value === wanted
  }
}

function checkItems(schema: JsonSchema, value: readonly Json[], path: string): FieldError[] {
  const errors: FieldError[] = []
  if (typeof schema['minItems'] === 'number' && value.length < schema['minItems']) {
    errors.push({ path, reason: 'invalid', message: `needs at least ${schema['minItems']} items` })
  }
  const items = schema['items']
  if (isRecord(items)) value.forEach((item, i) => errors.push(...checkShape(items, item, `${path}[${i}]`)))
  return errors
}

function checkFields(schema: JsonSchema, value: { readonly [k: string]: Json }, path: string): FieldError[] {
  const errors: FieldError[] = []
  const properties = isRecord(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  for (const name of required) {
    if (typeof name === 'string' && value[name] === undefined) {
      errors.push({ path: `${path}.${name}`, reason: 'required', message: 'is required' })
    }
  }
  const closed = schema['properties'] !== undefined && schema['x-kubernetes-preserve-unknown-fields'] !== true
  for (const [name, field] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties']
    if (isRecord(known)) errors.push(...checkShape(known, field, `${path}.${name}`))
    else if (closed) errors.push({ path: `${path}.${name}`, reason: 'unknown', message: 'is not a known field' })
  }
  const count = Object.keys(value).length
  const { minProperties, maxProperties } = schema
  if (typeof minProperties === 'number' && count < minProperties) {
    errors.push({ path, reason: 'invalid', message: `needs at least ${minProperties} of its fields` })
  }
  if (typeof maxProperties === 'number' && count > maxProperties) {
    errors.push({ path, reason: 'invalid', message: `takes at most ${maxProperties} of its fields` })
  }
  return errors
}

function checkScalar(schema: JsonSchema, value: Json | undefined, path: string): FieldError[] {
  const allowed = schema['enum']
  if (Array.isArray(allowed) && !allowed.some((a) => a === value)) {
    return [{ path, reason: 'notAllowed', message: `must be one of ${allowed.join(', ')}`, allowed }]
  }
  const pattern = schema['pattern']
  if (typeof pattern === 'string' && typeof value === 'string' && !new RegExp(pattern).test(value)) {
    return [{ path, reason: 'invalid', message: `must match ${pattern}` }]
  }
  return []
}
