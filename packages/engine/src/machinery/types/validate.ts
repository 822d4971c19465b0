/** Checks an object of a built-in kind beyond its types; what to check is data (the type table and rules.ts). */
import type { Json, JsonObject } from '../../base/json.ts'
import { dns1035LabelProblems, dnsLabelProblems, dnsSubdomainProblems, pathSegmentProblems } from '../names.ts'
import { duplicateValue, invalidValue, requiredValue, unsupportedValue } from '../problems.ts'
import type { FieldProblem } from '../status.ts'
import { checkRules, checkTransition } from './kind-rules.ts'
import { ALSO_REQUIRED, FIELD_RULES, KIND_RULES, MAY_BE_EMPTY, type FieldRule, type NameRule } from './rules.ts'
import { TYPE_CHECKS } from './type-checks.ts'
import { structure, type Field, type FieldType, type Structure } from './types.ts'

const NAME_CHECKS: Readonly<Record<NameRule, (name: string) => readonly string[]>> = {
  subdomain: dnsSubdomainProblems,
  label: dnsLabelProblems,
  label1035: dns1035LabelProblems,
  pathSegment: pathSegmentProblems,
}

/** What is wrong with the spelling of a name of this kind, the reasons only. */
export function nameProblems(typeName: string, name: string): readonly string[] {
  return NAME_CHECKS[KIND_RULES[typeName]?.name ?? 'subdomain'](name)
}

/** `old`: the stored object on update. Both are normalized. Metadata is checked elsewhere (metadata.ts). */
export function validateStructure(typeName: string, object: JsonObject, old: JsonObject | undefined): FieldProblem[] {
  const problems: FieldProblem[] = []
  for (const check of checksOf(structure(typeName))) {
    // What a controller writes into status is its own business, as upstream sees it.
    if (check.field.name !== 'metadata' && check.field.name !== 'status') checkField(check, object, '', problems)
  }
  const rules = KIND_RULES[typeName]
  if (rules) {
    checkRules(rules, object, problems)
    if (old) checkTransition(rules, object, old, problems)
  }
  return problems
}

/** What there is to check of one field; fields without anything are left out. */
interface Check {
  readonly field: Field
  readonly required: boolean
  readonly rule: FieldRule | undefined
  readonly values: readonly string[] | undefined
}

const checks = new Map<string, readonly Check[]>()

function checksOf(type: Structure): readonly Check[] {
  let found = checks.get(type.name)
  if (!found) {
    found = type.fields.map((field) => checkOf(type, field)).filter(isUseful)
    checks.set(type.name, found)
  }
  return found
}

function checkOf(type: Structure, field: Field): Check {
  const name = `${type.name}.${field.name}`
  const required =
    (field.required && !MAY_BE_EMPTY.has(name)) || ALSO_REQUIRED[type.name]?.includes(field.name) === true
  const rule = FIELD_RULES[name]
  return { field, required, rule, values: rule?.values ?? field.values }
}

function isUseful({ field, required, rule, values }: Check): boolean {
  return required || rule !== undefined || values !== undefined || holdsStructures(field.type)
}

function holdsStructures(type: FieldType): boolean {
  return type.form === 'list' || type.form === 'map' ? holdsStructures(type.of) : type.form === 'struct'
}

function checkField(check: Check, object: JsonObject, path: string, problems: FieldProblem[]): void {
  const { field, rule, required, values } = check
  const value = object[field.name]
  const at = path === '' ? field.name : `${path}.${field.name}`
  if (value === undefined || value === '') {
    if (required) problems.push(requiredValue(at))
    return
  }
  if (rule) checkRule(rule, value, at, problems)
  checkValue(field.type, values, value, at, problems)
}

function checkRule(rule: FieldRule, value: Json, path: string, problems: FieldProblem[]): void {
  if (rule.between && (Number(value) < rule.between[0] || Number(value) > rule.between[1])) {
    problems.push(invalidValue(path, value, `must be between ${rule.between[0]} and ${rule.between[1]}, inclusive`))
  }
  if (rule.syntax) {
    for (const why of NAME_CHECKS[rule.syntax](String(value))) problems.push(invalidValue(path, value, why))
  }
  if (rule.unique !== undefined) checkUnique(rule.unique, value as readonly JsonObject[], path, problems)
}

function checkUnique(key: string, items: readonly JsonObject[], path: string, problems: FieldProblem[]): void {
  const seen = new Set<Json>()
  for (const [index, item] of items.entries()) {
    const value = item[key]
    if (value === undefined) continue
    if (seen.has(value)) problems.push(duplicateValue(`${path}[${index}].${key}`, value))
    seen.add(value)
  }
}

function checkStructure(typeName: string, object: JsonObject, path: string, problems: FieldProblem[]): void {
  for (const check of checksOf(structure(typeName))) checkField(check, object, path, problems)
  const check = TYPE_CHECKS[typeName]
  if (check) problems.push(...check(object, path))
}

function checkValue(
  type: FieldType,
  values: readonly string[] | undefined,
  value: Json,
  path: string,
  problems: FieldProblem[],
): void {
  if (type.form === 'struct') checkStructure(type.name, value as JsonObject, path, problems)
  else if (type.form === 'list') {
    if (!values && !holdsStructures(type.of)) return
    for (const [index, item] of (value as readonly Json[]).entries()) {
      checkValue(type.of, values, item, `${path}[${index}]`, problems)
    }
  } else if (type.form === 'map') {
    if (!holdsStructures(type.of)) return
    for (const [key, item] of Object.entries(value as JsonObject)) {
      checkValue(type.of, undefined, item, `${path}[${key}]`, problems)
    }
  } else if (values && value !== '' && !values.includes(value as string)) {
    problems.push(unsupportedValue(path, value, values))
  }
}
