/**
 * One call of AWS, with its failure in the kit's words. What is about the account or the way to it is the same for every service and
 * becomes a DriverError here; what AWS says of the request itself comes out as a `Refusal`, by whose code the caller decides.
 *
 * Nothing of the SDK's error goes further than its code and its message: the error itself holds the request, and that may hold a password. Request ids
 * stay out of messages too, because a new text at each attempt would be a new status each time.
 */
import { ambiguous, denied, DriverError, invalid, isDriverError, throttled, unavailable } from '@larder/kit'

/** AWS understood the request and refused it. */
export class Refusal extends Error {
  /** As on the wire or as the SDK's shape, without the suffixes `Fault` and `Exception`. */
  readonly code: string
  readonly action: string
  /** What AWS says, alone. */
  readonly said: string

  constructor(action: string, code: string, said: string) {
    super(`${action}: ${code}: ${said}`)
    this.name = 'Refusal'
    this.action = action
    this.code = code
    this.said = said
  }
}

export function isRefusal(error: unknown, ...codes: readonly string[]): error is Refusal {
  return error instanceof Refusal && (codes.length === 0 || codes.includes(error.code))
}

export interface CallOptions {
  /** Whether a request whose answer is lost may have made something. */
  readonly mutates?: boolean
  /** What the request holds and no error may quote. */
  readonly secrets?: readonly string[]
}

export async function call<T>(action: string, run: () => Promise<T>, options: CallOptions = {}): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw explained(action, error, options)
  }
}

const THROTTLED = new Set([
  'BandwidthLimitExceeded',
  'EC2Throttled',
  'PriorRequestNotComplete',
  'RequestLimitExceeded',
  'RequestThrottled',
  'SlowDown',
  'Throttled',
  'Throttling',
  'TooManyRequests',
  // ElastiCache's own word, which the SDK does not take for throttling and so never repeats.
  'APICallRateForCustomerExceeded',
])

const DENIED = new Set([
  '403',
  'AccessDenied',
  'AuthFailure',
  'CredentialsProviderError',
  'ExpiredToken',
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidCredentials',
  'MissingAuthenticationToken',
  'NotAuthorized',
  'OptInRequired',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
  'UnauthorizedOperation',
  'UnrecognizedClient',
])

/** Nothing was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'])

/** How long to leave a service alone that has had enough, after the SDK has already waited and tried again. */
const THROTTLED_MS = 2_000

interface SdkError extends Error {
  code?: string
  $metadata?: { httpStatusCode?: number }
  $response?: { headers?: Readonly<Record<string, string>> }
  $retryable?: { throttling?: boolean }
}

function explained(action: string, error: unknown, { mutates = false, secrets = [] }: CallOptions): unknown {
  if (!(error instanceof Error) || isDriverError(error) || error.name === 'AbortError') return error
  const sdk: SdkError = error
  const code = plainCode(sdk.name)
  const status = sdk.$metadata?.httpStatusCode
  if (THROTTLED.has(code) || status === 429 || sdk.$retryable?.throttling === true) {
    return throttled(THROTTLED_MS, `${action}: AWS limits the rate of requests (${code})`)
  }
  // A HEAD has no body to say it in.
  const isMute = status === 403 && (code === 'Unknown' || code === 'UnknownError')
  if (DENIED.has(code) || isMute)
    return denied(`${action}: ${code}: ${deniedText(code, without(secrets, sdk.message))}`)
  if (sdk.message.startsWith('Region is missing')) {
    return invalid('config.region', 'config.region is missing, and AWS_REGION is not set')
  }
  if (NOT_SENT.has(sdk.code ?? '')) return unavailable(`${action}: no connection (${sdk.code})`)
  if (wasLost(sdk, status)) {
    const message = `${action}: ${status !== undefined && status >= 500 ? `AWS answered ${status}` : 'the answer was lost'}`
    return mutates ? ambiguous(message) : unavailable(message)
  }
  if (status === undefined) return error
  // S3 says so in a header alone, because a HEAD has no body.
  const region = sdk.$response?.headers?.['x-amz-bucket-region']
  if (status === 301 && region !== undefined)
    return new Refusal(action, 'PermanentRedirect', `it is in region ${region}`)
  return new Refusal(action, code, without(secrets, sdk.message))
}

/** AWS quotes what it refuses. */
const without = (secrets: readonly string[], said: string): string =>
  secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '[hidden]')), said)

/** Also an answer that says 200 and cannot be read: it was cut off on its way. */
function wasLost(error: SdkError, status: number | undefined): boolean {
  if (LOST.has(error.code ?? '') || error.name === 'TimeoutError' || /socket hang up/.test(error.message)) return true
  if (status !== undefined) return status >= 500 || status < 300
  return error.$response !== undefined || error.$metadata !== undefined
}

/** The model's shapes are `UserNotFoundFault`, the wire says `UserNotFound`: which of them the SDK gives differs from error to error. */
const plainCode = (name: string): string => name.replace(/(?:Fault|Exception)$/, '')

function deniedText(code: string, said: string): string {
  if (code !== 'CredentialsProviderError') return said
  return 'there are no credentials: give the Backend a Secret (spec.credentialsRef), or the hub those of its environment'
}

/** For the end of a verb: what nobody made sense of is something that must change first, and is tried again. */
export function asDriverError(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error
  if (
    /^(?:Validation(?:Error)?|InvalidParameter|MissingParameter|Malformed|InvalidInput|InsufficientCapabilities)/.test(
      error.code,
    )
  ) {
    return invalid('parameters', error.message)
  }
  return new DriverError('blocked', error.message)
}
