import { isObject, type JsonObject } from '../../base/json.ts'

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/** The object with the condition set; its time changes only with its status. */
export function withCondition(object: JsonObject, now: string, condition: Condition): JsonObject {
  const status = isObject(object['status']) ? object['status'] : {}
  const conditions = (Array.isArray(status['conditions']) ? status['conditions'] : []) as readonly JsonObject[]
  const before = conditions.find(({ type }) => type === condition.type)
  const lastTransitionTime = before?.['status'] === condition.status ? (before['lastTransitionTime'] ?? now) : now
  const next = { ...condition, lastTransitionTime }
  const replaced = before ? conditions.map((one) => (one === before ? next : one)) : [...conditions, next]
  return { ...object, status: { ...status, conditions: replaced } }
}
