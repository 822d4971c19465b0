/** What an APIService must say, beyond types. Texts follow kube-aggregator's `apiregistration/validation`. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { dns1035LabelProblems, dnsSubdomainProblems } from '../names.ts'
import { invalidValue, requiredValue } from '../problems.ts'
import type { FieldProblem } from '../status.ts'

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

export function checkApiServiceSpec(spec: JsonObject, path: string): FieldProblem[] {
  const problems: FieldProblem[] = []
  const [group, version] = [textOf(spec['group']), textOf(spec['version'])]
  if (group === '' && version !== 'v1') {
    problems.push(requiredValue(`${path}.group`, 'only v1 may have an empty group and it better be legacy kube'))
  }
  if (group !== '') {
    for (const why of dnsSubdomainProblems(group)) problems.push(invalidValue(`${path}.group`, group, why))
  }
  if (version !== '') {
    for (const why of dns1035LabelProblems(version)) problems.push(invalidValue(`${path}.version`, version, why))
  }
  checkPriority(spec, path, 'groupPriorityMinimum', 20_000, problems)
  checkPriority(spec, path, 'versionPriority', 1000, problems)
  if (isObject(spec['service'])) checkRemote(spec, spec['service'], path, problems)
  else checkLocal(spec, path, problems)
  return problems
}

/** An absent one is found missing by the table. */
function checkPriority(spec: JsonObject, path: string, field: string, most: number, problems: FieldProblem[]): void {
  const value = spec[field]
  if (value === undefined || (Number(value) > 0 && Number(value) <= most)) return
  problems.push(invalidValue(`${path}.${field}`, value, `must be positive and less than ${most}`))
}

function checkRemote(spec: JsonObject, service: JsonObject, path: string, problems: FieldProblem[]): void {
  for (const field of ['namespace', 'name']) {
    if (textOf(service[field]) === '') problems.push(requiredValue(`${path}.service.${field}`))
  }
  if (spec['insecureSkipTLSVerify'] === true && textOf(spec['caBundle']) !== '') {
    problems.push(invalidValue(`${path}.insecureSkipTLSVerify`, true, 'may not be true if caBundle is present'))
  }
}

function checkLocal(spec: JsonObject, path: string, problems: FieldProblem[]): void {
  const caBundle = textOf(spec['caBundle'])
  if (caBundle !== '') {
    const bytes = `${Buffer.from(caBundle, 'base64').length} bytes`
    problems.push(invalidValue(`${path}.caBundle`, bytes, 'local APIServices may not have a caBundle'))
  }
  if (spec['insecureSkipTLSVerify'] === true) {
    const why = 'local APIServices may not have insecureSkipTLSVerify'
    problems.push(invalidValue(`${path}.insecureSkipTLSVerify`, true, why))
  }
}
