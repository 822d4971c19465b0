/**
 * The Kubernetes API over HTTPS.
 *
 * HTTP/2 and HTTP/1.1 on one port, because kubectl speaks the first and plenty of tools only the second. Every request takes
 * the same short way: who asks, which route, the Api's answer, bytes. Nothing is decided here that the Api decides; what this edge
 * adds is what only exists on a wire: encodings, negotiation, streams, limits on bytes.
 *
 * Rejected: a web framework. Its router, hooks and reply objects would cost more than the whole of our path, and
 * none of them knows watches, Status or negotiation by kind.
 */
import { randomUUID } from 'node:crypto'
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { ApiError, internal, isApiError } from '../../machinery/status.ts'
import { Aggregation } from '../aggregation/aggregation.ts'
import type { Api, User } from '../api.ts'
import { ANONYMOUS, type Authenticate, createAuthenticator } from '../authenticate.ts'
import type { Certificates } from '../certificates.ts'
import { impersonationOf } from '../impersonation.ts'
import type { TokenAuthority } from '../tokens.ts'
import { sendError } from './answer.ts'
import { trackConnections } from './connections.ts'
import { type Exchange, Http1Exchange, Http2Exchange } from './exchange.ts'
import { FrameCache } from './frame-cache.ts'
import type { Check } from './health.ts'
import type { ApiMetrics } from './metrics.ts'
import { createPathHandler, type HandlePath, isPublicPath } from './paths.ts'
import { createProxy, type Proxy } from './proxy.ts'
import type { Query } from './query.ts'
import { isTrue, type Route, routeOf } from './request.ts'
import { createResourceHandler, type HandleResource, type Request, servedName } from './resources.ts'
import type { WatchStream } from './watch-stream.ts'

export interface ServeApiOptions {
  readonly api: Api
  readonly certificates: Certificates
  readonly tokens: TokenAuthority
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** 0 picks a free one. */
  readonly port: number
  readonly clock: Clock
  readonly log: Log
  readonly metrics: ApiMetrics
  /** What `/readyz` reports. */
  readonly ready: () => readonly Check[]
  /** Larder's own version: `0.1.0`. */
  readonly version: string
  /** How much one watch may lag behind, in bytes of events; default 8 MiB. */
  readonly watchBacklogBytes?: number
  /** How long `close` waits for exchanges to finish; default 10 s. */
  readonly closeGraceMs?: number
}

export interface ApiServer {
  /** `https://127.0.0.1:7701`. */
  readonly url: string
  readonly port: number
  /** Ends watches cleanly, finishes requests, then closes. */
  close(): Promise<void>
}

const WATCH_BACKLOG_BYTES = 8 * 1024 * 1024
const FRAME_CACHE_BYTES = 4 * 1024 * 1024
const CLOSE_GRACE_MS = 10_000
/**
 * Megabytes. Node counts what streams have not yet sent against the session and refuses new streams beyond it; client-go
 * sends everything over one session, so four stalled lists would have locked a client out at the default of 10. Each stream
 * is bounded by itself (answer.ts, watch-stream.ts).
 */
const MAX_SESSION_MEMORY_MB = 1000
const MAX_CONCURRENT_STREAMS = 1000
/** Bodies up to this arrive without waiting for window updates. */
const STREAM_WINDOW_BYTES = 1024 * 1024
/** Longer than Go's clients keep an idle connection (90 s), so that it is they who close it. */
const KEEP_ALIVE_MS = 120_000

/** Resolves when the port is open. Rejects with the error of `listen`: EADDRINUSE. */
export async function serveApi(options: ServeApiOptions): Promise<ApiServer> {
  const host = options.host ?? '127.0.0.1'
  const server = createSecureServer({
    ca: options.certificates.caCertificate,
    cert: options.certificates.server.certificate,
    key: options.certificates.server.key,
    // Whoever has no certificate may have a token: the authenticator decides, not the handshake.
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    allowHTTP1: true,
    maxSessionMemory: MAX_SESSION_MEMORY_MB,
    settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS, initialWindowSize: STREAM_WINDOW_BYTES },
  })
  const aggregation = new Aggregation(options)
  await aggregation.start()
  const edge = new Edge(options, aggregation, () => url)
  edge.attach(server)
  const connections = trackConnections(server, options.clock)
  const port = await listen(server, options.port, host).catch((error: unknown) => {
    aggregation.close()
    throw error
  })
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  options.log.info('serving the Kubernetes API', { url })
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    edge.close()
    await connections.close(options.closeGraceMs ?? CLOSE_GRACE_MS)
    // Not before: it would cut off what other servers are answering.
    aggregation.close()
    options.log.info('closed the Kubernetes API', { url })
  }
  return { url, port, close: () => (closing ??= close()) }
}

async function listen(server: Http2SecureServer, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}

class Edge {
  readonly #options: ServeApiOptions
  readonly #authenticate: Authenticate
  readonly #handlePath: HandlePath
  readonly #handleResource: HandleResource
  readonly #proxy: Proxy
  readonly #openWatches = new Set<WatchStream>()
  #isClosing = false

  constructor(options: ServeApiOptions, aggregation: Aggregation, url: () => string) {
    const { api, clock, metrics, tokens } = options
    this.#options = options
    this.#authenticate = createAuthenticator({ tokens, clock })
    this.#handlePath = createPathHandler({ ...options, aggregation, url, ready: () => this.#readiness() })
    this.#proxy = createProxy(api, aggregation)
    this.#handleResource = createResourceHandler({
      api,
      metrics,
      frames: new FrameCache(FRAME_CACHE_BYTES),
      watchBacklogBytes: options.watchBacklogBytes ?? WATCH_BACKLOG_BYTES,
      openWatches: this.#openWatches,
    })
  }

  attach(server: Http2SecureServer): void {
    const isClosing = (): boolean => this.#isClosing
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      response.on('error', () => {})
      this.#start(new Http1Exchange(request, response, isClosing))
    })
    // The listener for 'request' brought Node's compatibility layer for HTTP/2 with it; streams come to us directly.
    server.removeAllListeners('stream')
    server.on(
      'stream',
      (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: readonly string[]) => {
        stream.on('error', () => {})
        this.#start(new Http2Exchange(stream, headers, rawHeaders))
      },
    )
    ;(server as unknown as { keepAliveTimeout: number }).keepAliveTimeout = KEEP_ALIVE_MS
    server.on('tlsClientError', (error) => this.#options.log.debug('TLS handshake failed', { reason: error.message }))
  }

  close(): void {
    this.#isClosing = true
    for (const watch of this.#openWatches) watch.end()
    this.#proxy.close()
  }

  #readiness(): readonly Check[] {
    return [...this.#options.ready(), { name: 'shutdown', ok: !this.#isClosing }]
  }

  #start(exchange: Exchange): void {
    this.#serve(exchange).catch((error: unknown) => {
      // Not even the Status could be sent. One exchange is lost; a rejection that nobody hears would end the process.
      this.#options.log.error('an answer could not be sent', { path: exchange.url.split('?')[0] }, error)
      exchange.abort()
    })
  }

  async #serve(exchange: Exchange): Promise<void> {
    const started = performance.now()
    const request = new EdgeRequest(exchange, this.#options.clock)
    let route: Route | undefined
    try {
      request.user = await this.#identify(request)
      route = routeOf(exchange.method, request.path, request.query)
      const elsewhere = this.#proxy.handle(request, route)
      if (elsewhere) await elsewhere
      else if (route.type === 'resource') await this.#handleResource(request, route)
      else await this.#handlePath(request, route.verb)
    } catch (error) {
      this.#fail(request, error)
    }
    this.#count(route, exchange.code, started)
  }

  #count(route: Route | undefined, code: number, started: number): void {
    const isWatch = route?.type === 'resource' && route.verb === 'watch'
    if (isWatch && code === 200) return
    const isResource = route?.type === 'resource'
    const resource = isResource ? servedName(this.#options.api, route.target) : ''
    const verb = isResource ? route.verb : 'path'
    this.#options.metrics.request({ verb, resource, code }, (performance.now() - started) / 1000)
  }

  async #identify(request: EdgeRequest): Promise<User> {
    const { exchange, path } = request
    const found = this.#authenticate(exchange.socket, exchange.headers.authorization)
    const user = found instanceof Promise ? await found : found
    if (user === ANONYMOUS && !isPublicPath(path)) throw mayNotAnonymously(exchange.method, path)
    const wanted = impersonationOf(Object.keys(exchange.headers), (name) => exchange.values(name))
    return wanted ? this.#options.api.impersonate(user, wanted) : user
  }

  /** Answers with a Status; what is no ApiError is ours to find in the log, by its audit id. */
  #fail(request: EdgeRequest, error: unknown): void {
    const known = isApiError(error) ? error : internal(`see the server's log for audit id ${request.auditId}`, error)
    if (known.code >= 500) {
      this.#options.log.error('request failed', { path: request.path, auditId: request.auditId }, error)
    }
    if (request.exchange.code !== 0) request.exchange.abort()
    else sendError(request, known)
  }
}

function mayNotAnonymously(method: string, path: string): ApiError {
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
  const message = `forbidden: User ${JSON.stringify(ANONYMOUS.name)} cannot ${verb} path ${JSON.stringify(path)}`
  return new ApiError(403, 'Forbidden', message, {})
}

class EdgeRequest implements Request {
  readonly exchange: Exchange
  readonly clock: Clock
  readonly path: string
  readonly query: Query
  readonly auditId = randomUUID()
  readonly warnings: string[] = []
  readonly userAgent: string
  /** Set before anybody handles the request. */
  user: User = ANONYMOUS

  constructor(exchange: Exchange, clock: Clock) {
    this.exchange = exchange
    this.clock = clock
    const { url, headers } = exchange
    this.userAgent = headers['user-agent'] ?? ''
    const mark = url.indexOf('?')
    this.path = mark < 0 ? url : url.slice(0, mark)
    this.query = mark < 0 ? undefined : new URLSearchParams(url.slice(mark + 1))
  }

  get isPretty(): boolean {
    return this.query !== undefined && this.query.has('pretty') && isTrue(this.query.get('pretty'))
  }

  /** Also called by the Api, without `this`. */
  readonly warn = (text: string): void => {
    this.warnings.push(text)
  }
}
