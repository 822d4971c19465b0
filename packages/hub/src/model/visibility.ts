import { labelSelectorOf, type LabelSelector } from '@larder/engine/machinery/selectors'
import { isApiError, type ApiError } from '@larder/engine/machinery/status'
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
  return selects(selector, namespace.labels)
}

export type Selector = NonNullable<Consumers['selector']>

type Labels = Readonly<Record<string, string>> | undefined

/** By the object of a cached one: each write of a workload, and each member of a pool, asks all selectors that may be about it. */
const compiled = new WeakMap<Selector, (labels: Labels) => boolean>()

/**
 * As in Kubernetes: absent selects nothing, an empty one everything. One that Kubernetes refuses selects nothing: who forgot the values of NotIn,
 * or misspelt a label, opens nothing.
 */
export function selects(selector: Selector | undefined, labels: Labels): boolean {
  if (!selector) return false
  const known = compiled.get(selector) ?? compile(selector)
  compiled.set(selector, known)
  return known(labels)
}

function compile(selector: Selector): (labels: Labels) => boolean {
  const read = readSelector(selector)
  return isApiError(read) ? () => false : (labels) => read.matches(labels)
}

function readSelector(selector: Selector): LabelSelector | ApiError {
  try {
    return labelSelectorOf(selector)
  } catch (error) {
    if (isApiError(error)) return error
    throw error
  }
}

/** What is wrong with a selector, as an API says it of a Deployment's; undefined for one that is sound. */
export function selectorProblem(selector: Selector | undefined, at: string): string | undefined {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  const wrong = [
    ...Object.entries(matchLabels).map(([key, value]) =>
      problemOf({ matchLabels: { [key]: value } }, `${at}.matchLabels`),
    ),
    ...matchExpressions.map((each, i) => {
      const place = `${at}.matchExpressions[${i}]`
      return valuesProblem(each, place) ?? problemOf({ matchExpressions: [each] }, place)
    }),
  ].find((each) => each !== undefined)
  return wrong === undefined ? undefined : `${wrong}; until then nothing is selected`
}

type Requirement = NonNullable<Selector['matchExpressions']>[number]

/** Values are needed by the operators that compare, and refused by the others. */
function valuesProblem({ operator, values = [] }: Requirement, at: string): string | undefined {
  const isCompared = operator === 'In' || operator === 'NotIn'
  if (isCompared === values.length > 0) return undefined
  return `${at}.values: operator ${operator} ${isCompared ? 'needs values' : 'takes no values'}`
}

function problemOf(part: Selector, at: string): string | undefined {
  const read = readSelector(part)
  return isApiError(read) ? `${at}: ${read.message.replace('unable to parse requirement: ', '')}` : undefined
}
