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

/** Whether an object with these labels is selected; no selector, and one that is none, select nothing: a pass says what is wrong with it. */
export function selects(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (!selector) return false
  try {
    return labelSelectorOf(selector).matches(labels)
  } catch (error) {
    if (isApiError(error)) return false
    throw error
  }
}
