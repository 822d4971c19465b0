/** Request bodies: JSON, YAML and, for kinds that have a message, the protobuf that client-go sends. */
import { isObject, JsonSyntaxError, type Json, type JsonObject, formatPath, parseJson } from '../../base/json.ts'
import type { PatchType } from '../../machinery/call.ts'
import { badRequest, isApiError, unsupportedMediaType } from '../../machinery/status.ts'
import type { Resources } from '../api.ts'
import { decodeProtobuf, protobufDeleteOptions } from './protobuf-body.ts'

/** 3 MiB, as upstream's. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024

export interface DecodedBody {
  readonly value: Json
  /** Paths of keys that stood twice. */
  readonly duplicates: readonly string[]
}

const JSON_TYPE = 'application/json'
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
const YAML_TYPES: ReadonlySet<string> = new Set(['application/yaml', 'application/x-yaml', 'text/yaml'])
const BODY_TYPES = [JSON_TYPE, 'application/yaml', PROTOBUF_TYPE]
const PATCH_TYPES: readonly PatchType[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]
const NONE: readonly string[] = []

/** The media type without parameters; absent means JSON, as upstream has it. */
function mediaType(contentType: string | undefined): string {
  if (contentType === undefined || contentType === JSON_TYPE) return JSON_TYPE
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** An object. Throws ApiError 400 for a body that cannot be read, 415 for one of a type that is not taken here. */
export async function decodeBody(
  contentType: string | undefined,
  bytes: Buffer,
  resources: Resources,
): Promise<DecodedBody> {
  const type = mediaType(contentType)
  if (type === JSON_TYPE) return decodeJson(bytes)
  if (YAML_TYPES.has(type)) return decodeYaml(bytes)
  if (type === PROTOBUF_TYPE) return { value: decodeProtobuf(bytes, resources), duplicates: NONE }
  throw unsupportedMediaType(BODY_TYPES)
}

/** Throws ApiError 415 for a patch of another type. */
export async function decodePatch(
  contentType: string | undefined,
  bytes: Buffer,
): Promise<DecodedBody & { readonly patchType: PatchType }> {
  const type = mediaType(contentType)
  const patchType = PATCH_TYPES.find((known) => known === type)
  if (!patchType) throw unsupportedMediaType(PATCH_TYPES)
  const decoded = patchType === 'application/apply-patch+yaml' ? await decodeApply(bytes) : decodeJson(bytes)
  return { ...decoded, patchType }
}

const BRACE = 0x7b

/** Nearly every client writes JSON, which is YAML too: read as such it costs a fraction, and the YAML parser is not even loaded. */
async function decodeApply(bytes: Buffer): Promise<DecodedBody> {
  if (bytes[0] !== BRACE) return decodeYaml(bytes)
  try {
    return decodeJson(bytes)
  } catch (error) {
    // `{a: 1}` is no JSON, but YAML; what is neither is refused as YAML.
    if (!isApiError(error, 'BadRequest')) throw error
    return decodeYaml(bytes)
  }
}

/** The DeleteOptions in a body; undefined when it is empty. */
export async function decodeDeleteOptions(
  contentType: string | undefined,
  bytes: Buffer,
): Promise<JsonObject | undefined> {
  if (bytes.length === 0) return undefined
  const type = mediaType(contentType)
  if (type === PROTOBUF_TYPE) return protobufDeleteOptions(bytes)
  if (type !== JSON_TYPE && !YAML_TYPES.has(type)) throw unsupportedMediaType(BODY_TYPES)
  const { value } = type === JSON_TYPE ? decodeJson(bytes) : await decodeYaml(bytes)
  if (!isObject(value)) throw badRequest('the body of a delete must be a DeleteOptions object')
  return value
}

function decodeJson(bytes: Buffer): DecodedBody {
  let duplicates: string[] | undefined
  try {
    const value = parseJson(decodeUtf8(bytes), { onDuplicate: (path) => (duplicates ??= []).push(path) })
    return { value, duplicates: duplicates ?? NONE }
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badRequest(`the body of the request is not JSON: ${error.message}`)
    throw error
  }
}

/** Bytes that are not UTF-8 would silently become U+FFFD and be stored so. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw badRequest('the body of the request is not UTF-8')
  }
}

async function decodeYaml(bytes: Buffer): Promise<DecodedBody> {
  const { isAlias, isMap, isScalar, isSeq, parseDocument } = await import('yaml')
  const document = parseDocument(decodeUtf8(bytes), {
    version: '1.1',
    intAsBigInt: true,
    uniqueKeys: false,
    // kubectl's reader leaves `2026-01-01` a string; so must we, or dates in annotations would change their type.
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:timestamp'),
  })
  const problem = document.errors[0]
  if (problem) throw badRequest(`the body of the request is not YAML: ${problem.message.split('\n')[0]}`)
  const duplicates: string[] = []
  const visit = (node: unknown, path: (string | number)[]): void => {
    if (isAlias(node)) return
    if (isSeq(node)) node.items.forEach((item, i) => visit(item, [...path, i]))
    if (!isMap(node)) return
    const seen = new Set<string>()
    for (const pair of node.items) {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key)
      if (seen.has(key)) duplicates.push(formatPath([...path, key]))
      seen.add(key)
      visit(pair.value, [...path, key])
    }
  }
  visit(document.contents, [])
  try {
    return { value: fromYaml(document.toJS()), duplicates }
  } catch (error) {
    // Too many aliases: a small text that would grow into gigabytes.
    if (error instanceof ReferenceError)
      throw badRequest(`the body of the request is not usable YAML: ${error.message}`)
    throw error
  }
}

/** Integers back to numbers where those are exact; what JSON has no form for is refused. */
function fromYaml(value: unknown): Json {
  switch (typeof value) {
    case 'bigint':
      return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(value)
        : value
    case 'number':
      if (!Number.isFinite(value)) throw badRequest(`the body of the request holds ${value}, which JSON cannot express`)
      return value
    case 'string':
    case 'boolean':
      return value
    case 'object':
      if (value === null) return null
      if (Array.isArray(value)) return value.map(fromYaml)
      if (Object.getPrototypeOf(value) === Object.prototype) {
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromYaml(item)]))
      }
      break
    case 'undefined':
      return null
    case 'function':
    case 'symbol':
      break
  }
  throw badRequest('the body of the request uses a YAML type that JSON cannot express')
}
