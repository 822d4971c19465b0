/**
 * Errors of the API: one class, made by named factories whose texts and codes follow apimachinery's `api/errors`.
 *
 * kubectl renders an Invalid error from `details` (kind, name, causes) and not from `message`, so both are filled.
 */
import { formatResource } from './object.ts'

export interface StatusCause {
  /** Absent where upstream has none: what an admission policy says. */
  readonly reason?: string
  readonly message: string
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  /** The plural resource, except for Invalid, where it is the Kind: so do upstream's errors. */
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: { readonly continue?: string }
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code?: number
}

export interface ResourceName {
  readonly group: string
  readonly resource: string
}

const BRAND = Symbol.for('larder.engine.ApiError')

/** An answer other than success. `reason` is what programs test; `message` is for people. */
export class ApiError extends Error {
  readonly [BRAND] = true
  readonly code: number
  readonly reason: string
  readonly details: StatusDetails | undefined
  /** A fresh token for a list whose own had expired. */
  readonly continue: string | undefined

  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    options?: ErrorOptions & { continue?: string },
  ) {
    super(message, options)
    this.name = 'ApiError'
    this.code = code
    this.reason = reason
    this.details = details
    this.continue = options?.continue
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continue === undefined ? {} : { continue: this.continue },
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details && { details: this.details }),
      code: this.code,
    }
  }

  static fromStatus(status: Status): ApiError {
    return new ApiError(
      status.code ?? 500,
      status.reason ?? 'Unknown',
      status.message ?? 'unknown error',
      status.details,
    )
  }
}

export function isApiError(error: unknown, reason?: string): error is ApiError {
  return error instanceof Error && BRAND in error && (reason === undefined || (error as ApiError).reason === reason)
}

export const isNotFound = (error: unknown): boolean => isApiError(error, 'NotFound')
export const isConflict = (error: unknown): boolean => isApiError(error, 'Conflict')
export const isAlreadyExists = (error: unknown): boolean => isApiError(error, 'AlreadyExists')
export const isForbidden = (error: unknown): boolean => isApiError(error, 'Forbidden')
/** A create in a namespace that is being deleted. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  isApiError(error) && error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true

const quoted = (r: ResourceName, name: string) => `${formatResource(r.resource, r.group)} "${name}"`
const about = (r: ResourceName, name?: string): StatusDetails => ({
  ...(name !== undefined && name !== '' && { name }),
  ...(r.group !== '' && { group: r.group }),
  kind: r.resource,
})

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message)
export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized')
export const forbidden = (r: ResourceName, name: string, why: string): ApiError =>
  new ApiError(
    403,
    'Forbidden',
    `${name === '' ? formatResource(r.resource, r.group) : quoted(r, name)} is forbidden: ${why}`,
    about(r, name),
  )
export const notFound = (r: ResourceName, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${quoted(r, name)} not found`, about(r, name))
export const routeNotFound = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource')
export const methodNotSupported = (r: ResourceName, verb: string): ApiError =>
  new ApiError(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind "${formatResource(r.resource, r.group)}"`,
    about(r),
  )
export const alreadyExists = (r: ResourceName, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${quoted(r, name)} already exists`, about(r, name))
export const conflict = (r: ResourceName, name: string, why: string): ApiError =>
  new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${quoted(r, name)}: ${why}`, about(r, name))
export const staleObject = (r: ResourceName, name: string): ApiError =>
  conflict(r, name, 'the object has been modified; please apply your changes to the latest version and try again')
export const expired = (message: string, fresh?: string): ApiError =>
  new ApiError(410, 'Expired', message, undefined, fresh === undefined ? {} : { continue: fresh })
export const tooLarge = (limit: number): ApiError =>
  new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`)
export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )
export const notAcceptable = (accepted: readonly string[]): ApiError =>
  new ApiError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`)
export const internal = (message: string, cause?: unknown): ApiError =>
  new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, undefined, { cause })

/** One thing wrong with one field. `detail` is the text after `path: `. */
export interface FieldProblem {
  readonly path: string
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotFound'
  /** Of a detail that quotes the value: the same without it, for texts that must not tell what may be secret. */
  readonly why?: string
  /** `Invalid value: "x": must be ...`, the words of apimachinery's `field.Error`. */
  readonly detail: string
}

export function invalid(
  kind: { group: string; kind: string },
  name: string,
  problems: readonly FieldProblem[],
): ApiError {
  const texts = problems.map((p) => `${p.path}: ${p.detail}`)
  const all = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return new ApiError(422, 'Invalid', `${formatResource(kind.kind, kind.group)} "${name}" is invalid: ${all}`, {
    ...(name !== '' && { name }),
    ...(kind.group !== '' && { group: kind.group }),
    kind: kind.kind,
    causes: problems.map((p) => ({ reason: p.reason, message: p.detail, field: p.path })),
  })
}
