/**
 * The questions what a namespace may claim, as APIs of their own behind the cluster's (APIService `v1alpha1.query.larder.dev`, and those of doors).
 * The cluster authenticates who asks; what they may read of classes the cluster is asked. What is asked is checked by the schema of the
 * question, as the API of `larder up` does.
 */
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isObject, parseJson, stringifyJson, type Json, type JsonObject } from '@larder/engine/base/json'
import { namespaceType } from '@larder/engine/client/builtin'
import { createClient, type Client } from '@larder/engine/client/client'
import { errorChain, type Log } from '@larder/engine/base/log'
import {
  badRequest,
  internal,
  invalid,
  isApiError,
  methodNotSupported,
  notFound,
  routeNotFound,
  tooLarge,
  unauthorized,
} from '@larder/engine/machinery/status'
import type { Resource } from '@larder/engine/machinery/shape'
import { askedIn, type HubQuery } from '../../queries.ts'
import { authorize, readingAs, type Asker } from './asker.ts'
import { askerOf, type FrontProxyTrust } from './front-proxy.ts'

export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

export interface QueryServerOptions {
  readonly queries: readonly HubQuery[]
  /** With the rights of the hub. */
  readonly hub: Client
  readonly identity: KeyPair
  readonly trust: FrontProxyTrust
  readonly host: string
  readonly log: Log
}

export interface QueryServer {
  readonly port: number
  /** From the next connection on. */
  trust(changed: FrontProxyTrust): void
  close(): Promise<void>
}

interface ServedQuery {
  readonly query: HubQuery
  readonly resource: Resource
}

interface Serving {
  readonly hub: Client
  /** By the path of the collection, which has `*` in place of the namespace. */
  readonly collections: ReadonlyMap<string, ServedQuery>
  /** Discovery, and the schemas for `kubectl explain`, by path. */
  readonly documents: ReadonlyMap<string, JsonObject>
}

const BODY_BYTES = 64 * 1024
/** A sender that stops in the middle must not hold a connection for ever. */
const REQUEST_TIMEOUT_MS = 30_000

export async function serveQueries(options: QueryServerOptions): Promise<QueryServer> {
  const { identity, host, log, queries, hub } = options
  const serving = { hub, collections: await collectionsOf(queries), documents: documentsOf(queries) }
  let { trust } = options
  const context = () => ({ cert: identity.certificate, key: identity.key, ca: trust.authority })
  const server = createServer(
    { ...context(), requestCert: true, rejectUnauthorized: false, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      respond(serving, request, trust)
        .catch((error: unknown) => {
          if (isApiError(error)) return { code: error.code, body: error.toStatus() as unknown as Json }
          log.error('a question could not be answered', {}, error)
          return { code: 500, body: internal('the question could not be answered').toStatus() as unknown as Json }
        })
        .then(({ code, body }) => send(response, code, body))
        .catch((error: unknown) => {
          log.warn('an answer could not be sent', { error: errorChain(error) })
          response.destroy()
        })
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port: 0 }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    trust(changed) {
      trust = changed
      server.setSecureContext(context())
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Reply {
  readonly code: number
  readonly body: Json
}

async function respond(serving: Serving, request: IncomingMessage, trust: FrontProxyTrust): Promise<Reply> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'https://hub')
  if (pathname === '/healthz' || pathname === '/readyz' || pathname === '/livez') return { code: 200, body: 'ok' }
  const asker = askerOf(request, trust)
  if (!asker) throw unauthorized()
  if (request.method === 'GET' || request.method === 'HEAD') {
    const known = serving.documents.get(pathname)
    if (known) return { code: 200, body: known }
  }
  const [, before, namespace, plural] = COLLECTION.exec(pathname) ?? []
  const served = serving.collections.get(`${before}/*/${plural}`)
  if (namespace === undefined || !served) throw routeNotFound()
  const { resource } = served
  if (request.method !== 'POST') throw methodNotSupported(resource, String(request.method).toLowerCase())
  const question = questionOf(resource, await bodyOf(request), searchParams.get('fieldValidation') === 'Strict')
  return { code: 201, body: await answer(serving.hub, asker, decodeURIComponent(namespace), served, question) }
}

const COLLECTION = /^(\/apis\/[^/]+\/[^/]+\/namespaces)\/([^/]+)\/([^/]+)$/

async function answer(
  hub: Client,
  asker: Asker,
  namespace: string,
  { query, resource: { group, version, resource } }: ServedQuery,
  question: JsonObject,
): Promise<JsonObject> {
  await authorize(hub.transport, asker, { verb: 'create', group, version, resource, namespace })
  if (!(await hub.of(namespaceType).find(namespace))) throw notFound({ group: '', resource: 'namespaces' }, namespace)
  const client = createClient(readingAs(hub.transport, asker))
  const status = await query.answer({ client, namespace, ...askedIn(question) })
  return { ...question, metadata: { ...(question['metadata'] as JsonObject), namespace }, status }
}

/** What nobody asks for is dropped, or refused where the sender wants that. */
function questionOf(resource: Resource, body: JsonObject, isStrict: boolean): JsonObject {
  const { group, version, kind, shape } = resource
  const groupVersion = `${group}/${version}`
  const { apiVersion = groupVersion, kind: said = kind, metadata = {}, status: _, ...rest } = body
  if (apiVersion !== groupVersion || said !== kind) {
    throw badRequest(`the body is ${String(apiVersion)} ${String(said)}, and not ${groupVersion} ${kind}`)
  }
  if (!isObject(metadata)) throw badRequest('metadata must be an object')
  const { object, unknown, problems } = shape.normalize({ ...rest, apiVersion, kind, metadata })
  const { name } = metadata
  const found = problems.length > 0 ? problems : shape.validate(object, undefined)
  if (found.length > 0) throw invalid(resource, typeof name === 'string' ? name : '', found)
  if (isStrict && unknown.length > 0)
    throw badRequest(`strict decoding error: ${unknown.map((path) => `unknown field "${path}"`).join(', ')}`)
  return object
}

async function bodyOf(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_BYTES) throw tooLarge(BODY_BYTES)
    chunks.push(chunk)
  }
  let body: Json
  try {
    body = parseJson(Buffer.concat(chunks).toString())
  } catch {
    throw badRequest('the body is not JSON')
  }
  if (!isObject(body)) throw badRequest('the body is no object')
  return body
}

function send(response: ServerResponse, code: number, body: Json): void {
  const text = Buffer.from(typeof body === 'string' ? body : stringifyJson(body))
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  response.writeHead(code, { 'content-type': type, 'content-length': text.length }).end(text)
}

async function collectionsOf(queries: readonly HubQuery[]): Promise<ReadonlyMap<string, ServedQuery>> {
  const { resourceOfQuery } = await import('@larder/engine/apiserver/queries')
  const served = await Promise.all(
    queries.map(async (query) => {
      // Who asks is answered by `answer`, below.
      const resource = await resourceOfQuery({ ...query, namespaced: true, create: (_, object) => object })
      const path = `/apis/${query.group}/${query.version}/namespaces/*/${query.resource}`
      return [path, { query, resource }] as const
    }),
  )
  return new Map(served)
}

function documentsOf(queries: readonly HubQuery[]): ReadonlyMap<string, JsonObject> {
  const groups = new Set(queries.map(({ group, version }) => `${group}/${version}`))
  return new Map(
    [...groups].flatMap((groupVersion) => {
      const [group, version] = groupVersion.split('/') as [string, string]
      const ofGroup = queries.filter((query) => query.group === group && query.version === version)
      return [
        [`/apis/${group}`, groupDocument(group, version)],
        [`/apis/${groupVersion}`, resourcesDocument(groupVersion, ofGroup)],
        [`/openapi/v3/apis/${groupVersion}`, schemasDocument(ofGroup)],
      ] as const
    }),
  )
}

function groupDocument(group: string, version: string): JsonObject {
  const preferredVersion = { groupVersion: `${group}/${version}`, version }
  return { kind: 'APIGroup', apiVersion: 'v1', name: group, versions: [preferredVersion], preferredVersion }
}

const resourcesDocument = (groupVersion: string, queries: readonly HubQuery[]): JsonObject => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: queries.map(({ resource, kind }) => ({
    name: resource,
    singularName: kind.toLowerCase(),
    namespaced: true,
    kind,
    verbs: ['create'],
  })),
})

const schemasDocument = (queries: readonly HubQuery[]): JsonObject => ({
  openapi: '3.0.0',
  info: { title: 'Larder', version: queries[0]?.version ?? '' },
  paths: {},
  components: {
    schemas: Object.fromEntries(
      queries.map(({ group, version, kind, schema }) => [
        [...group.split('.').toReversed(), version, kind].join('.'),
        { ...schema, 'x-kubernetes-group-version-kind': [{ group, version, kind }] },
      ]),
    ),
  },
})
