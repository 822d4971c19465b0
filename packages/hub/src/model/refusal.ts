import type { Reason } from './reasons.ts'

/** A decision that says no: the reason, and a sentence that names field, value and what is allowed. */
export interface Refusal {
  readonly refused: Reason
  readonly message: string
}

export const refuse = (reason: Reason, message: string): Refusal => ({ refused: reason, message })

export const isRefusal = (value: object): value is Refusal => 'refused' in value

/** `small, large`, or `none`: for messages that name what is allowed. */
export const named = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '))
