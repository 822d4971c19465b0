/**
 * The way to an API server over HTTPS (or plain HTTP, for a proxy on this machine).
 *
 * HTTP/1.1 with kept-alive connections, a connection for each watch: a dead connection then takes one watch with it and
 * not everything, and a proxy in between needs to know nothing. The price, a few sockets, is paid by the dozen informers of
 * a hub and by nobody else.
 */
import http from 'node:http'
import https from 'node:https'
import { parseJson, stringifyJson, type Json } from '../base/json.ts'
import type { Answer, Call, Target, Transport, WatchEvent, WatchOptions } from '../machinery/call.ts'
import { ApiError, type Status } from '../machinery/status.ts'
import { httpCallOf, watchPathOf, type HttpCall } from './request.ts'
import { readLines } from './lines.ts'
import { Unreachable } from './unreachable.ts'

/** Where an API server is, and as whom to speak to it. PEM texts. */
export interface Connection {
  /** `https://127.0.0.1:6443`; a path in it is put before every path. */
  readonly url: string
  /** The authorities to trust instead of the system's. */
  readonly ca?: string | Buffer | undefined
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  /** A bearer token; a function is asked for each request, because projected tokens are renewed on disk. */
  readonly token?: string | (() => string) | undefined
  /** The user to be taken for, `system:serviceaccount:NAMESPACE:NAME`, which the credentials above must be allowed to. */
  readonly impersonate?: string | undefined
  /** The name to expect in the server's certificate instead of the host. */
  readonly serverName?: string | undefined
  readonly insecureSkipTlsVerify?: boolean | undefined
  readonly userAgent?: string | undefined
  /** How long a call other than a watch may take; 60 s unless told. */
  readonly timeoutMs?: number | undefined
}

const CALL_TIMEOUT_MS = 60_000
/** A watch that says nothing for so long after its own timeout is dead. */
const WATCH_SLACK_MS = 30_000
const WATCH_TIMEOUT_SECONDS = 300

export function httpsTransport(connection: Connection): Transport {
  const wire = createWire(connection)
  return {
    async call(call, signal) {
      return (await wire.exchange(httpCallOf(call), isRepeatable(call), signal)) as unknown as Answer
    },
    watch: (target, options, signal) => watch(wire, target, options, signal),
    raw: (path, signal) => wire.exchange({ method: 'GET', path }, true, signal),
    close() {
      wire.close()
      return Promise.resolve()
    },
  }
}

async function* watch(
  wire: Wire,
  target: Target,
  options: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  if (signal.aborted) return
  const seconds = options.timeoutSeconds ?? WATCH_TIMEOUT_SECONDS
  const call: HttpCall = { method: 'GET', path: watchPathOf(target, { ...options, timeoutSeconds: seconds }) }
  const response = await wire.send(call, seconds * 1000 + WATCH_SLACK_MS, signal).catch(unlessAborted(signal))
  if (!response) return
  if (response.statusCode !== 200) throw errorOf(response, await readText(response), wire.address)
  try {
    for await (const line of readLines(response)) {
      const event = parseBody(line) as { type: string; object: Json }
      if (event.type === 'ERROR') throw ApiError.fromStatus(event.object as unknown as Status)
      yield event as unknown as WatchEvent
    }
  } catch (error) {
    if (signal.aborted) return
    throw error instanceof ApiError ? error : wire.unreachable(error)
  } finally {
    response.destroy()
  }
}

function unlessAborted(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    if (!signal.aborted) throw error
  }
}

interface Wire {
  readonly address: string
  /** The headers of the answer have come; its body has not. Rejects with Unreachable. */
  send(call: HttpCall, timeoutMs: number, signal: AbortSignal | undefined): Promise<http.IncomingMessage>
  /** The parsed body. Rejects with ApiError or Unreachable. */
  exchange(call: HttpCall, repeatable: boolean, signal: AbortSignal | undefined): Promise<Json>
  unreachable(error: unknown): Unreachable
  close(): void
}

function createWire(connection: Connection): Wire {
  const url = new URL(connection.url)
  const plain = url.protocol === 'http:'
  const options: https.AgentOptions = {
    keepAlive: true,
    ca: connection.ca,
    cert: connection.cert,
    key: connection.key,
    rejectUnauthorized: connection.insecureSkipTlsVerify !== true,
    ...(connection.serverName !== undefined && { servername: connection.serverName }),
  }
  const agent = plain ? new http.Agent({ keepAlive: true }) : new https.Agent(options)
  const request = plain ? http.request : https.request
  const prefix = url.pathname.replace(/\/+$/, '')
  const address = url.origin

  const unreachable = (error: unknown) => {
    if (error instanceof Unreachable) return error
    return new Unreachable(address, error instanceof Error ? error.message : String(error), { cause: error })
  }

  function headersOf(call: HttpCall, body: Buffer | undefined): http.OutgoingHttpHeaders {
    const token = typeof connection.token === 'function' ? connection.token() : connection.token
    return {
      accept: 'application/json',
      'user-agent': connection.userAgent ?? 'larder',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(connection.impersonate !== undefined && { 'impersonate-user': connection.impersonate }),
      ...(body && { 'content-type': call.contentType, 'content-length': body.length }),
    }
  }

  function send(call: HttpCall, timeoutMs: number, signal?: AbortSignal): Promise<http.IncomingMessage> {
    const body = call.body === undefined ? undefined : Buffer.from(stringifyJson(call.body))
    return new Promise((resolve, reject) => {
      const req = request({
        agent,
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port || (plain ? 80 : 443),
        method: call.method,
        path: prefix + call.path,
        headers: headersOf(call, body),
        timeout: timeoutMs,
        ...(signal && { signal }),
      })
      req.on('response', resolve)
      req.on('timeout', () => req.destroy(new Error(`nothing came for ${timeoutMs / 1000} s`)))
      req.on('error', (error) => reject(Object.assign(unreachable(error), { stale: isStale(req, error) })))
      req.end(body)
    })
  }

  async function attempt(call: HttpCall, signal: AbortSignal | undefined): Promise<Json> {
    const response = await send(call, connection.timeoutMs ?? CALL_TIMEOUT_MS, signal)
    const text = await readText(response).catch((error: unknown) => {
      throw unreachable(error)
    })
    const code = response.statusCode ?? 0
    if (code < 200 || code > 299) throw errorOf(response, text, address)
    return parseBody(text)
  }

  return {
    address,
    send,
    unreachable,
    async exchange(call, repeatable, signal) {
      try {
        return await attempt(call, signal)
      } catch (error) {
        // The server closed a kept connection just as we took it up. The others are as old: a repetition needs a new one.
        if (!repeatable || (error as { stale?: boolean }).stale !== true || signal?.aborted) throw error
        for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
        return attempt(call, signal)
      }
    },
    close: () => agent.destroy(),
  }
}

function isStale(req: http.ClientRequest, error: NodeJS.ErrnoException): boolean {
  return req.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

/**
 * May be sent again when nobody knows whether it was done: the second time then does nothing more, or is refused as the caller's own
 * repetition would be. Not so a create whose name the server makes up, and a JSON patch, which may append.
 */
function isRepeatable(call: Call): boolean {
  if (call.verb === 'create') return typeof (call.body as { metadata?: { name?: unknown } }).metadata?.name === 'string'
  return call.verb !== 'patch' || call.patchType !== 'application/json-patch+json'
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** `JSON.parse` is several times faster, and right as long as no number has more digits than a double holds. */
function parseBody(text: string): Json {
  return /[0-9]{16}/.test(text) ? parseJson(text) : (JSON.parse(text) as Json)
}

/** An answer that is no Status comes from something in between: a proxy, a wrong port. */
function errorOf(response: http.IncomingMessage, text: string, address: string): ApiError {
  const code = response.statusCode ?? 0
  if (response.headers['content-type']?.startsWith('application/json')) {
    const body = parseBody(text) as unknown as Status
    if (body?.kind === 'Status') return ApiError.fromStatus({ ...body, code: body.code ?? code })
  }
  const said = text.length > 200 ? `${text.slice(0, 200)}...` : text
  return new ApiError(code, reasonOf(code), `${address} answered ${code} ${response.statusMessage ?? ''}: ${said}`)
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

function reasonOf(code: number): string {
  return REASONS[code] ?? (code >= 500 ? 'InternalError' : 'Unknown')
}
