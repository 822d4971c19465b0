import type { Condition } from '../client/builtin.ts'

export interface NewCondition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly observedGeneration?: number
}

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** Sets the condition of its type; `lastTransitionTime` moves only when `status` does. Other conditions keep their order. */
export function setCondition(conditions: Condition[], condition: NewCondition, nowMs: number): void {
  const at = conditions.findIndex((c) => c.type === condition.type)
  const old = conditions[at]
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : formatTime(nowMs)
  const next: Condition = { ...condition, lastTransitionTime }
  if (at < 0) conditions.push(next)
  else conditions[at] = next
}

export function removeCondition(conditions: Condition[], type: string): void {
  const at = conditions.findIndex((c) => c.type === type)
  if (at >= 0) conditions.splice(at, 1)
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((c) => c.type === type)
}
