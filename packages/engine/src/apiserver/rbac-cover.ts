/**
 * Whether a set of rules grants everything that other rules grant, and how what is missing is written. Facts of upstream's
 * `rbac/validation`; its texts, since people search for them.
 */
import type { PolicyRule } from './rbac-rules.ts'

/** The parts of `wanted` that `held` does not grant: one verb of one resource, or of one path, in each. */
export function missingFrom(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap((rule) => [...partsOf(rule)]).filter((part) => !held.some((rule) => covers(rule, part)))
}

function* partsOf(rule: PolicyRule): Iterable<PolicyRule> {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  for (const group of apiGroups) {
    for (const resource of resources) {
      for (const verb of verbs) {
        const part = { verbs: [verb], apiGroups: [group], resources: [resource] }
        if (resourceNames.length === 0) yield part
        else for (const name of resourceNames) yield { ...part, resourceNames: [name] }
      }
    }
  }
  for (const url of nonResourceURLs) for (const verb of verbs) yield { verbs: [verb], nonResourceURLs: [url] }
}

function covers(rule: PolicyRule, part: PolicyRule): boolean {
  return (
    hasAll(rule.verbs, part.verbs) &&
    hasAll(rule.apiGroups ?? [], part.apiGroups ?? []) &&
    (part.resources ?? []).every((resource) => hasResource(rule.resources ?? [], resource)) &&
    hasNames(rule.resourceNames ?? [], part.resourceNames ?? []) &&
    (part.nonResourceURLs ?? []).every((url) => hasPath(rule.nonResourceURLs ?? [], url))
  )
}

function hasAll(held: readonly string[], wanted: readonly string[]): boolean {
  return held.includes('*') || wanted.every((one) => held.includes(one))
}

/** `*`, the very same, or any resource's subresource of that name. */
function hasResource(held: readonly string[], wanted: string): boolean {
  if (held.includes('*') || held.includes(wanted)) return true
  const slash = wanted.indexOf('/')
  return slash >= 0 && held.includes(`*${wanted.slice(slash)}`)
}

function hasNames(held: readonly string[], wanted: readonly string[]): boolean {
  return held.length === 0 || (wanted.length > 0 && wanted.every((name) => held.includes(name)))
}

function hasPath(held: readonly string[], wanted: string): boolean {
  return held.some((one) => {
    if (one === '*' || one === wanted) return true
    return one.endsWith('*') && wanted.startsWith(one.replace(/\*+$/, ''))
  })
}

/** One line for each group and resource: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`. */
export function describeRules(parts: readonly PolicyRule[]): readonly string[] {
  const verbs = new Map<string, { rule: PolicyRule; verbs: Set<string> }>()
  for (const { verbs: ofPart, ...rule } of parts) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs])
    const known = verbs.get(key) ?? { rule: { ...rule, verbs: [] }, verbs: new Set() }
    for (const verb of ofPart) known.verbs.add(verb)
    verbs.set(key, known)
  }
  return [...verbs.values()].map((one) => describe({ ...one.rule, verbs: [...one.verbs] })).sort()
}

function describe({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ]
  const told = parts.filter(([, list]) => list?.length).map(([name, list = []]) => `${name}:${quotedList(list)}`)
  return `{${told.join(', ')}}`
}

/** As Go prints a list of quoted strings. */
export const quotedList = (list: readonly string[]): string => `[${list.map((one) => JSON.stringify(one)).join(' ')}]`
