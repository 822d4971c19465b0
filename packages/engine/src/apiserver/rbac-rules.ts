/** Rules of one role, compiled. Matching follows upstream's `rbac/v1` evaluation helpers. */
import type { Attributes } from './rbac.ts'

export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

interface Compiled {
  readonly verbs: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  readonly resources: ReadonlySet<string>
  /** Absent: any name, and none. */
  readonly names: ReadonlySet<string> | undefined
  readonly paths: readonly string[]
}

export class RuleSet {
  readonly rules: readonly PolicyRule[]
  readonly #compiled: readonly Compiled[]

  constructor(rules: readonly PolicyRule[]) {
    this.rules = rules
    this.#compiled = rules.map((rule) => ({
      verbs: new Set(rule.verbs),
      groups: new Set(rule.apiGroups),
      resources: new Set(rule.resources),
      names: rule.resourceNames?.length ? new Set(rule.resourceNames) : undefined,
      paths: rule.nonResourceURLs ?? [],
    }))
  }

  /** A rule with resourceNames grants nothing to a request without a name: create, deletecollection, a plain list. */
  allows({ verb, group, resource, subresource, name }: Attributes): boolean {
    return this.#compiled.some(
      (rule) =>
        hasOrStar(rule.verbs, verb) &&
        hasOrStar(rule.groups, group) &&
        coversResource(rule.resources, resource, subresource) &&
        (rule.names === undefined || (name !== undefined && rule.names.has(name))),
    )
  }

  allowsPath(verb: string, path: string): boolean {
    return this.#compiled.some((rule) => hasOrStar(rule.verbs, verb) && rule.paths.some((one) => coversPath(one, path)))
  }
}

function hasOrStar(set: ReadonlySet<string>, value: string): boolean {
  return set.has(value) || set.has('*')
}

function coversResource(rule: ReadonlySet<string>, resource: string, subresource: string | undefined): boolean {
  if (rule.has('*')) return true
  if (subresource === undefined || subresource === '') return rule.has(resource)
  return rule.has(`${resource}/${subresource}`) || rule.has(`*/${subresource}`)
}

function coversPath(rule: string, path: string): boolean {
  if (rule === '*' || rule === path) return true
  return rule.endsWith('*') && path.startsWith(rule.slice(0, -1).replace(/\*+$/, ''))
}
