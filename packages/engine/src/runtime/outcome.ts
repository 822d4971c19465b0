/**
 * How a pass of a controller ends. One place (`runtime/controller.ts`) turns outcomes into conditions, requeues and metrics:
 *
 * - `done`: Ready is True.
 * - `wait(reason, message, afterMs?)`: Ready is False and Reconciling True; the next pass runs after `afterMs`, or when something watched changes.
 * - `throw new Stalled(reason, message)`: Ready is False and Stalled True; only a change of the world starts another pass, and where
 *   nothing would tell of that change, `lookAgainMs` does.
 * - any other throw: as `wait`, with backoff, and logged with its chain.
 *
 * Messages reach status: they must be deterministic (no times, no counters) or each pass writes and wakes the next.
 */
export type Outcome =
  | { readonly type: 'done' }
  | { readonly type: 'wait'; readonly reason: string; readonly message: string; readonly afterMs?: number }

export const done: Outcome = { type: 'done' }

export function wait(reason: string, message: string, afterMs?: number): Outcome {
  return { type: 'wait', reason, message, ...(afterMs !== undefined && { afterMs }) }
}

/** Somebody must act: retrying would be noise. */
export class Stalled extends Error {
  readonly reason: string
  /** When to look whether somebody has acted. Absent: a watched object will tell. */
  readonly lookAgainMs: number | undefined
  constructor(reason: string, message: string, options: ErrorOptions & { lookAgainMs?: number } = {}) {
    super(message, options)
    this.name = 'Stalled'
    this.reason = reason
    this.lookAgainMs = options.lookAgainMs
  }
}
