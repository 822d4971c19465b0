/** What is known of one call of a driver when it is over: for metrics and traces, which hear of all of them and change none. */
export interface DriverCall {
  readonly backend: string
  readonly driver: string
  /** `create`, `bind`. */
  readonly verb: string
  /** Milliseconds since the epoch; when it was its turn, and when its answer was there. */
  readonly startedAt: number
  readonly endedAt: number
  /** How long it stood in the line of its backend before. */
  readonly waitedMs: number
  /** `ok`, or the reason of its failure. */
  readonly code: string
  /** Redacted. */
  readonly message: string | undefined
  /** Of the pass that made it. */
  readonly signal: AbortSignal
}

export interface SessionObserver {
  call(call: DriverCall): void
  /** Whether a backend answers, each time that changes; undefined when it is no longer used. */
  backend(name: string, up: boolean | undefined): void
}

export const noObserver: SessionObserver = { call() {}, backend() {} }
