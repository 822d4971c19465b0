/**
 * OpenAPI over HTTP: version 3 by group and version, each document cached by its hash, and version 2 whole.
 *
 * A document is built when somebody first asks for it. Its hash names the resources that it was made from and not its text, so
 * that the index, which lists every hash, costs no document; it holds for this process only, since the objects behind
 * the resources do.
 */
import { createHash, randomUUID } from 'node:crypto'
import { type JsonObject, parseJson, stringifyJson } from '../../base/json.ts'
import { formatApiVersion } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import { routeNotFound } from '../../machinery/status.ts'
import type { Aggregation } from '../aggregation/aggregation.ts'
import type { Resources } from '../api.ts'
import { headersOf, sendBody, sendJson } from './answer.ts'
import { accepts } from './negotiate.ts'
import type { Request } from './resources.ts'

export type HandleOpenApi = (request: Request, rest: readonly string[]) => Promise<void>

/** What kubectl up to 1.28 insists on; with the `@` of the request in it they refuse the answer. */
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const V2_PROTOBUF_ASKED = [V2_PROTOBUF, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf']
const YEAR_SECONDS = 365 * 24 * 3600

interface GroupVersion {
  readonly group: string
  readonly version: string
  readonly resources: readonly Resource[]
  readonly hash: string
}

interface RemoteDocument {
  readonly document: Buffer
  readonly hash: string
}

interface Version2 {
  readonly json: Buffer
  readonly protobuf: Buffer
}

export function createOpenApi(resources: Resources, aggregation: Aggregation): HandleOpenApi {
  const fingerprint = createFingerprint()
  const documents = new Map<string, Buffer>()
  let v2: Promise<Version2> | undefined
  let groupVersions = new Map<string, GroupVersion>()
  let generation = -1
  let remoteDocuments = new Map<string, RemoteDocument>()
  let remoteGeneration = -1

  /** By path: `api/v1`, `apis/apps/v1`. */
  function current(): Map<string, GroupVersion> {
    if (resources.generation === generation) return groupVersions
    generation = resources.generation
    groupVersions = groupByVersion(resources.all(), fingerprint)
    v2 = undefined
    const live = new Set(Array.from(groupVersions.values(), ({ hash }) => hash))
    for (const hash of documents.keys()) if (!live.has(hash)) documents.delete(hash)
    return groupVersions
  }

  /** Of the other servers, those that describe themselves. */
  function remote(): Map<string, RemoteDocument> {
    if (aggregation.generation === remoteGeneration) return remoteDocuments
    remoteGeneration = aggregation.generation
    v2 = undefined
    remoteDocuments = new Map(
      aggregation.remotes().flatMap(({ apiService: { group, version }, openApi: document }) => {
        if (!document) return []
        const hash = createHash('sha256').update(document).digest('hex').slice(0, 32).toUpperCase()
        return [[`apis/${group}/${version}`, { document, hash }] as const]
      }),
    )
    return remoteDocuments
  }

  async function documentOf({ group, version, resources, hash }: GroupVersion): Promise<Buffer> {
    const known = documents.get(hash)
    if (known) return known
    const { openApiV3Document } = await import('../../machinery/openapi/v3.ts')
    const document = Buffer.from(stringifyJson(openApiV3Document(group, version, resources)))
    documents.set(hash, document)
    return document
  }

  function index(request: Request): void {
    const paths: Record<string, JsonObject> = {}
    for (const [path, { hash }] of current()) paths[path] = { serverRelativeURL: urlOf(path, hash) }
    for (const [path, { hash }] of remote()) paths[path] = { serverRelativeURL: urlOf(path, hash) }
    sendJson(request, 200, JSON.stringify({ paths }))
  }

  async function document(request: Request, path: string): Promise<void> {
    const found = current().get(path) ?? remote().get(path)
    if (!found) throw routeNotFound()
    const asked = request.query?.get('hash') ?? undefined
    if (asked !== undefined && asked !== found.hash) return redirect(request, urlOf(path, found.hash))
    const headers = headersOf(request, 'application/json')
    headers['etag'] = `"${found.hash}"`
    headers['vary'] = 'Accept'
    if (asked !== undefined) headers['cache-control'] = `public, immutable, max-age=${YEAR_SECONDS}`
    if (request.exchange.headers['if-none-match'] === headers['etag']) {
      return request.exchange.send(304, headers, undefined)
    }
    sendBody(request, 200, headers, 'document' in found ? found.document : await documentOf(found))
  }

  async function version2(request: Request): Promise<void> {
    current()
    const others = [...remote().values()].map((one) => one.document)
    const { json, protobuf } = await (v2 ??= forgetFailure(buildV2(resources.all(), others), () => (v2 = undefined)))
    const { accept } = request.exchange.headers
    const wantsProtobuf = V2_PROTOBUF_ASKED.some((type) => accepts(accept, type))
    const headers = headersOf(request, wantsProtobuf ? V2_PROTOBUF : 'application/json')
    headers['vary'] = 'Accept'
    sendBody(request, 200, headers, wantsProtobuf ? protobuf : json)
  }

  return async (request, [version, ...rest]) => {
    if (version === 'v3' && rest.length === 0) return index(request)
    if (version === 'v3') return document(request, rest.join('/'))
    if (version === 'v2' && rest.length === 0) return version2(request)
    throw routeNotFound()
  }
}

function urlOf(path: string, hash: string): string {
  return `/openapi/v3/${path}?hash=${hash}`
}

function redirect(request: Request, location: string): void {
  const headers = headersOf(request, 'text/plain; charset=utf-8')
  headers['location'] = location
  request.exchange.send(301, headers, undefined)
}

/** The next request tries again. */
function forgetFailure<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget)
  return promise
}

async function buildV2(resources: readonly Resource[], others: readonly Buffer[]): Promise<Version2> {
  const { definitionsOfDocument, openApiV2 } = await import('../../machinery/openapi/v2.ts')
  const definitions = others.map((document) => definitionsOfDocument(parseJson(document.toString())) ?? {})
  const { json, protobuf } = openApiV2(resources, Object.assign({}, ...definitions) as JsonObject)
  return { json: Buffer.from(stringifyJson(json)), protobuf }
}

type Fingerprint = (resources: readonly Resource[]) => string

/** Resources are replaced, never changed: each gets a number when first seen. */
function createFingerprint(): Fingerprint {
  const process = randomUUID()
  const numbers = new WeakMap<Resource, number>()
  let last = 0
  return (resources) => {
    const hash = createHash('sha256').update(process)
    for (const resource of resources) {
      let number = numbers.get(resource)
      if (number === undefined) {
        number = ++last
        numbers.set(resource, number)
      }
      hash.update(`,${number}`)
    }
    return hash.digest('hex').slice(0, 32).toUpperCase()
  }
}

function groupByVersion(resources: readonly Resource[], fingerprint: Fingerprint): Map<string, GroupVersion> {
  const grouped = new Map<string, Resource[]>()
  for (const resource of resources) {
    const path = `${resource.group === '' ? 'api' : 'apis'}/${formatApiVersion(resource.group, resource.version)}`
    const list = grouped.get(path)
    if (list) list.push(resource)
    else grouped.set(path, [resource])
  }
  return new Map(
    Array.from(grouped, ([path, list]) => {
      const { group, version } = list[0]!
      return [path, { group, version, resources: list, hash: fingerprint(list) }]
    }),
  )
}
