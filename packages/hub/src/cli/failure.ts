/** Exit codes that scripts may rely on (docs/reference/cli.md). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  forbidden: 4,
  /** What was waited for has failed. */
  failedWhileWaiting: 5,
  timedOut: 6,
  conflict: 7,
  unreachable: 8,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** An expected end of a command: what happened, why, and what to do next. Everything else that is thrown is a bug and prints its stack. */
export class CommandFailed extends Error {
  readonly code: ExitCode
  readonly why: string | undefined
  readonly next: string | undefined

  constructor(code: ExitCode, message: string, more: { why?: string; next?: string; cause?: unknown } = {}) {
    super(message, { cause: more.cause })
    this.name = 'CommandFailed'
    this.code = code
    this.why = more.why
    this.next = more.next
  }
}
