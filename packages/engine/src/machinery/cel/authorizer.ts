/**
 * The variable `authorizer` of admission policies: questions about what a user may do, asked inside an expression.
 *
 * `authorizer.group('apps').resource('deployments').namespace('shop').check('create').allowed()`. Names and failures follow
 * apiserver's `cel/library/authz`. Selectors of fields and labels are taken and change nothing, as with RBAC upstream, which
 * does not know them either.
 */
import type { Environment } from '@marcbachmann/cel-js'
import { dnsLabelProblems, dnsSubdomainProblems } from '../names.ts'

/** What is asked of a resource; '' where a part is not given. */
export interface AccessQuestion {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

/** Who answers: the rights of one user. */
export interface AccessDecider {
  resource(question: AccessQuestion): { readonly allowed: boolean; readonly reason: string }
  path(verb: string, path: string): { readonly allowed: boolean; readonly reason: string }
  serviceAccount(namespace: string, name: string): AccessDecider
}

class PathCheck {
  readonly decider: AccessDecider
  readonly path: string
  constructor(decider: AccessDecider, path: string) {
    this.decider = decider
    this.path = path
  }
}

class GroupCheck {
  readonly decider: AccessDecider
  readonly group: string
  constructor(decider: AccessDecider, group: string) {
    this.decider = decider
    this.group = group
  }
}

type Asked = Omit<AccessQuestion, 'verb'>

class ResourceCheck {
  readonly decider: AccessDecider
  readonly asked: Asked
  constructor(decider: AccessDecider, asked: Asked) {
    this.decider = decider
    this.asked = asked
  }
  with(change: Partial<Asked>): ResourceCheck {
    return new ResourceCheck(this.decider, { ...this.asked, ...change })
  }
}

class Decision {
  readonly allowed: boolean
  readonly reason: string
  constructor({ allowed, reason }: { readonly allowed: boolean; readonly reason: string }) {
    this.allowed = allowed
    this.reason = reason
  }
}

/** A value for the variable; `request` is what `authorizer.requestResource` asks about. */
export class Authorizer {
  readonly decider: AccessDecider
  readonly requestResource: ResourceCheck
  constructor(decider: AccessDecider, request: Asked) {
    this.decider = decider
    this.requestResource = new ResourceCheck(decider, request)
  }
}

const PREFIX = 'kubernetes.authorization'
export const AUTHORIZER_TYPE = `${PREFIX}.Authorizer`

function given(text: string, what: string): string {
  if (text.trim() === '') throw new Error(`${what} must not be empty`)
  return text
}

function accountOf({ decider, requestResource }: Authorizer, namespace: string, name: string): Authorizer {
  const [nameProblem] = dnsSubdomainProblems(name)
  if (nameProblem !== undefined) throw new Error(`Invalid service account name: ${nameProblem}`)
  const [namespaceProblem] = dnsLabelProblems(namespace)
  if (namespaceProblem !== undefined) throw new Error(`Invalid service account namespace: ${namespaceProblem}`)
  return new Authorizer(decider.serviceAccount(namespace, name), requestResource.asked)
}

function resourceOf({ decider, group }: GroupCheck, resource: string): ResourceCheck {
  return new ResourceCheck(decider, {
    group,
    resource: given(resource, 'resource'),
    subresource: '',
    namespace: '',
    name: '',
  })
}

export function registerAuthorizer(environment: Environment): void {
  const [path, group, resource, decision] = ['PathCheck', 'GroupCheck', 'ResourceCheck', 'Decision'].map(
    (name) => `${PREFIX}.${name}`,
  ) as [string, string, string, string]
  environment
    .registerType(path, { ctor: PathCheck, fields: {} })
    .registerType(group, { ctor: GroupCheck, fields: {} })
    .registerType(resource, { ctor: ResourceCheck, fields: {} })
    .registerType(decision, { ctor: Decision, fields: {} })
    .registerType(AUTHORIZER_TYPE, { ctor: Authorizer, fields: { requestResource: resource } })
    .registerFunction(
      `${AUTHORIZER_TYPE}.path(string): ${path}`,
      ({ decider }: Authorizer, text: string) => new PathCheck(decider, given(text, 'path')),
    )
    .registerFunction(
      `${AUTHORIZER_TYPE}.group(string): ${group}`,
      ({ decider }: Authorizer, name: string) => new GroupCheck(decider, name),
    )
    .registerFunction(`${AUTHORIZER_TYPE}.serviceAccount(string, string): ${AUTHORIZER_TYPE}`, accountOf)
    .registerFunction(`${group}.resource(string): ${resource}`, resourceOf)
    .registerFunction(
      `${path}.check(string): ${decision}`,
      (asked: PathCheck, verb: string) =>
        new Decision(asked.decider.path(verb, asked.path.startsWith('/') ? asked.path : `/${asked.path}`)),
    )
    .registerFunction(
      `${resource}.check(string): ${decision}`,
      ({ decider, asked }: ResourceCheck, verb: string) => new Decision(decider.resource({ ...asked, verb })),
    )
    .registerFunction(`${decision}.allowed(): bool`, (one: Decision) => one.allowed)
    .registerFunction(`${decision}.reason(): string`, (one: Decision) => one.reason)
    .registerFunction(`${decision}.errored(): bool`, () => false)
    .registerFunction(`${decision}.error(): string`, () => '')
  for (const field of ['subresource', 'namespace', 'name'] as const) {
    environment.registerFunction(`${resource}.${field}(string): ${resource}`, (check: ResourceCheck, text: string) =>
      check.with({ [field]: text }),
    )
  }
  for (const selector of ['fieldSelector', 'labelSelector']) {
    environment.registerFunction(`${resource}.${selector}(string): ${resource}`, (check: ResourceCheck) => check)
  }
}
