import type { Consumers } from './shared-fields.ts'

/** A namespace as policies see it. */
export interface Neighbourhood {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** Whether a namespace is meant; `absent` is the answer for a missing or empty field, which differs with each use. */
export function isConsumer(consumers: Consumers | undefined, namespace: Neighbourhood, absent: boolean): boolean {
  const { namespaces, selector } = consumers ?? {}
  if (namespaces === undefined && selector === undefined) return absent
  if (namespaces?.includes(namespace.name)) return true
  return selector !== undefined && selects(selector, namespace.labels ?? {})
}

export type Selector = NonNullable<Consumers['selector']>

/** An empty selector selects everything, as in Kubernetes, and one that Kubernetes refuses nothing: who forgot the values of NotIn opens nothing. */
export function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return exact && (selector.matchExpressions ?? []).every((each) => isWhole(each) && meets(each, labels))
}

type Requirement = NonNullable<Selector['matchExpressions']>[number]

/** Values are needed by the operators that compare, and refused by the others. */
const isWhole = ({ operator, values = [] }: Requirement): boolean =>
  (operator === 'In' || operator === 'NotIn') === values.length > 0

/** What is wrong with a selector, as an API says it of a Deployment's; undefined for one that is sound. */
export function selectorProblem(selector: Selector | undefined, at: string): string | undefined {
  const expressions = selector?.matchExpressions ?? []
  const i = expressions.findIndex((each) => !isWhole(each))
  const wrong = expressions[i]
  if (!wrong) return undefined
  const isCompared = wrong.operator === 'In' || wrong.operator === 'NotIn'
  const why = isCompared ? `operator ${wrong.operator} needs values` : `operator ${wrong.operator} takes no values`
  return `${at}.matchExpressions[${i}].values: ${why}; until then nothing is selected`
}

function meets({ key, operator, values = [] }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      break
  }
  return value === undefined
}
