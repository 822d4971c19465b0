/** `serviceaccounts/NAME/token`: a TokenRequest in, the same with a token out. Nothing is stored. */
import { isObject, type Json, type JsonObject } from '../../../base/json.ts'
import type { WriteOptions } from '../../../machinery/call.ts'
import { Document } from '../../../machinery/document.ts'
import { invalidValue } from '../../../machinery/problems.ts'
import type { KubeObject } from '../../../machinery/object.ts'
import type { Kind } from '../../../machinery/shape.ts'
import { ApiError, badRequest, invalid } from '../../../machinery/status.ts'
import type { Result } from '../../api.ts'
import type { TokenSpec } from '../../tokens.ts'
import { metadataOf, readBody } from '../body.ts'
import { admit } from '../checks.ts'
import type { Core, Request } from '../core.ts'
import { timestamp } from '../metadata.ts'
import { find } from '../verbs/get.ts'

const TOKEN_REQUEST: Kind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }
const DEFAULT_SECONDS = 3600
const MIN_SECONDS = 600
const MAX_SECONDS = 2 ** 32

/** Throws ApiError 404 for an absent account, 422 for a life that is too short or too long. */
export async function createToken(
  core: Core,
  request: Request,
  body: Json,
  options: WriteOptions | undefined,
): Promise<Result> {
  if (!core.tokens) throw new ApiError(501, 'NotImplemented', 'this API was started without a token authority')
  const account = find(core, request)
  const draft = readBody(TOKEN_REQUEST, body)
  const spec = isObject(draft['spec']) ? draft['spec'] : {}
  const { name = '', namespace = '' } = request.target
  const audiences = audiencesOf(spec, core.tokens.audience)
  const expirationSeconds = secondsOf(spec, name)
  const bound = boundTo(spec)
  const metadata = { ...metadataOf(draft), name, namespace }
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata, spec: { ...spec, audiences } }
  await admit(core, request, {
    verb: 'create',
    subresource: 'token',
    object: { ...asked, spec: { ...asked.spec, expirationSeconds } } as unknown as KubeObject,
    dryRun: options?.dryRun === true,
  })
  const issued = options?.dryRun
    ? { token: '', expirationTimestamp: timestamp(core.clock.now() + expirationSeconds * 1000) }
    : await core.tokens.issue({
        namespace,
        name,
        uid: account.index.uid,
        audiences,
        expirationSeconds,
        ...(bound && { boundTo: bound }),
      })
  const answer = {
    ...asked,
    metadata: { ...metadata, creationTimestamp: timestamp(core.clock.now()) },
    spec: { ...asked.spec, expirationSeconds },
    status: issued,
  }
  const document = Document.fromObject(answer)
  return { type: 'object', resource: { ...request.resource, ...TOKEN_REQUEST }, code: 201, document }
}

function audiencesOf(spec: JsonObject, own: string): readonly string[] {
  const audiences = spec['audiences']
  if (!Array.isArray(audiences) || audiences.length === 0) return [own]
  return audiences.map(String)
}

function secondsOf(spec: JsonObject, name: string): number {
  const given = spec['expirationSeconds']
  if (given === undefined || given === null) return DEFAULT_SECONDS
  const seconds = Number(given)
  const fail = (why: string) => invalid(TOKEN_REQUEST, name, [invalidValue('spec.expirationSeconds', given, why)])
  if (!Number.isInteger(seconds)) throw fail('must be an integer')
  if (seconds < MIN_SECONDS) throw fail('may not specify a duration less than 10 minutes')
  if (seconds > MAX_SECONDS) throw fail('may not specify a duration larger than 2^32 seconds')
  return seconds
}

function boundTo(spec: JsonObject): TokenSpec['boundTo'] | undefined {
  const ref = spec['boundObjectRef']
  if (!isObject(ref)) return undefined
  const { kind, name, uid } = ref as Record<string, string | undefined>
  if (!kind || !name) throw badRequest('spec.boundObjectRef needs kind and name')
  return { kind, name, uid: uid ?? '' } as TokenSpec['boundTo']
}
