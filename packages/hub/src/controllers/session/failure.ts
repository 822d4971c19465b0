/**
 * What a driver threw, said in a reason of ours. Naive drivers throw anything; nothing of it reaches status or log before it
 * went through here, because an error may quote a password. So a failure carries no cause: whoever logs a chain would log that.
 */
import { isDriverError, type DriverError } from '@larder/kit'
import { reasonOfWord, type Reason } from '../../model/reasons.ts'

export class DriverFailure extends Error {
  readonly reason: Reason
  /** The backend said when to come back. */
  readonly afterMs: number | undefined
  /** Only a change of what is wanted, or of the backend, can help. */
  readonly stalled: boolean
  /** The backend was not asked: a failure of a moment ago stands, or it is not this call's turn. */
  readonly repeated: boolean
  /** Nobody knows whether the call has taken effect, or still will. */
  readonly ambiguous: boolean

  constructor(
    reason: Reason,
    message: string,
    more: { afterMs?: number | undefined; stalled?: boolean; repeated?: boolean; ambiguous?: boolean } = {},
  ) {
    super(message)
    this.name = 'DriverFailure'
    this.reason = reason
    this.afterMs = more.afterMs
    this.stalled = more.stalled ?? false
    this.repeated = more.repeated ?? false
    this.ambiguous = more.ambiguous ?? false
  }
}

const reasonOf = (error: DriverError): Reason => {
  switch (error.code) {
    case 'invalid':
      if (error.path === 'serviceAccountRef') return 'ConfigInvalid'
      return /^(binding\.)?parameters/.test(error.path ?? '') ? 'ParametersInvalid' : 'RecipeInvalid'
    case 'denied':
      return 'BackendDenied'
    case 'throttled':
      return 'BackendThrottled'
    case 'unavailable':
      return 'BackendUnavailable'
    case 'blocked':
      return 'BackendBlocked'
    case 'ambiguous':
      // The next pass observes and finds out; until then it is no better than no answer.
      break
  }
  return 'BackendUnavailable'
}

/** `driver` and `verb` name the culprit when the error is none of the contract's. */
export function failureOf(
  error: unknown,
  about: { driver: string; verb: string },
  redact: (text: string) => string,
): DriverFailure {
  if (error instanceof DriverFailure) return error
  if (!isDriverError(error)) {
    const name = error instanceof Error ? error.name : typeof error
    const message = `driver ${about.driver}: ${about.verb} threw ${name}, which is no error of the driver contract`
    return new DriverFailure('DriverFailed', message, { ambiguous: true })
  }
  const path = error.code === 'invalid' && error.path !== undefined ? `spec.${error.path}: ` : ''
  return new DriverFailure(reasonOfWord(error.reason, reasonOf(error)), redact(`${path}${error.message}`), {
    stalled: error.code === 'invalid',
    ambiguous: error.code === 'ambiguous',
    ...(error.afterMs !== undefined && { afterMs: error.afterMs }),
  })
}

/** For `explain` of every controller: what reaches status of a thrown error. */
export function explainFailure(error: unknown): { reason: string; message: string } | undefined {
  return error instanceof DriverFailure ? { reason: error.reason, message: error.message } : undefined
}
