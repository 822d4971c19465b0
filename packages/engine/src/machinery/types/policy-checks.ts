/** What an admission policy and its binding must say, beyond types. Texts follow upstream's `admissionregistration/validation`. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { dns1035LabelProblems, dnsSubdomainProblems, pathSegmentProblems, qualifiedNameProblems } from '../names.ts'
import { duplicateValue, forbiddenField, invalidValue, requiredValue, tooMany, unsupportedValue } from '../problems.ts'
import type { FieldProblem } from '../status.ts'

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const listOf = (object: JsonObject, field: string): readonly JsonObject[] =>
  (object[field] ?? []) as readonly JsonObject[]

const MAX_MATCH_CONDITIONS = 64
const MAX_AUDIT_ANNOTATIONS = 20

export function checkPolicySpec(spec: JsonObject, path: string): FieldProblem[] {
  const problems: FieldProblem[] = []
  const constraints = spec['matchConstraints']
  if (!isObject(constraints)) problems.push(requiredValue(`${path}.matchConstraints`))
  else if (listOf(constraints, 'resourceRules').length === 0) {
    problems.push(requiredValue(`${path}.matchConstraints.resourceRules`))
  }
  if (isObject(spec['paramKind'])) checkParamKind(spec['paramKind'], `${path}.paramKind`, problems)
  const conditions = listOf(spec, 'matchConditions')
  if (conditions.length > MAX_MATCH_CONDITIONS) {
    problems.push(tooMany(`${path}.matchConditions`, conditions.length, MAX_MATCH_CONDITIONS))
  }
  checkUnique(conditions, 'name', `${path}.matchConditions`, problems)
  const annotations = listOf(spec, 'auditAnnotations')
  if (listOf(spec, 'validations').length === 0 && annotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item'
    problems.push(requiredValue(`${path}.validations`, why), requiredValue(`${path}.auditAnnotations`, why))
  }
  if (annotations.length > MAX_AUDIT_ANNOTATIONS) {
    const why = `must not have more than ${MAX_AUDIT_ANNOTATIONS} auditAnnotations`
    problems.push(invalidValue(`${path}.auditAnnotations`, annotations, why))
  }
  checkUnique(annotations, 'key', `${path}.auditAnnotations`, problems)
  return problems
}

function checkUnique(items: readonly JsonObject[], key: string, path: string, problems: FieldProblem[]): void {
  const seen = new Set<Json>()
  for (const [i, item] of items.entries()) {
    const value = item[key]
    if (value === undefined) continue
    if (seen.has(value)) problems.push(duplicateValue(`${path}[${i}].${key}`, value))
    seen.add(value)
  }
}

function checkParamKind(kind: JsonObject, path: string, problems: FieldProblem[]): void {
  const apiVersion = textOf(kind['apiVersion'])
  const parts = apiVersion.split('/')
  const at = `${path}.apiVersion`
  if (apiVersion === '') problems.push(requiredValue(at))
  else if (parts.length > 2) {
    problems.push(invalidValue(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  } else {
    const [group, version] = parts.length === 2 ? (parts as [string, string]) : ['', apiVersion]
    if (group !== '') for (const why of dnsSubdomainProblems(group)) problems.push(invalidValue(at, group, why))
    for (const why of dns1035LabelProblems(version)) problems.push(invalidValue(at, version, why))
  }
  const name = textOf(kind['kind'])
  if (name === '') problems.push(requiredValue(`${path}.kind`))
  else {
    for (const why of dns1035LabelProblems(name.toLowerCase())) {
      problems.push(invalidValue(`${path}.kind`, name, `may have mixed case, but should otherwise match: ${why}`))
    }
  }
}

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized']

export function checkValidation(validation: JsonObject, path: string): FieldProblem[] {
  const problems = checkExpression(validation['expression'], `${path}.expression`)
  const { message, messageExpression, reason } = validation
  if (typeof messageExpression === 'string' && messageExpression !== '' && messageExpression.trim() === '') {
    problems.push(invalidValue(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'))
  }
  if (typeof message === 'string' && message !== '') {
    if (message.trim() === '') {
      problems.push(invalidValue(`${path}.message`, message, 'message must be non-empty if specified'))
    } else if (/[\n\r]/.test(message.trim())) {
      problems.push(invalidValue(`${path}.message`, message, 'message must not contain line breaks'))
    }
  }
  if (reason !== undefined && !REASONS.includes(textOf(reason))) {
    problems.push(unsupportedValue(`${path}.reason`, reason, REASONS))
  }
  return problems
}

/** An absent one is found missing by the table. */
function checkExpression(expression: Json | undefined, path: string): FieldProblem[] {
  const isBlank = typeof expression === 'string' && expression !== '' && expression.trim() === ''
  return isBlank ? [requiredValue(path, 'expression is not specified')] : []
}

export function checkVariable(variable: JsonObject, path: string): FieldProblem[] {
  const name = textOf(variable['name'])
  const problems = checkExpression(variable['expression'], `${path}.expression`)
  if (name !== '' && !/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name)) {
    problems.push(invalidValue(`${path}.name`, name, 'name is not a valid CEL identifier'))
  }
  return problems
}

export function checkMatchCondition(condition: JsonObject, path: string): FieldProblem[] {
  const name = textOf(condition['name'])
  const problems = checkExpression(condition['expression'], `${path}.expression`)
  if (name === '') return problems
  return [...problems, ...qualifiedNameProblems(name).map((why) => invalidValue(`${path}.name`, name, why))]
}

export function checkNamedRule(rule: JsonObject, path: string): FieldProblem[] {
  const names = (rule['resourceNames'] ?? []) as readonly string[]
  return names.flatMap((name, i) => [
    ...pathSegmentProblems(name).map((why) => invalidValue(`${path}.resourceNames[${i}]`, name, why)),
    ...(names.indexOf(name) < i ? [duplicateValue(`${path}.resourceNames[${i}]`, name)] : []),
  ])
}

export function checkBindingSpec(spec: JsonObject, path: string): FieldProblem[] {
  const actions = (spec['validationActions'] ?? []) as readonly string[]
  const at = `${path}.validationActions`
  const problems: FieldProblem[] = actions.flatMap((action, i) =>
    actions.indexOf(action) < i ? [duplicateValue(`${at}[${i}]`, action)] : [],
  )
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'
    problems.push(invalidValue(at, actions, why))
  }
  return problems
}

const NOT_FOUND_ACTIONS = ['Deny', 'Allow']

export function checkParamRef(ref: JsonObject, path: string): FieldProblem[] {
  const problems: FieldProblem[] = []
  const name = textOf(ref['name'])
  const action = textOf(ref['parameterNotFoundAction'])
  for (const why of name === '' ? [] : pathSegmentProblems(name)) problems.push(invalidValue(`${path}.name`, name, why))
  if (name !== '' && isObject(ref['selector'])) {
    const why = 'name and selector are mutually exclusive'
    problems.push(forbiddenField(`${path}.name`, why), forbiddenField(`${path}.selector`, why))
  }
  if (name === '' && !isObject(ref['selector'])) {
    problems.push(requiredValue(path, 'one of name or selector must be specified'))
  }
  if (action === '') problems.push(requiredValue(`${path}.parameterNotFoundAction`))
  else if (!NOT_FOUND_ACTIONS.includes(action)) {
    problems.push(unsupportedValue(`${path}.parameterNotFoundAction`, action, NOT_FOUND_ACTIONS))
  }
  return problems
}
