import type { LabelSelector } from '@larder/engine/client/builtin'
import { labelSelectorOf } from '@larder/engine/machinery/selectors'
import { isApiError } from '@larder/engine/machinery/status'

/** A selector as a query says it; undefined for one that selects everything. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string | undefined {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`
  })
  const all = [...equal, ...expressions]
  return all.length > 0 ? all.join(',') : undefined
}

type Labels = Readonly<Record<string, string>> | undefined

/** By the object of a cached binding, which stays while the binding does: each write of a workload asks all that may select it. */
const compiled = new WeakMap<LabelSelector, (labels: Labels) => boolean>()

/** Whether an object with these labels is selected; no selector, and one that is none, select nothing: a pass says what is wrong with it. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (!selector) return false
  const known = compiled.get(selector) ?? compile(selector)
  compiled.set(selector, known)
  return known(labels)
}

function compile(selector: LabelSelector): (labels: Labels) => boolean {
  try {
    const read = labelSelectorOf(selector)
    return (labels) => read.matches(labels)
  } catch (error) {
    if (isApiError(error)) return () => false
    throw error
  }
}
