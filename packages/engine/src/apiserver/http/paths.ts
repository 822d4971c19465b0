/** Paths that are no resource: discovery, OpenAPI, health, version, metrics. */
import { createHash } from 'node:crypto'
import type { JsonObject } from '../../base/json.ts'
import { ApiError, routeNotFound } from '../../machinery/status.ts'
import type { Api } from '../api.ts'
import type { Aggregation } from '../aggregation/aggregation.ts'
import { aggregated, coreVersions, groupList, resourceList, singleGroup } from '../discovery.ts'
import type { TokenAuthority } from '../tokens.ts'
import { headersOf, sendBody, sendJson } from './answer.ts'
import { type Check, health } from './health.ts'
import type { ApiMetrics } from './metrics.ts'
import { negotiateDiscovery } from './negotiate.ts'
import { createOpenApi } from './openapi.ts'
import type { Request } from './resources.ts'
import { versionInfo } from './version.ts'

export interface PathHandlerOptions {
  readonly api: Api
  readonly aggregation: Aggregation
  readonly tokens: TokenAuthority
  readonly metrics: ApiMetrics
  readonly ready: () => readonly Check[]
  readonly version: string
  /** `https://127.0.0.1:7701`. */
  readonly url: () => string
}

const HEALTH_ENDPOINTS: ReadonlySet<string> = new Set(['livez', 'readyz', 'healthz'])
const FIXED_PATHS = [
  '/.well-known/openid-configuration',
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/openid/v1/jwks',
  '/readyz',
  '/version',
]

const PUBLIC_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/version', '/version/'])

/** What anybody may ask, without credentials. Nothing else is, whatever RBAC says of `system:unauthenticated`. */
export function isPublicPath(path: string): boolean {
  return PUBLIC_PATHS.has(path)
}

export type HandlePath = (request: Request, verb: string) => Promise<void>

/** Throws ApiError 403, 404, 405 or 406. */
export function createPathHandler(options: PathHandlerOptions): HandlePath {
  const { api, tokens, metrics, version } = options
  const discovery = createDiscovery(options)
  const openApi = createOpenApi(api.resources, options.aggregation)

  async function metricsText(request: Request): Promise<void> {
    const registry = await metrics.registry()
    sendBody(request, 200, headersOf(request, registry.contentType), Buffer.from(await registry.metrics()))
  }

  async function fixed(request: Request, path: string): Promise<void> {
    switch (path) {
      case '/':
      case '/index.html':
        return sendJson(request, 200, JSON.stringify({ paths: allPaths(options) }))
      case '/version':
        return sendJson(request, 200, JSON.stringify(versionInfo(version)))
      case '/metrics':
        return metricsText(request)
      case '/openid/v1/jwks':
        return sendJson(request, 200, JSON.stringify(await tokens.jwks()))
      case '/.well-known/openid-configuration':
        return sendJson(request, 200, JSON.stringify(openIdConfiguration(tokens, options.url())))
      default:
        throw routeNotFound()
    }
  }

  return async (request, verb) => {
    const path = request.path.length > 1 && request.path.endsWith('/') ? request.path.slice(0, -1) : request.path
    if (!isPublicPath(path)) api.authorizePath(request.user, verb, request.path)
    if (verb !== 'get') throw new ApiError(405, 'MethodNotAllowed', `${verb} is not supported on ${path}`)
    const [first, ...rest] = path.slice(1).split('/')
    if (HEALTH_ENDPOINTS.has(first!))
      return sendHealth(request, first!, rest, first === 'readyz' ? options.ready() : [])
    if (first === 'api' || first === 'apis') return discovery(request, first, rest)
    if (first === 'openapi') return openApi(request, rest)
    return fixed(request, path)
  }
}

function sendHealth(request: Request, endpoint: string, rest: readonly string[], checks: readonly Check[]): void {
  const only = rest.length === 0 ? undefined : rest.join('/')
  const { code, text } = health(endpoint, only, request.query, checks)
  sendBody(request, code, headersOf(request, 'text/plain; charset=utf-8'), Buffer.from(text))
}

function allPaths({ api, aggregation }: PathHandlerOptions): string[] {
  const paths = new Set<string>([...FIXED_PATHS, '/api', '/apis'])
  for (const { group, version } of [...api.resources.all(), ...aggregation.versions()]) {
    if (group === '') paths.add(`/api/${version}`)
    else paths.add(`/apis/${group}`).add(`/apis/${group}/${version}`)
  }
  return [...paths].sort()
}

function openIdConfiguration(tokens: TokenAuthority, url: string): JsonObject {
  return {
    issuer: tokens.issuer,
    jwks_uri: `${url}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
}

interface CachedDocument {
  readonly bytes: Buffer
  readonly etag: string
}

type HandleDiscovery = (request: Request, root: 'api' | 'apis', rest: readonly string[]) => void

function createDiscovery({ api, aggregation, url }: PathHandlerOptions): HandleDiscovery {
  const cache = new Map<string, CachedDocument | undefined>()
  let generation = ''

  function cached(key: string, make: () => JsonObject | undefined): CachedDocument {
    const current = `${api.resources.generation} ${aggregation.generation}`
    if (current !== generation) {
      cache.clear()
      generation = current
    }
    let document = cache.get(key)
    if (!document) {
      const value = make()
      // Not remembered: keys of what is not served come from URLs, without bound.
      if (!value) throw routeNotFound()
      const bytes = Buffer.from(JSON.stringify(value))
      document = { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` }
      cache.set(key, document)
    }
    return document
  }

  function root(request: Request, name: 'api' | 'apis'): void {
    const as = negotiateDiscovery(request.exchange.headers.accept)
    const core = name === 'api'
    if (as === 'legacy') {
      const address = url().slice('https://'.length)
      const document = cached(name, () => {
        const resources = api.resources.all()
        return core ? coreVersions(resources, address) : groupList(resources, aggregation.versions())
      })
      return send(request, document, 'application/json')
    }
    const document = cached(`${name} ${as}`, () =>
      aggregated(api.resources.all(), { core, as, remote: aggregation.versions() }),
    )
    send(request, document, `application/json;g=apidiscovery.k8s.io;v=${as};as=APIGroupDiscoveryList`)
  }

  return (request, name, rest) => {
    const [first, second, ...more] = rest
    if (first === undefined) return root(request, name)
    if (more.length > 0 || (name === 'api' && second !== undefined)) throw routeNotFound()
    const document = cached(request.path, () => {
      const resources = api.resources.all()
      if (name === 'api') return resourceList(resources, { group: '', version: first })
      return second === undefined
        ? singleGroup(resources, first, aggregation.versions())
        : resourceList(resources, { group: first, version: second })
    })
    send(request, document, 'application/json')
  }
}

function send(request: Request, document: CachedDocument, contentType: string): void {
  const headers = headersOf(request, contentType)
  headers['vary'] = 'Accept'
  if (contentType !== 'application/json') {
    headers['cache-control'] = 'public'
    headers['etag'] = document.etag
    if (request.exchange.headers['if-none-match'] === document.etag) {
      return request.exchange.send(304, headers, undefined)
    }
  }
  sendBody(request, 200, headers, document.bytes)
}
