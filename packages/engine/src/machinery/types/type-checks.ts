/** Checks of single types that compare fields with each other, which the data of rules.ts cannot say. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { labelProblems } from '../metadata.ts'
import { labelValueProblems, qualifiedNameProblems } from '../names.ts'
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '../problems.ts'
import { checkApiServiceSpec } from './api-service-checks.ts'
import {
  checkBindingSpec,
  checkMatchCondition,
  checkNamedRule,
  checkParamRef,
  checkPolicySpec,
  checkValidation,
  checkVariable,
} from './policy-checks.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import type { FieldProblem } from '../status.ts'

type TypeCheck = (object: JsonObject, path: string) => readonly FieldProblem[]

/** By type of the table; `object` is normalized. */
export const TYPE_CHECKS: Readonly<Record<string, TypeCheck>> = {
  // Templates; the metadata of the object itself is checked by metadata.ts.
  'meta.v1.ObjectMeta': (metadata, path) => labelProblems(metadata['labels'], `${path}.labels`),
  'meta.v1.LabelSelector': (selector, path) => labelProblems(selector['matchLabels'], `${path}.matchLabels`),
  'meta.v1.LabelSelectorRequirement': checkRequirement,
  'core.v1.ResourceRequirements': checkResources,
  'core.v1.ServiceSpec': checkPortNames,
  'batch.v1.CronJobSpec': checkSchedule,
  'rbac.v1.PolicyRule': checkPolicyRule,
  'rbac.v1.Subject': checkSubject,
  'admissionregistration.v1.ValidatingAdmissionPolicySpec': checkPolicySpec,
  'admissionregistration.v1.Validation': checkValidation,
  'admissionregistration.v1.Variable': checkVariable,
  'admissionregistration.v1.MatchCondition': checkMatchCondition,
  'admissionregistration.v1.NamedRuleWithOperations': checkNamedRule,
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec': checkBindingSpec,
  'admissionregistration.v1.ParamRef': checkParamRef,
  'apiregistration.v1.APIServiceSpec': checkApiServiceSpec,
  'admissionregistration.v1.ValidatingWebhook': checkReviewVersions,
  'admissionregistration.v1.WebhookClientConfig': checkClientConfig,
}

function checkClientConfig(config: JsonObject, path: string): FieldProblem[] {
  const { url, service } = config
  if ((url === undefined) === (service === undefined)) {
    return [requiredValue(path, 'exactly one of url or service is required')]
  }
  if (url === undefined) return []
  const format = 'desired format: https://host[/path]'
  if (typeof url !== 'string' || !URL.canParse(url)) {
    return [requiredValue(`${path}.url`, `url must be a valid URL; ${format}`)]
  }
  const { protocol, username, password, hash, search } = new URL(url)
  const whys = [
    ...(protocol === 'https:' ? [] : [`'https' is the only allowed URL scheme; ${format}`]),
    ...(username === '' && password === '' ? [] : ['user information is not permitted in the URL']),
    ...(hash === '' ? [] : ['fragments are not permitted in the URL']),
    ...(search === '' ? [] : ['query parameters are not permitted in the URL']),
  ]
  // Never with its value: it may hold a password.
  return whys.map((why) => forbiddenField(`${path}.url`, why))
}

/** The one version of AdmissionReview that is spoken here. */
function checkReviewVersions(webhook: JsonObject, path: string): FieldProblem[] {
  const versions = (webhook['admissionReviewVersions'] ?? []) as readonly Json[]
  if (versions.length === 0 || versions.includes('v1')) return []
  return [invalidValue(`${path}.admissionReviewVersions`, versions, 'must include at least one of v1')]
}

function checkRequirement(requirement: JsonObject, path: string): FieldProblem[] {
  const { key, operator } = requirement
  const values = (requirement['values'] ?? []) as readonly string[]
  const problems = [
    ...qualifiedNameProblems(String(key)).map((why) => invalidValue(`${path}.key`, key, why)),
    ...values.flatMap((value, index) =>
      labelValueProblems(value).map((why) => invalidValue(`${path}.values[${index}]`, value, why)),
    ),
  ]
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    problems.push(requiredValue(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
    problems.push(forbiddenField(`${path}.values`, why))
  }
  return problems
}

/** One port may be nameless, several must be told apart. */
function checkPortNames(spec: JsonObject, path: string): FieldProblem[] {
  const ports = (spec['ports'] ?? []) as readonly JsonObject[]
  if (ports.length < 2) return []
  return ports.flatMap(({ name }, index) => (name === undefined ? [requiredValue(`${path}.ports[${index}].name`)] : []))
}

function checkResources(resources: JsonObject, path: string): FieldProblem[] {
  const limits = isObject(resources['limits']) ? resources['limits'] : {}
  const requests = isObject(resources['requests']) ? resources['requests'] : {}
  const problems: FieldProblem[] = []
  for (const [name, limit] of Object.entries(limits)) {
    if (quantity(limit).nano < 0n) {
      problems.push(invalidValue(`${path}.limits[${name}]`, limit, 'must be greater than or equal to 0'))
    }
  }
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name]
    const at = `${path}.requests`
    if (quantity(request).nano < 0n) {
      problems.push(invalidValue(`${at}[${name}]`, request, 'must be greater than or equal to 0'))
    }
    if (limit !== undefined && compareQuantities(quantity(request), quantity(limit)) > 0) {
      problems.push(invalidValue(at, request, `must be less than or equal to ${name} limit of ${String(limit)}`))
    }
  }
  return problems
}

const quantity = (value: Json) => parseQuantity(String(value))

/** Only the number of fields: what stands in them is for whoever runs the jobs. */
function checkSchedule(spec: JsonObject, path: string): FieldProblem[] {
  const schedule = String(spec['schedule'] ?? '')
  const fields = schedule.split(/\s+/).filter((field) => field !== '' && !/^(?:CRON_)?TZ=/.test(field))
  if (schedule === '' || schedule.startsWith('@') || fields.length === 5) return []
  const why = `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`
  return [invalidValue(`${path}.schedule`, schedule, why)]
}

function checkPolicyRule(rule: JsonObject, path: string): FieldProblem[] {
  if (rule['nonResourceURLs'] !== undefined) {
    const mixed = ['apiGroups', 'resources', 'resourceNames'].some((field) => rule[field] !== undefined)
    if (!mixed) return []
    const why = 'rules cannot apply to both regular resources and non-resource URLs'
    return [invalidValue(`${path}.nonResourceURLs`, rule['nonResourceURLs'], why)]
  }
  return [
    ...(rule['apiGroups']
      ? []
      : [requiredValue(`${path}.apiGroups`, 'resource rules must supply at least one api group')]),
    ...(rule['resources']
      ? []
      : [requiredValue(`${path}.resources`, 'resource rules must supply at least one resource')]),
  ]
}

function checkSubject(subject: JsonObject, path: string): FieldProblem[] {
  const group = subject['apiGroup'] ?? ''
  const expected = subject['kind'] === 'ServiceAccount' ? '' : 'rbac.authorization.k8s.io'
  return group === expected ? [] : [unsupportedValue(`${path}.apiGroup`, group, [expected])]
}
