/**
 * Validation of a value by its schema, compiled to closures once. Texts are those of go-openapi as the API server
 * passes them on; lengths count code points.
 *
 * Ratcheting: on update a part of the object that is equal to its stored twin is not judged again, so that a stricter
 * schema does not lock people out of objects that were valid when made. Fields correlate by name, items only in lists of type `map`.
 */
import { equalJson, isObject, stringifyJson, type Json, type JsonObject } from '../../base/json.ts'
import {
  duplicateValue,
  invalidType,
  invalidValue,
  requiredValue,
  tooLong,
  tooMany,
  unsupportedValue,
} from '../problems.ts'
import type { FieldProblem } from '../status.ts'
import { canonical, indexByKeys, keyOf } from './list-keys.ts'
import { formatCheck } from './formats.ts'
import type { SchemaNode, SchemaType, ValueRules } from './node.ts'

/** `old` is the stored twin, to ratchet by; undefined: judge everything. */
export type Check = (value: Json, path: string, old: Json | undefined, problems: FieldProblem[]) => void

/** The check of a node and everything below it. */
export function compileCheck(node: SchemaNode): Check {
  const own = ownChecks(node)
  const type = node.intOrString ? (['integer', 'string'] as const) : node.type ? ([node.type] as const) : undefined
  const { nullable } = node
  return (value, path, old, problems) => {
    if (old !== undefined && equalJson(value, old)) return
    if (value === null && nullable) return
    if (type && !type.some((name) => isOfType(value, name))) {
      const found = typeName(value)
      const why = `${inBody(path)} must be of type ${type.join(',')}: "${found}"`
      problems.push(invalidType(placeOf(path), found, why))
      return
    }
    for (const check of own) check(value, path, old, problems)
  }
}

/** Upstream prints a nil path where the object itself is meant. */
const placeOf = (path: string) => (path === '' ? '<nil>' : path)
const inBody = (path: string) => `${path === '' ? '""' : path} in body`

function isOfType(value: Json, type: SchemaType): boolean {
  switch (type) {
    case 'integer':
      return typeof value === 'bigint' || Number.isInteger(value)
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint'
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'string':
    case 'boolean':
      break
  }
  return typeof value === type
}

function typeName(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value === 'bigint' ? 'integer' : typeof value
}

function ownChecks(node: SchemaNode): readonly Check[] {
  const checks: Check[] = []
  const { value: rules } = node
  if (rules.enum) checks.push(enumCheck(rules.enum))
  if (rules.maximum !== undefined || rules.minimum !== undefined || rules.multipleOf !== undefined) {
    checks.push(numberCheck(rules))
  }
  if (rules.maxLength !== undefined || rules.minLength !== undefined) checks.push(lengthCheck(rules))
  if (rules.pattern) checks.push(patternCheck(rules.pattern))
  if (rules.format !== undefined) checks.push(...formatChecks(rules.format))
  if (node.items || rules.maxItems !== undefined || rules.minItems !== undefined) checks.push(listCheck(node))
  if (node.listType === 'set') checks.push(setCheck)
  if (node.listType === 'map') checks.push(mapKeysCheck(node.listMapKeys))
  checks.push(...objectChecks(node))
  checks.push(...logicChecks(rules))
  return checks
}

function enumCheck(allowed: readonly Json[]): Check {
  return (value, path, _old, problems) => {
    if (!allowed.some((item) => equalJson(item, value))) problems.push(unsupportedValue(placeOf(path), value, allowed))
  }
}

function numberCheck(rules: ValueRules): Check {
  const { maximum, minimum, multipleOf, exclusiveMaximum, exclusiveMinimum } = rules
  return (value, path, _old, problems) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') return
    const refuse = (why: string) =>
      problems.push(invalidValue(placeOf(path), value, `${inBody(path)} should be ${why}`))
    if (maximum !== undefined) {
      if (exclusiveMaximum ? value >= maximum : value > maximum) {
        refuse(`less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`)
      }
    }
    if (minimum !== undefined) {
      if (exclusiveMinimum ? value <= minimum : value < minimum) {
        refuse(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`)
      }
    }
    if (multipleOf !== undefined && !isMultiple(value, multipleOf)) refuse(`a multiple of ${multipleOf}`)
  }
}

function isMultiple(value: number | bigint, factor: number | bigint): boolean {
  if (Number.isInteger(Number(factor)) && (typeof value === 'bigint' || Number.isInteger(value))) {
    return Number(factor) !== 0 && BigInt(value) % BigInt(factor) === 0n
  }
  const quotient = Number(value) / Number(factor)
  return Math.abs(quotient - Math.round(quotient)) < 1e-9
}

function lengthCheck({ maxLength, minLength }: ValueRules): Check {
  return (value, path, _old, problems) => {
    if (typeof value !== 'string') return
    // UTF-16 units bound the code points from above, half of them from below: most texts need no counting.
    const units = value.length
    const length = units <= (maxLength ?? units) && units / 2 >= (minLength ?? 0) ? undefined : codePoints(value)
    if (length === undefined) return
    if (maxLength !== undefined && length > maxLength) problems.push(tooLong(placeOf(path), maxLength))
    if (minLength !== undefined && length < minLength) {
      const why = `${inBody(path)} should be at least ${minLength} chars long`
      problems.push(invalidValue(placeOf(path), value, why))
    }
  }
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function patternCheck(pattern: NonNullable<ValueRules['pattern']>): Check {
  return (value, path, _old, problems) => {
    if (typeof value !== 'string' || pattern.test(value)) return
    problems.push(invalidValue(placeOf(path), value, `${inBody(path)} should match '${pattern.source}'`))
  }
}

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
}

function formatChecks(format: string): readonly Check[] {
  const range = Object.hasOwn(RANGES, format) ? RANGES[format] : undefined
  const isGood = formatCheck(format)
  if (range) {
    return [
      (value, path, _old, problems) => {
        if ((typeof value !== 'number' && typeof value !== 'bigint') || (value >= range[0] && value <= range[1])) return
        const why = `Checked value must be of type integer with format ${format}`
        problems.push(invalidValue(placeOf(path), value, why))
      },
    ]
  }
  if (!isGood) return []
  return [
    (value, path, _old, problems) => {
      if (typeof value !== 'string' || isGood(value)) return
      const why = `${inBody(path)} must be of type ${format}`
      const problem = invalidType(placeOf(path), value, `${why}: ${stringifyJson(value)}`)
      problems.push({ ...problem, why: `Invalid value: ${why}` })
    },
  ]
}

function listCheck(node: SchemaNode): Check {
  const { maxItems, minItems } = node.value
  const check = node.items && compileCheck(node.items)
  const keys = node.listType === 'map' ? node.listMapKeys : undefined
  return (value, path, old, problems) => {
    if (!Array.isArray(value)) return
    const list = value as readonly Json[]
    if (maxItems !== undefined && list.length > maxItems) {
      problems.push(tooMany(placeOf(path), list.length, maxItems))
    }
    if (minItems !== undefined && list.length < minItems) {
      const why = `${inBody(path)} should have at least ${minItems} items`
      problems.push(invalidValue(placeOf(path), list.length, why))
    }
    if (!check) return
    const twins = keys && Array.isArray(old) ? indexByKeys(old, keys) : undefined
    for (let i = 0; i < list.length; i++) {
      const item = list[i]!
      check(item, `${path}[${i}]`, twins && keys && twins.get(keyOf(item, keys)), problems)
    }
  }
}

const setCheck: Check = (value, path, _old, problems) => {
  if (!Array.isArray(value)) return
  const seen = new Set<string>()
  for (const [i, item] of (value as readonly Json[]).entries()) {
    const key = stringifyJson(canonical(item))
    if (seen.has(key)) problems.push(duplicateValue(`${path}[${i}]`, item))
    seen.add(key)
  }
}

function mapKeysCheck(keys: readonly string[]): Check {
  return (value, path, _old, problems) => {
    if (!Array.isArray(value)) return
    const seen = new Set<string>()
    for (const [i, item] of (value as readonly Json[]).entries()) {
      if (!isObject(item)) continue
      const identity = keyOf(item, keys)
      if (seen.has(identity)) {
        const shown = Object.fromEntries(keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]!]))
        problems.push(duplicateValue(`${path}[${i}]`, shown))
      }
      seen.add(identity)
    }
  }
}

function objectChecks(node: SchemaNode): readonly Check[] {
  const { required, maxProperties, minProperties } = node.value
  const fields = [...node.properties].map(([name, child]) => [name, compileCheck(child)] as const)
  const others = node.additional && node.additional !== true ? compileCheck(node.additional) : undefined
  const checks: Check[] = []
  if (required || maxProperties !== undefined || minProperties !== undefined) checks.push(sizeCheck(node.value))
  if (node.embedded) checks.push(embeddedCheck)
  if (fields.length > 0) {
    checks.push((value, path, old, problems) => {
      if (!isObject(value)) return
      const twin = isObject(old) ? old : undefined
      for (const [name, check] of fields) {
        const item = value[name]
        if (item !== undefined) check(item, below(path, name), twin?.[name], problems)
      }
    })
  }
  if (others) {
    checks.push((value, path, old, problems) => {
      if (!isObject(value)) return
      const twin = isObject(old) ? old : undefined
      for (const name of Object.keys(value)) others(value[name]!, below(path, name), twin?.[name], problems)
    })
  }
  return checks
}

const below = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)

function sizeCheck({ required = [], maxProperties, minProperties }: ValueRules): Check {
  return (value, path, _old, problems) => {
    if (!isObject(value)) return
    for (const name of required) {
      if (!Object.hasOwn(value, name)) problems.push(requiredValue(below(path, name)))
    }
    if (maxProperties === undefined && minProperties === undefined) return
    const size = Object.keys(value).length
    if (maxProperties !== undefined && size > maxProperties) problems.push(tooMany(placeOf(path), size, maxProperties))
    if (minProperties !== undefined && size < minProperties) {
      const why = `${inBody(path)} should have at least ${minProperties} properties`
      problems.push(invalidValue(placeOf(path), size, why))
    }
  }
}

/** An embedded resource says what it is. */
const embeddedCheck: Check = (value, path, _old, problems) => {
  if (!isObject(value)) return
  for (const name of ['apiVersion', 'kind'] as const) {
    const item = value[name]
    if (item === undefined || item === '') problems.push(requiredValue(below(path, name), 'must not be empty'))
    else if (typeof item !== 'string') problems.push(invalidType(below(path, name), item, 'must be a string'))
  }
  const { metadata } = value
  if (metadata !== undefined && !isObject(metadata)) {
    problems.push(invalidType(below(path, 'metadata'), metadata, 'must be an object'))
  }
}

const say = (path: string, why: string) => invalidValue(placeOf(path), '', `"${path}" must ${why}`)

/** The logic judges the whole value: an unchanged part inside a changed one may still decide which branch holds. */
function logicChecks(rules: ValueRules): readonly Check[] {
  const checks: Check[] = []
  const judge = (check: Check, value: Json, path: string): FieldProblem[] => {
    const problems: FieldProblem[] = []
    check(value, path, undefined, problems)
    return problems
  }
  for (const check of (rules.allOf ?? []).map(compileCheck)) {
    checks.push((value, path, _old, problems) => {
      const found = judge(check, value, path)
      if (found.length > 0) problems.push(say(path, 'validate all the schemas (allOf)'), ...found)
    })
  }
  if (rules.anyOf && rules.anyOf.length > 0) {
    const branches = rules.anyOf.map(compileCheck)
    checks.push((value, path, _old, problems) => {
      const results = branches.map((check) => judge(check, value, path))
      if (results.some((found) => found.length === 0)) return
      problems.push(say(path, 'validate at least one schema (anyOf)'), ...fewest(results))
    })
  }
  if (rules.oneOf && rules.oneOf.length > 0) {
    const branches = rules.oneOf.map(compileCheck)
    checks.push((value, path, _old, problems) => {
      const results = branches.map((check) => judge(check, value, path))
      const valid = results.filter((found) => found.length === 0).length
      if (valid === 1) return
      const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`
      problems.push(say(path, `validate one and only one schema (oneOf). ${found}`))
      if (valid === 0) problems.push(...fewest(results))
    })
  }
  if (rules.not) {
    const check = compileCheck(rules.not)
    checks.push((value, path, _old, problems) => {
      if (judge(check, value, path).length === 0) problems.push(say(path, 'not validate the schema (not)'))
    })
  }
  return checks
}

/** Problems of the branch that came closest: what most likely was meant. */
function fewest(results: readonly FieldProblem[][]): readonly FieldProblem[] {
  return results.reduce((best, found) => (found.length < best.length ? found : best))
}

/** Problems of a value; with `old`, only of what changed. */
export function runCheck(check: Check, value: JsonObject, old: JsonObject | undefined): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  check(value, '', undefined, problems)
  // Nearly all objects are valid, and comparing with the stored twin costs more than judging.
  if (problems.length === 0 || old === undefined) return problems
  const changed: FieldProblem[] = []
  check(value, '', old, changed)
  return changed
}
