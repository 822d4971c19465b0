/** A workload while it is changed: plain JSON whose places are found by the fields of a mapping. */
import { isObject, setOwn, type Json } from '@larder/engine/base/json'

export type Draft = Record<string, Json>

/** The workload is not what its mapping says. */
export class WorkloadUnfit extends Error {
  override readonly name = 'WorkloadUnfit'
}

const own = (value: Draft, field: string): Json | undefined => (Object.hasOwn(value, field) ? value[field] : undefined)

/** What is there, or undefined. */
export function find(draft: Draft, fields: readonly string[]): Json | undefined {
  let value: Json | undefined = draft
  for (const field of fields) value = isObject(value) ? own(value, field) : undefined
  return value ?? undefined
}

/** The list or map that is there, or one that is put there with everything on the way to it. */
export function reach<T extends Json[] | Draft>(draft: Draft, fields: readonly string[], empty: T): T {
  let at = draft
  fields.forEach((field, i) => {
    const isLast = i === fields.length - 1
    const value = own(at, field) ?? undefined
    if (value === undefined) setOwn(at, field, isLast ? empty : {})
    else if (isLast && Array.isArray(empty) ? !Array.isArray(value) : !isObject(value))
      throw new WorkloadUnfit(
        `.${fields.slice(0, i + 1).join('.')} is no ${isLast && Array.isArray(empty) ? 'list' : 'object'}`,
      )
    at = at[field] as Draft
  })
  return at as unknown as T
}

/** As `reach`, where nothing is made: undefined when it is not there, or is something else. */
export function listAt(draft: Draft, fields: readonly string[]): Json[] | undefined {
  const value = find(draft, fields)
  return Array.isArray(value) ? (value as Json[]) : undefined
}

export function mapAt(draft: Draft, fields: readonly string[]): Draft | undefined {
  const value = find(draft, fields)
  return isObject(value) ? value : undefined
}

/**
 * Takes away the list or map when nothing is left in it, and what held nothing else. The field nearest to the root stays: a kind may
 * require it.
 */
export function prune(draft: Draft, fields: readonly string[], keep: number): void {
  for (let length = fields.length; length > keep; length--) {
    const value = find(draft, fields.slice(0, length))
    const isEmpty = Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0
    const holder = length === 1 ? draft : mapAt(draft, fields.slice(0, length - 1))
    if (!isEmpty || !holder) return
    delete holder[fields[length - 1]!]
  }
}
