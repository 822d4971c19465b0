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

/** An empty selector selects everything, as in Kubernetes. */
export function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return exact && (selector.matchExpressions ?? []).every((requirement) => meets(requirement, labels))
}

type Requirement = NonNullable<Selector['matchExpressions']>[number]

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
