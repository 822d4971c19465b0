/** Checks an object of a built-in kind beyond its types; what to check is data (the type table and rules.ts). */
import { equalJson, isObject, type Json, type JsonObject } from '../../base/json.ts'
import {
  configKeyProblems,
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  pathSegmentProblems,
} from '../names.ts'
import { invalidValue, requiredValue, unsupportedValue } from '../problems.ts'
import type { FieldProblem } from '../status.ts'
import { ALSO_REQUIRED, KIND_RULES, MAY_BE_EMPTY, type KindRules, type NameRule } from './rules.ts'
import { structure, type Field, type FieldType, type Structure } from './types.ts'

const NAME_CHECKS: Readonly<Record<NameRule, (name: string) => readonly string[]>> = {
  subdomain: dnsSubdomainProblems,
  label: dnsLabelProblems,
  label1035: dns1035LabelProblems,
  pathSegment: pathSegmentProblems,
  none: () => [],
}

/** What is wrong with the spelling of a name of this kind, the reasons only. */
export function nameProblems(typeName: string, name: string): readonly string[] {
  return NAME_CHECKS[KIND_RULES[typeName]?.name ?? 'subdomain'](name)
}

/** `old`: the stored object on update. Both are normalized. Metadata is checked elsewhere (metadata.ts). */
export function validateStructure(typeName: string, object: JsonObject, old: JsonObject | undefined): FieldProblem[] {
  const problems: FieldProblem[] = []
  const type = structure(typeName)
  checkFields(type, object, '', problems, (field) => field.name !== 'metadata' && field.name !== 'status')
  const rules = KIND_RULES[typeName]
  if (rules) {
    checkRules(rules, object, problems)
    if (old) checkTransition(rules, object, old, problems)
  }
  return problems
}

function checkFields(
  type: Structure,
  object: JsonObject,
  path: string,
  problems: FieldProblem[],
  include: (field: Field) => boolean = () => true,
): void {
  const alsoRequired = ALSO_REQUIRED[type.name]
  for (const field of type.fields) {
    if (!include(field)) continue
    const value = object[field.name]
    const at = path === '' ? field.name : `${path}.${field.name}`
    const required =
      (field.required && !MAY_BE_EMPTY.has(`${type.name}.${field.name}`)) || alsoRequired?.includes(field.name)
    if (required && (value === undefined || value === '')) problems.push(requiredValue(at))
    else if (value !== undefined) checkValue(field.type, field.values, value, at, problems)
  }
}

function checkValue(
  type: FieldType,
  values: readonly string[] | undefined,
  value: Json,
  path: string,
  problems: FieldProblem[],
): void {
  if (type.form === 'struct') checkFields(structure(type.name), value as JsonObject, path, problems)
  else if (type.form === 'list') {
    if (type.of.form !== 'struct' && !values) return
    for (const [index, item] of (value as readonly Json[]).entries()) {
      checkValue(type.of, values, item, `${path}[${index}]`, problems)
    }
  } else if (type.form === 'map') {
    if (type.of.form === 'struct') {
      for (const [key, item] of Object.entries(value as JsonObject)) {
        checkValue(type.of, undefined, item, `${path}[${key}]`, problems)
      }
    }
  } else if (values && value !== '' && !values.includes(value as string)) {
    problems.push(unsupportedValue(path, value, values))
  }
}

function checkRules(rules: KindRules, object: JsonObject, problems: FieldProblem[]): void {
  for (const path in rules.allowed) {
    const value = read(object, path)
    const values = rules.allowed[path]!
    if (value !== undefined && !values.includes(value as string)) problems.push(unsupportedValue(path, value, values))
  }
  for (const path in rules.atLeast) {
    const value = read(object, path)
    const least = rules.atLeast[path]!
    if (value !== undefined && Number(value) < least) {
      const why = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0'
      problems.push(invalidValue(path, value, why))
    }
  }
  if (rules.files) checkFiles(rules.files, object, problems)
  if (rules.dataKeysByType) checkDataKeys(rules.dataKeysByType, object, problems)
  if (rules.selectsTemplate) checkSelector(rules.selectsTemplate, object, problems)
}

/** Never shows a value: it may be a secret. */
function checkFiles(rule: NonNullable<KindRules['files']>, object: JsonObject, problems: FieldProblem[]): void {
  let total = 0
  const seen = new Set<string>()
  for (const path of rule.paths) {
    const files = object[path]
    if (!isObject(files)) continue
    for (const [key, value] of Object.entries(files)) {
      for (const why of configKeyProblems(key)) problems.push(invalidValue(`${path}[${key}]`, key, why))
      if (seen.has(key))
        problems.push(invalidValue(`${path}[${key}]`, key, `duplicate of key present in ${rule.paths[0]}`))
      seen.add(key)
      total += Buffer.byteLength(value as string, rule.base64.includes(path) ? 'base64' : 'utf8')
    }
  }
  if (total > rule.maxBytes) {
    const path = rule.paths.length > 1 ? '[]' : rule.paths[0]!
    problems.push({
      path: path === '[]' ? '' : path,
      reason: 'FieldValueTooLong',
      detail: `Too long: may not be more than ${rule.maxBytes} bytes`,
    })
  }
}

function checkDataKeys(
  rule: NonNullable<KindRules['dataKeysByType']>,
  object: JsonObject,
  problems: FieldProblem[],
): void {
  const keys = rule[object['type'] as string] ?? []
  const data = isObject(object['data']) ? object['data'] : {}
  for (const key of keys) if (!Object.hasOwn(data, key)) problems.push(requiredValue(`data[${key}]`))
}

function checkSelector(kind: 'labelSelector' | 'map', object: JsonObject, problems: FieldProblem[]): void {
  const selector = read(object, 'spec.selector')
  const labels = read(object, 'spec.template.metadata.labels')
  if (!isObject(selector)) {
    if (kind === 'map') problems.push(requiredValue('spec.selector'))
    return
  }
  if (Object.keys(selector).length === 0) {
    problems.push(invalidValue('spec.selector', selector, `empty selector is invalid for ${describeKind(object)}`))
  } else if (!matches(kind === 'map' ? { matchLabels: selector } : selector, isObject(labels) ? labels : {})) {
    problems.push(
      invalidValue('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
    )
  }
}

const describeKind = (object: JsonObject): string => String(object['kind'] ?? 'the object').toLowerCase()

function matches(selector: JsonObject, labels: JsonObject): boolean {
  const exact = isObject(selector['matchLabels']) ? Object.entries(selector['matchLabels']) : []
  const expressions = Array.isArray(selector['matchExpressions']) ? (selector['matchExpressions'] as JsonObject[]) : []
  return exact.every(([key, value]) => labels[key] === value) && expressions.every((one) => holds(one, labels))
}

function holds(expression: JsonObject, labels: JsonObject): boolean {
  const label = labels[expression['key'] as string]
  const values = (expression['values'] ?? []) as readonly Json[]
  const operator = expression['operator']
  if (operator === 'In') return label !== undefined && values.includes(label)
  if (operator === 'NotIn') return label === undefined || !values.includes(label)
  return operator === 'Exists' ? label !== undefined : label === undefined
}

const IMMUTABLE_TEXT = 'field is immutable'

function checkTransition(rules: KindRules, object: JsonObject, old: JsonObject, problems: FieldProblem[]): void {
  for (const path of rules.immutable ?? []) {
    const value = read(object, path)
    if (equalJson(value, read(old, path))) continue
    problems.push(invalidValue(path, value ?? null, rules.immutableText?.[path] ?? IMMUTABLE_TEXT))
  }
  if (rules.frozenWhenImmutable && old['immutable'] === true) {
    const why = 'field is immutable when `immutable` is set'
    for (const path of ['immutable', ...rules.frozenWhenImmutable]) {
      if (equalJson(object[path], old[path])) continue
      problems.push({ path, reason: 'FieldValueForbidden', detail: `Forbidden: ${why}` })
    }
  }
}

function read(object: JsonObject, path: string): Json | undefined {
  let at: Json | undefined = object
  for (const part of path.split('.')) at = isObject(at) ? at[part] : undefined
  return at
}
