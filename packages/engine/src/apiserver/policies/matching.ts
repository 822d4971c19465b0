/** Whether a request is what a policy or its binding is about: `matchConstraints`, `matchResources`. Pure. */
import type { JsonObject } from '../../base/json.ts'
import type { Resource } from '../../machinery/shape.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE'

/** admissionregistration.k8s.io/v1 NamedRuleWithOperations, with its defaults. */
interface Rule {
  readonly operations?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly apiVersions?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly scope?: string
}

/** admissionregistration.k8s.io/v1 MatchResources, with its defaults. */
export interface MatchResources {
  readonly resourceRules?: readonly Rule[]
  readonly excludeResourceRules?: readonly Rule[]
  readonly matchPolicy?: string
  readonly namespaceSelector?: JsonObject
  readonly objectSelector?: JsonObject
}

export interface Asked {
  readonly operation: Operation
  readonly subresource: string
  readonly name: string
  /** The resource of the request first, then the others that show the same objects. */
  readonly resources: readonly [Resource, ...Resource[]]
}

/** The resource at which the request matches: its own, or an equivalent one; undefined: it does not. */
export function matchedResource(match: MatchResources, asked: Asked): Resource | undefined {
  const { resourceRules = [], excludeResourceRules = [], matchPolicy } = match
  const exact = matchPolicy === 'Exact'
  if (firstMatch(excludeResourceRules, asked, exact)) return undefined
  return resourceRules.length === 0 ? asked.resources[0] : firstMatch(resourceRules, asked, exact)
}

function firstMatch(rules: readonly Rule[], asked: Asked, exact: boolean): Resource | undefined {
  const candidates = exact ? asked.resources.slice(0, 1) : asked.resources
  return candidates.find((resource) => rules.some((rule) => ruleMatches(rule, resource, asked)))
}

function ruleMatches(rule: Rule, resource: Resource, { operation, subresource, name }: Asked): boolean {
  const { resourceNames = [] } = rule
  return (
    holds(rule.operations, operation) &&
    holds(rule.apiGroups, resource.group) &&
    holds(rule.apiVersions, resource.version) &&
    (rule.resources ?? []).some((pattern) => namesResource(pattern, resource.resource, subresource)) &&
    hasScope(rule.scope, resource) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  )
}

const holds = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value))

/** `pods`, `pods/status`, `*`, `pods/*`, `*` + `/scale`: without a slash it is the resource alone. */
function namesResource(pattern: string, resource: string, subresource: string): boolean {
  const slash = pattern.indexOf('/')
  const [main, sub] = slash < 0 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)]
  return (main === '*' || main === resource) && (sub === '*' || sub === subresource)
}

function hasScope(scope: string | undefined, { namespaced }: Resource): boolean {
  return scope === undefined || scope === '*' || (scope === 'Namespaced') === namespaced
}
