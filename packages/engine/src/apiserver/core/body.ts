/** From the body of a request to an object that can be worked with, or to the error that says why not. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { formatApiVersion } from '../../machinery/object.ts'
import { invalidValue } from '../../machinery/problems.ts'
import type { Resource } from '../../machinery/shape.ts'
import { badRequest, invalid, type ApiError } from '../../machinery/status.ts'
import type { WriteOptions } from '../../machinery/call.ts'
import type { Request } from './core.ts'

/** The body as an object of the resource: apiVersion and kind, where given, are the resource's. Throws ApiError 400. */
export function readBody(resource: Pick<Resource, 'group' | 'version' | 'kind'>, body: Json): JsonObject {
  if (!isObject(body)) throw badRequest(`the body must be a ${resource.kind} as a JSON object`)
  const expected = formatApiVersion(resource.group, resource.version)
  const { apiVersion, kind, metadata } = body
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    )
  }
  if (kind !== undefined && kind !== '' && kind !== resource.kind) {
    throw badRequest(
      `${String(kind)} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}`,
    )
  }
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    throw badRequest(`${resource.kind} in version ${JSON.stringify(resource.version)}: metadata must be an object`)
  }
  return body
}

/** The metadata of a body that `readBody` has let through. */
export function metadataOf(object: JsonObject): JsonObject {
  const metadata = object['metadata']
  return isObject(metadata) ? metadata : {}
}

/** The object's namespace is the URL's, or empty and then filled in. Throws ApiError 400. */
export function namespaceOf(request: Request, metadata: JsonObject): string | undefined {
  if (!request.resource.namespaced) return undefined
  const given = metadata['namespace']
  const { namespace } = request.target
  if (given !== undefined && given !== null && given !== '' && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  return namespace
}

/** Where the object came from decides the form of the error for fields that do not exist. */
export type Origin =
  | { readonly type: 'body' }
  | { readonly type: 'patch'; readonly describe: () => string; readonly name: string }

/** Checks types, drops unknown fields, fills in defaults. Throws ApiError 400 or 422. */
export function normalized(
  request: Request,
  object: JsonObject,
  options: WriteOptions | undefined,
  origin: Origin,
): JsonObject {
  const { resource, context } = request
  const result = resource.shape.normalize(object)
  if (result.problems.length > 0) {
    if (request.served.custom || origin.type === 'patch') {
      throw invalid(resource, String(metadataOf(object)['name'] ?? ''), result.problems)
    }
    throw badRequest(undecodable(resource, result.problems.map((one) => `${one.path}: ${one.detail}`).join(', ')))
  }
  const faults = [
    ...result.unknown.map((path) => `unknown field "${path}"`),
    ...(context.duplicates ?? []).map((path) => `duplicate field "${path}"`),
  ]
  if (faults.length > 0) reportFaults(request, faults, options, origin)
  return result.object
}

function reportFaults(
  { resource, context }: Request,
  faults: readonly string[],
  options: WriteOptions | undefined,
  origin: Origin,
): void {
  switch (options?.fieldValidation ?? 'Warn') {
    case 'Ignore':
      return
    case 'Warn':
      for (const fault of faults) context.warn?.(fault)
      return
    case 'Strict':
      throw strictError(resource, `strict decoding error: ${faults.join(', ')}`, origin)
  }
}

function strictError(resource: Resource, why: string, origin: Origin): ApiError {
  if (origin.type === 'body') return badRequest(undecodable(resource, why))
  return invalid(resource, origin.name, [invalidValue('patch', origin.describe(), why)])
}

function undecodable(resource: Resource, why: string): string {
  return `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}: ${why}`
}
