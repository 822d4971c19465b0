/**
 * Bodies in protobuf: what client-go 1.32 and later send for every built-in kind, without a fallback to JSON.
 *
 * The envelope names the kind of its message, which need not be the resource's: a body for `serviceaccounts/token` holds a
 * TokenRequest, and a DELETE holds DeleteOptions in whatever group and version the client works with.
 */
import type { JsonObject } from '../../base/json.ts'
import { parseApiVersion } from '../../machinery/object.ts'
import { openEnvelope } from '../../machinery/protobuf/reader.ts'
import { badRequest, unsupportedMediaType } from '../../machinery/status.ts'
import { decodeProtobufOf } from '../../machinery/types/protobuf.ts'
import type { Resources } from '../api.ts'

/** Kinds that exist only as bodies of subresources, with their names in the type table. */
const SUBRESOURCE_TYPES: Readonly<Record<string, string>> = {
  'authentication.k8s.io/v1 TokenRequest': 'authentication.v1.TokenRequest',
  'autoscaling/v1 Scale': 'autoscaling.v1.Scale',
  'policy/v1 Eviction': 'policy.v1.Eviction',
}

/** Throws ApiError 400 for bytes that cannot be read, 415 for a kind that has no protobuf form: custom kinds. */
export function decodeProtobuf(bytes: Buffer, resources: Resources): JsonObject {
  const { apiVersion, kind, raw } = openEnvelope(bytes)
  const typeName = SUBRESOURCE_TYPES[`${apiVersion} ${kind}`]
  if (typeName !== undefined) return { apiVersion, kind, ...decodeProtobufOf(typeName, raw) }
  const { group, version } = parseApiVersion(apiVersion)
  const resource = resources.findKind(group, version, kind)
  if (!resource)
    throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`)
  if (!resource.shape.decodeProtobuf) throw unsupportedMediaType(['application/json', 'application/yaml'])
  return resource.shape.decodeProtobuf(raw)
}

/** Throws ApiError 400. */
export function protobufDeleteOptions(bytes: Buffer): JsonObject {
  const { kind, raw } = openEnvelope(bytes)
  if (kind !== 'DeleteOptions')
    throw badRequest(`the body of a delete must be of kind DeleteOptions, not ${JSON.stringify(kind)}`)
  return decodeProtobufOf('meta.v1.DeleteOptions', raw)
}
