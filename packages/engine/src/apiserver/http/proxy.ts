/**
 * Hands a request on to the server behind an APIService, and its answer back, as it comes: a watch streams through.
 *
 * The request has been authorized. Its body is bounded as ours are; the answer flows only as fast as the client takes it. A server that
 * does not answer costs the clients who ask for it a minute at most, and only so many of them: the rest are told at once.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Api } from '../api.ts'
import type { Aggregation } from '../aggregation/aggregation.ts'
import { answeredHeaders, forwardedHeaders, remoteHeaders } from '../aggregation/front-proxy.ts'
import { isStale, StaleConnection, whyOf } from '../aggregation/remote-answer.ts'
import type { RemoteApi } from '../aggregation/remote-api.ts'
import { ApiError } from '../../machinery/status.ts'
import { headersOf } from './answer.ts'
import { MAX_BODY_BYTES } from './body.ts'
import type { Headers, Sink } from './exchange.ts'
import type { Route } from './request.ts'
import type { Request } from './resources.ts'

/** Until the head of the answer, and between two pieces of it unless it is a watch. Upstream's request timeout. */
const ANSWER_MS = 60_000
/** At one server, watches included. */
const MAX_UNDER_WAY = 500

export interface Proxy {
  /** Undefined for a request that is not for another server. Throws ApiError 403, 429 or 503. */
  handle(request: Request, route: Route): Promise<void> | undefined
  /** Ends the watches that stream through. */
  close(): void
}

export function createProxy(api: Api, aggregation: Aggregation): Proxy {
  const underWay = new WeakMap<RemoteApi, number>()
  const watches = new Set<() => void>()

  async function forward(request: Request, route: Route, remote: RemoteApi): Promise<void> {
    if (route.type === 'resource') api.authorize(request.user, route.verb, route.target, selectorOf(request))
    else api.authorizePath(request.user, route.verb, route.path)
    await remote.settled()
    const running = underWay.get(remote) ?? 0
    if (running >= MAX_UNDER_WAY) throw tooMany(remote)
    underWay.set(remote, running + 1)
    try {
      await send(request, route.type === 'resource' && route.verb === 'watch', remote)
    } finally {
      underWay.set(remote, underWay.get(remote)! - 1)
    }
  }

  async function send(request: Request, isWatch: boolean, remote: RemoteApi): Promise<void> {
    const { exchange } = request
    const body = await exchange.body(MAX_BODY_BYTES)
    const answer = await ask(request, body, remote)
    if (isRedirect(answer)) {
      answer.destroy()
      const why = 'the backend attempted to redirect this request, which is not permitted'
      throw new ApiError(502, 'BadGateway', why)
    }
    const end = (): void => void answer.destroy()
    if (isWatch) watches.add(end)
    await relay(answer, request, isWatch)
    watches.delete(end)
  }

  return {
    handle(request, route) {
      const served = groupVersionOf(route)
      const remote = served && aggregation.find(served[0], served[1])
      return remote && forward(request, route, remote)
    },
    close() {
      for (const end of watches) end()
    },
  }
}

/** The group and version of a path below them; their own path too, which is their discovery. */
function groupVersionOf(route: Route): readonly [string, string] | undefined {
  if (route.type === 'resource') return [route.target.group, route.target.version]
  if (!route.path.startsWith('/apis/')) return undefined
  const [, , group, version, ...rest] = route.path.split('/')
  return group && version && rest.every((part) => part === '') ? [group, version] : undefined
}

function selectorOf({ query }: Request): string | undefined {
  return query?.get('fieldSelector') ?? undefined
}

/** The head of the answer. Throws ApiError 503 or 504. */
async function ask(request: Request, body: Buffer, remote: RemoteApi): Promise<IncomingMessage> {
  const { method, url: path, headers: given } = request.exchange
  const headers = {
    ...forwardedHeaders(given),
    ...remoteHeaders(request.user),
    'audit-id': request.auditId,
    ...(body.length > 0 && { 'content-length': String(body.length) }),
  }
  const send = (mayRepeat: boolean): Promise<IncomingMessage> => {
    const sent = remote.request({ method, path, headers })
    if (!sent) throw unavailable(remote)
    request.exchange.onClose(() => sent.destroy())
    return answerOf(sent, { body, mayRepeat }, request, remote)
  }
  try {
    return await send(method === 'GET' || method === 'HEAD')
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error
    return send(false)
  }
}

function answerOf(
  sent: ClientRequest,
  { body, mayRepeat }: { readonly body: Buffer; readonly mayRepeat: boolean },
  { clock }: Request,
  remote: RemoteApi,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ANSWER_MS, () => {
      reject(new ApiError(504, 'Timeout', `${nameOf(remote)} did not answer within ${ANSWER_MS / 1000} s`))
      sent.destroy()
    })
    sent.on('response', (answer) => {
      cancel()
      resolve(answer)
    })
    sent.on('error', (error) => {
      cancel()
      if (mayRepeat && isStale(sent, error)) return reject(new StaleConnection('', { cause: error }))
      // It may have moved: look now, not in half a minute.
      remote.wake()
      reject(new ApiError(503, 'ServiceUnavailable', `${nameOf(remote)} does not answer: ${whyOf(error)}`))
    })
    sent.end(body)
  })
}

function isRedirect({ statusCode = 0, headers }: IncomingMessage): boolean {
  return statusCode >= 300 && statusCode < 400 && headers.location !== undefined
}

/** Resolves when the answer is over, whichever side ended it. */
function relay(answer: IncomingMessage, request: Request, isWatch: boolean): Promise<void> {
  const { exchange, clock } = request
  const headers: Headers = { ...answeredHeaders(answer.headers), 'audit-id': request.auditId }
  if (request.warnings.length > 0) headers['warning'] = headersOf(request, '')['warning']!
  const sink: Sink = exchange.begin(answer.statusCode ?? 502, headers)
  return new Promise((resolve) => {
    let cancelIdle = nothing
    const idle = (): void => {
      cancelIdle()
      if (!isWatch) cancelIdle = clock.after(ANSWER_MS, () => answer.destroy())
    }
    const over = (): void => {
      cancelIdle()
      resolve()
    }
    idle()
    answer.on('data', (chunk: Buffer) => {
      idle()
      if (!sink.write(chunk)) answer.pause()
    })
    sink.on('drain', () => answer.resume())
    sink.on('close', () => {
      answer.destroy()
      over()
    })
    answer.on('end', () => sink.end())
    answer.on('error', () => exchange.abort())
    answer.on('close', () => {
      // A watch that its server breaks off ends as one that times out: the client comes again.
      if (answer.complete || isWatch) sink.end()
      else exchange.abort()
      over()
    })
  })
}

const nothing = (): void => {}
const nameOf = ({ apiService: { name } }: RemoteApi): string => `the server behind APIService ${JSON.stringify(name)}`

function unavailable(remote: RemoteApi): ApiError {
  const why = `${nameOf(remote)} is not available (${remote.availability.reason})`
  return new ApiError(503, 'ServiceUnavailable', why)
}

function tooMany(remote: RemoteApi): ApiError {
  const why = `${nameOf(remote)} has ${MAX_UNDER_WAY} requests under way, please try again later`
  return new ApiError(429, 'TooManyRequests', why, { retryAfterSeconds: 1 })
}
