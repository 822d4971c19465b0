import type { Json } from '../../base/json.ts'
import { listAt, mapAt, NONE, textAt, textsAt } from './column.ts'

/** `app=web,tier=front`, sorted by key. */
export function formatLabels(labels: Readonly<Record<string, Json>>): string {
  const pairs = Object.keys(labels)
    .toSorted()
    .map((key) => `${key}=${String(labels[key])}`)
  return pairs.length === 0 ? NONE : pairs.join(',')
}

/** A LabelSelector in the syntax of `kubectl -l`. */
export function formatSelector(selector: Json | undefined): string {
  const requirements = Object.entries(mapAt(selector, 'matchLabels')).map(([key, value]) => ({
    key,
    text: `${key}=${String(value)}`,
  }))
  for (const expression of listAt(selector, 'matchExpressions')) {
    const key = textAt(expression, 'key')
    requirements.push({
      key,
      text: formatExpression(key, textAt(expression, 'operator'), textsAt(expression, 'values')),
    })
  }
  if (requirements.length === 0) return NONE
  return requirements
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ text }) => text)
    .join(',')
}

function formatExpression(key: string, operator: string, values: readonly string[]): string {
  const among = `(${values.toSorted().join(',')})`
  switch (operator) {
    case 'In':
      return `${key} in ${among}`
    case 'NotIn':
      return `${key} notin ${among}`
    case 'DoesNotExist':
      return `!${key}`
    default:
      return key
  }
}
