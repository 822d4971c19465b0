/**
 * The question what a namespace may claim, as an API of its own behind the cluster's (APIService `v1alpha1.query.larder.dev`). The cluster
 * authenticates who asks; what they may read of classes the cluster is asked.
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
  isApiError,
  methodNotSupported,
  notFound,
  routeNotFound,
  tooLarge,
  unauthorized,
} from '@larder/engine/machinery/status'
import type { ClaimableDesk } from '../../../controllers/claimable/desk.ts'
import { claimableQuerySchema, claimableQueryType } from '../../../model/claimable-query.ts'
import { authorize, readingAs, type Asker } from './asker.ts'
import { askerOf, type FrontProxyTrust } from './front-proxy.ts'

export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

export interface QueryServerOptions {
  readonly desk: Pick<ClaimableDesk, 'answer'>
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

const { group, version, resource, kind } = claimableQueryType
const GROUP_VERSION = `${group}/${version}`
const BODY_BYTES = 64 * 1024
/** A sender that stops in the middle must not hold a connection for ever. */
const REQUEST_TIMEOUT_MS = 30_000

export async function serveQueries(options: QueryServerOptions): Promise<QueryServer> {
  const { identity, host, log } = options
  let { trust } = options
  const context = () => ({ cert: identity.certificate, key: identity.key, ca: trust.authority })
  const server = createServer(
    { ...context(), requestCert: true, rejectUnauthorized: false, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      respond(options, request, trust)
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

async function respond(options: QueryServerOptions, request: IncomingMessage, trust: FrontProxyTrust): Promise<Reply> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'https://hub')
  if (pathname === '/healthz' || pathname === '/readyz' || pathname === '/livez') return { code: 200, body: 'ok' }
  const asker = askerOf(request, trust)
  if (!asker) throw unauthorized()
  if (request.method === 'GET' || request.method === 'HEAD') {
    const known = DOCUMENTS[pathname]
    if (known) return { code: 200, body: known }
  }
  const [, namespace] = COLLECTION.exec(pathname) ?? []
  if (namespace === undefined) throw routeNotFound()
  if (request.method !== 'POST') throw methodNotSupported({ group, resource }, String(request.method).toLowerCase())
  const question = questionOf(await bodyOf(request), searchParams.get('fieldValidation') === 'Strict')
  return { code: 201, body: await answer(options, asker, decodeURIComponent(namespace), question) }
}

const COLLECTION = new RegExp(`^/apis/${GROUP_VERSION}/namespaces/([^/]+)/${resource}$`)

async function answer({ desk, hub }: QueryServerOptions, asker: Asker, namespace: string, question: Question) {
  await authorize(hub.transport, asker, { verb: 'create', group, version, resource, namespace })
  if (!(await hub.of(namespaceType).find(namespace))) throw notFound({ group: '', resource: 'namespaces' }, namespace)
  const { metadata, spec } = question
  const client = createClient(readingAs(hub.transport, asker))
  const status = await desk.answer({ client, namespace, className: spec.className })
  const said = { ...(spec.className !== undefined && { className: spec.className }) }
  const answered = { apiVersion: GROUP_VERSION, kind, metadata: { ...metadata, namespace }, spec: said }
  return { ...answered, status: status as unknown as JsonObject }
}

interface Question {
  readonly metadata: JsonObject
  readonly spec: { readonly className?: string }
}

/** What nobody asks for is dropped, or refused where the sender wants that. */
function questionOf(body: JsonObject, isStrict: boolean): Question {
  const { metadata = {}, spec = {} } = body
  if (!isObject(metadata)) throw badRequest('metadata must be an object')
  if (!isObject(spec)) throw badRequest('spec must be an object')
  const unknown = [
    ...Object.keys(body).filter((key) => !['apiVersion', 'kind', 'metadata', 'spec', 'status'].includes(key)),
    ...Object.keys(spec)
      .filter((key) => key !== 'className')
      .map((key) => `spec.${key}`),
  ]
  if (isStrict && unknown.length > 0)
    throw badRequest(`strict decoding error: ${unknown.map((path) => `unknown field "${path}"`).join(', ')}`)
  const { className } = spec
  if (className === undefined) return { metadata, spec: {} }
  if (typeof className !== 'string') throw badRequest('spec.className must be a string')
  return { metadata, spec: { className } }
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
  const said = `${String(body['apiVersion'] ?? GROUP_VERSION)} ${String(body['kind'] ?? kind)}`
  if (said !== `${GROUP_VERSION} ${kind}`) throw badRequest(`the body is ${said}, and not ${GROUP_VERSION} ${kind}`)
  return body
}

function send(response: ServerResponse, code: number, body: Json): void {
  const text = Buffer.from(typeof body === 'string' ? body : stringifyJson(body))
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  response.writeHead(code, { 'content-type': type, 'content-length': text.length }).end(text)
}

/** Discovery, and the schema for `kubectl explain`. */
const DOCUMENTS: Readonly<Record<string, JsonObject>> = {
  [`/apis/${group}`]: {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: group,
    versions: [{ groupVersion: GROUP_VERSION, version }],
    preferredVersion: { groupVersion: GROUP_VERSION, version },
  },
  [`/apis/${GROUP_VERSION}`]: {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: GROUP_VERSION,
    resources: [{ name: resource, singularName: kind.toLowerCase(), namespaced: true, kind, verbs: ['create'] }],
  },
  [`/openapi/v3/apis/${GROUP_VERSION}`]: {
    openapi: '3.0.0',
    info: { title: 'Larder', version },
    paths: {},
    components: {
      schemas: {
        [`dev.larder.query.${version}.${kind}`]: {
          ...claimableQuerySchema,
          'x-kubernetes-group-version-kind': [{ group, version, kind }],
        },
      },
    },
  },
}
