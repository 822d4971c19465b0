/** Errors as AWS writes them, in the protocol that a call was made in. */
import type { Call, Protocol } from './call.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

export interface AwsError {
  readonly status: number
  /** The code on the wire, which is not always the name of the exception in the SDK. */
  readonly code: string
  readonly message: string
  /** Beside those of the protocol. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What each protocol throttles with: ElastiCache and CloudFormation, DynamoDB and SQS, S3. */
const THROTTLING: Readonly<Record<Protocol, AwsError>> = {
  query: { status: 400, code: 'Throttling', message: 'Rate exceeded' },
  json: { status: 400, code: 'ThrottlingException', message: 'Rate exceeded' },
  s3: { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.' },
}

const EXPIRED: Readonly<Record<Protocol, AwsError>> = {
  query: { status: 403, code: 'ExpiredToken', message: 'The security token included in the request is expired' },
  json: {
    status: 400,
    code: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
  },
  s3: { status: 400, code: 'ExpiredToken', message: 'The provided token has expired.' },
}

const INVALID: Readonly<Record<Protocol, AwsError>> = {
  query: {
    status: 403,
    code: 'InvalidClientTokenId',
    message: 'The security token included in the request is invalid.',
  },
  json: {
    status: 400,
    code: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  },
  s3: {
    status: 403,
    code: 'InvalidAccessKeyId',
    message: 'The AWS Access Key Id you provided does not exist in our records.',
  },
}

export const throttling = (call: Call): AwsError => THROTTLING[call.protocol]
export const expiredCredentials = (call: Call): AwsError => EXPIRED[call.protocol]
export const invalidCredentials = (call: Call): AwsError => INVALID[call.protocol]

/** A request id as AWS has them, which ends up in statuses: fixed, so that those are the same in every run. */
const REQUEST_ID = '00000000-0000-4000-8000-000000000000'

export function errorAnswer(call: Call, { status, code, message, headers: more }: AwsError): Answer {
  if (call.protocol === 'json') {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': REQUEST_ID, ...more }
    return { status, headers, body: Buffer.from(JSON.stringify({ __type: code, message })) }
  }
  const error = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`
  const type = status < 500 ? 'Sender' : 'Receiver'
  const body =
    call.protocol === 's3'
      ? `<Error>${error}<RequestId>${REQUEST_ID}</RequestId></Error>`
      : `<ErrorResponse><Error><Type>${type}</Type>${error}</Error><RequestId>${REQUEST_ID}</RequestId></ErrorResponse>`
  const headers = { 'content-type': 'text/xml', 'x-amzn-requestid': REQUEST_ID, ...more }
  return { status, headers, body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${body}`) }
}

/** What stands in front of AWS answers 5xx with: a page, not an error of the API. */
export function serverErrorAnswer(status: number): Answer {
  const body = `<html><body><b>Http/1.1 ${status} Service Unavailable</b></body></html>`
  return { status, headers: { 'content-type': 'text/html' }, body: Buffer.from(body) }
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
