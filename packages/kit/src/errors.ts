/**
 * What a driver throws. The brand crosses package copies: a driver may bring its own copy of this kit, and
 * `instanceof` would then be false.
 */
const BRAND = Symbol.for('larder.kit.DriverError')

export type DriverErrorCode = 'invalid' | 'denied' | 'throttled' | 'unavailable' | 'blocked' | 'ambiguous'

export class DriverError extends Error {
  readonly [BRAND] = true
  readonly code: DriverErrorCode
  /** For `invalid`: the field, `parameters.nodeType`. */
  readonly path: string | undefined
  /** For `throttled`: how long to leave the backend alone. */
  readonly afterMs: number | undefined
  /** One word of the driver's, as in `Failed.reason`; the hub maps it to its own list of reasons. */
  readonly reason: string | undefined

  constructor(
    code: DriverErrorCode,
    message: string,
    more: { path?: string; afterMs?: number; reason?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause })
    this.name = 'DriverError'
    this.code = code
    this.path = more.path
    this.afterMs = more.afterMs
    this.reason = more.reason
  }
}

export function isDriverError(error: unknown): error is DriverError {
  return error instanceof Error && BRAND in error
}

/** The request is wrong and stays wrong: a person must change `path`. */
export const invalid = (path: string, message: string): DriverError => new DriverError('invalid', message, { path })
/** The backend refuses these credentials or this account. */
export const denied = (message: string, cause?: unknown): DriverError => new DriverError('denied', message, { cause })
export const throttled = (afterMs: number, message: string): DriverError =>
  new DriverError('throttled', message, { afterMs })
/** No answer, or an answer that says "later": retried with backoff. */
export const unavailable = (message: string, cause?: unknown, reason?: string): DriverError =>
  new DriverError('unavailable', message, { cause, ...(reason !== undefined && { reason }) })
/** Something else must happen first, such as the deletion of a dependent: retried. */
export const blocked = (message: string): DriverError => new DriverError('blocked', message)
/** The request may or may not have taken effect: the hub observes, and cleans up what it must not keep. */
export const ambiguous = (message: string, cause?: unknown): DriverError =>
  new DriverError('ambiguous', message, { cause })
