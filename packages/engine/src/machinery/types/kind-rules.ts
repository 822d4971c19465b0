/** Applies the rules of one kind (rules.ts) to a whole object. */
import { equalJson, isObject, type Json, type JsonObject } from '../../base/json.ts'
import { configKeyProblems } from '../names.ts'
import { forbiddenField, invalidValue, requiredValue, tooLong, unsupportedValue } from '../problems.ts'
import { labelSelectorOf } from '../selectors.ts'
import type { FieldProblem } from '../status.ts'
import type { KindRules } from './rules.ts'

export function checkRules(rules: KindRules, object: JsonObject, problems: FieldProblem[]): void {
  for (const path in rules.allowed) {
    const value = read(object, path)
    const values = rules.allowed[path]!
    if (value !== undefined && !values.includes(value as string)) problems.push(unsupportedValue(path, value, values))
  }
  for (const path in rules.atLeast) {
    const value = read(object, path)
    const least = rules.atLeast[path]!
    if (value !== undefined && Number(value) < least) {
      problems.push(invalidValue(path, value, `must be greater than or equal to ${least}`))
    }
  }
  for (const { path, when } of rules.requiredWhen ?? []) checkPresent(path, when, object, problems)
  if (rules.nameOf) checkName(rules.nameOf, object, problems)
  if (rules.files) checkFiles(rules.files, object, problems)
  if (rules.dataKeysByType) checkDataKeys(rules.dataKeysByType, object, problems)
  if (rules.selectsTemplate) checkSelector(rules.selectsTemplate, object, problems)
}

type When = Readonly<Record<string, readonly Json[]>>

function checkPresent(path: string, when: When, object: JsonObject, problems: FieldProblem[]): void {
  const applies = Object.entries(when).every(([other, values]) => values.includes(read(object, other) ?? null))
  if (applies && (read(object, path) ?? '') === '') problems.push(requiredValue(path.replace(ANNOTATION, '$1[$2]')))
}

function checkName(paths: readonly string[], object: JsonObject, problems: FieldProblem[]): void {
  const expected = paths.map((path) => String(read(object, path) ?? '')).join('.')
  const name = read(object, 'metadata.name')
  if (name === expected) return
  const why = `must be \`${paths.join('+"."+')}\`: ${JSON.stringify(expected)}`
  problems.push(invalidValue('metadata.name', name, why))
}

/** Never shows a value: it may be a secret. */
function checkFiles(rule: NonNullable<KindRules['files']>, object: JsonObject, problems: FieldProblem[]): void {
  let bytes = 0
  const seen = new Set<string>()
  for (const path of rule.paths) {
    const files = object[path]
    if (!isObject(files)) continue
    for (const [key, value] of Object.entries(files)) {
      for (const why of configKeyProblems(key)) problems.push(invalidValue(`${path}[${key}]`, key, why))
      if (seen.has(key)) {
        problems.push(invalidValue(`${path}[${key}]`, key, `duplicate of key present in ${rule.paths[0]}`))
      }
      seen.add(key)
      bytes += Buffer.byteLength(value as string, rule.base64.includes(path) ? 'base64' : 'utf8')
    }
  }
  if (bytes > rule.maxBytes) problems.push(tooLong(rule.paths.length > 1 ? '[]' : rule.paths[0]!, rule.maxBytes))
}

type KeysByType = NonNullable<KindRules['dataKeysByType']>

function checkDataKeys(rule: KeysByType, object: JsonObject, problems: FieldProblem[]): void {
  const keys = rule[object['type'] as string] ?? []
  const data = isObject(object['data']) ? object['data'] : {}
  for (const key of keys) if (!Object.hasOwn(data, key)) problems.push(requiredValue(`data[${key}]`))
}

function checkSelector(kind: 'labelSelector' | 'map', object: JsonObject, problems: FieldProblem[]): void {
  const selector = read(object, 'spec.selector')
  const template = read(object, 'spec.template')
  if (!isObject(selector)) {
    // A label selector is a pointer, which the walk over the fields has already found missing.
    if (kind === 'map') problems.push(requiredValue('spec.selector'))
    return
  }
  // Matching by a selector that is wrong in itself would only say the same once more.
  if (!isObject(template) || problems.some(({ path }) => path.startsWith('spec.selector'))) return
  const labels = (read(template, 'metadata.labels') ?? {}) as Record<string, string>
  const named = String(object['kind'] ?? 'the object').toLowerCase()
  if (Object.keys(selector).length === 0) {
    problems.push(invalidValue('spec.selector', selector, `empty selector is invalid for ${named}`))
  } else if (!labelSelectorOf(kind === 'map' ? { matchLabels: selector as never } : selector).matches(labels)) {
    problems.push(invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'))
  }
}

const IMMUTABLE = 'field is immutable'

/** What an update may not change. */
export function checkTransition(rules: KindRules, object: JsonObject, old: JsonObject, problems: FieldProblem[]): void {
  for (const path of rules.immutable ?? []) {
    const value = read(object, path)
    if (equalJson(value, read(old, path))) continue
    problems.push(invalidValue(path, value ?? null, rules.immutableText?.[path] ?? IMMUTABLE))
  }
  if (
    rules.mutable &&
    !equalJson(without(object['spec'], rules.mutable.fields), without(old['spec'], rules.mutable.fields))
  ) {
    problems.push(forbiddenField('spec', rules.mutable.why))
  }
  if (!rules.frozenWhenImmutable || old['immutable'] !== true) return
  for (const path of ['immutable', ...rules.frozenWhenImmutable]) {
    if (equalJson(object[path], old[path])) continue
    problems.push(forbiddenField(path, 'field is immutable when `immutable` is set'))
  }
}

/** A copy of the spec without the fields; `list[].field` is left out of each item. */
function without(spec: Json | undefined, fields: readonly string[]): Json {
  const rest: Record<string, Json> = isObject(spec) ? { ...spec } : {}
  for (const path of fields) {
    const [name, field] = path.split('[].') as [string, string | undefined]
    const list = rest[name]
    if (field === undefined) delete rest[name]
    else if (Array.isArray(list)) rest[name] = list.map((item: Json) => without(item, [field]))
  }
  return rest
}

/** Annotations have dots in their names: what follows `metadata.annotations.` is one name. */
const ANNOTATION = /^(metadata\.annotations)\.(.*)$/

function read(object: JsonObject, path: string): Json | undefined {
  const annotation = ANNOTATION.exec(path)
  const parts = annotation ? ['metadata', 'annotations', annotation[2]!] : path.split('.')
  let at: Json | undefined = object
  for (const part of parts) at = isObject(at) ? at[part] : undefined
  return at
}
