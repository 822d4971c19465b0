/**
 * One request and its answer, whichever HTTP version carries it.
 *
 * Node's compatibility layer would give HTTP/2 streams the look of HTTP/1 requests, at the price of two more objects and a
 * dozen listeners for each request. Two thin classes behind one interface cost less and show what differs.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { tooLarge } from '../../machinery/status.ts'

export type Headers = Record<string, string | number | readonly string[]>

/** What a streamed answer is written to. Both Node's response and its HTTP/2 stream are one. */
export interface Sink {
  readonly writableLength: number
  readonly writableNeedDrain: boolean
  readonly destroyed: boolean
  write(chunk: Uint8Array): boolean
  end(): unknown
  destroy(error?: Error): unknown
  on(event: 'drain' | 'close' | 'finish', listener: () => void): unknown
  off(event: 'drain' | 'close' | 'finish', listener: () => void): unknown
}

export interface Exchange {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly socket: TLSSocket
  /** All values of a header in their order: joined values cannot be told apart when they hold commas, as groups do. */
  values(name: string): string[]
  /** Throws ApiError 413 beyond `limit` bytes. Never settles when the client goes away: nobody is left to answer. */
  body(limit: number): Promise<Buffer>
  /** Answers at once. */
  send(code: number, headers: Headers, body: Buffer | string | undefined): void
  /** Sends the head now; the body follows through the sink. */
  begin(code: number, headers: Headers): Sink
  /** Told when the exchange is over, answered or broken. */
  onClose(listener: () => void): void
  /** Of the head that was sent; 0 before: once there is one, it is too late for a Status. */
  readonly code: number
  /** Breaks the exchange off. */
  abort(): void
}

export class Http1Exchange implements Exchange {
  code = 0
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #isClosing: () => boolean

  constructor(request: IncomingMessage, response: ServerResponse, isClosing: () => boolean) {
    this.#request = request
    this.#response = response
    this.#isClosing = isClosing
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }
  get url(): string {
    return this.#request.url ?? '/'
  }
  get headers(): IncomingHttpHeaders {
    return this.#request.headers
  }
  get socket(): TLSSocket {
    return this.#request.socket as TLSSocket
  }

  values(name: string): string[] {
    return valuesOf(this.#request.rawHeaders, name)
  }

  body(limit: number): Promise<Buffer> {
    return collect(this.#request, Number(this.#request.headers['content-length']), limit)
  }

  send(code: number, headers: Headers, body: Buffer | string | undefined): void {
    this.code = code
    if (this.#isClosing()) headers['connection'] = 'close'
    // Length and body in one `end` reach the socket as one write: one TLS record for a small answer.
    if (code !== 304) headers['content-length'] = body === undefined ? 0 : Buffer.byteLength(body)
    this.#response.writeHead(code, headers as never)
    this.#response.end(this.method === 'HEAD' ? undefined : body)
  }

  begin(code: number, headers: Headers): Sink {
    this.code = code
    if (this.#isClosing()) headers['connection'] = 'close'
    this.#response.writeHead(code, headers as never)
    this.#response.flushHeaders()
    return this.#response
  }

  onClose(listener: () => void): void {
    // Not the request's 'close': since Node 16 that fires as soon as its body is read.
    this.#response.on('close', listener)
  }

  abort(): void {
    this.#request.destroy()
  }
}

export class Http2Exchange implements Exchange {
  code = 0
  readonly headers: IncomingHttpHeaders
  readonly #stream: ServerHttp2Stream
  readonly #rawHeaders: readonly string[]

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.#stream = stream
    this.headers = headers
    this.#rawHeaders = rawHeaders
  }

  get method(): string {
    return this.headers[':method'] as string
  }
  get url(): string {
    return this.headers[':path'] as string
  }
  get socket(): TLSSocket {
    return this.#stream.session?.socket as TLSSocket
  }

  values(name: string): string[] {
    return valuesOf(this.#rawHeaders, name)
  }

  body(limit: number): Promise<Buffer> {
    if (this.headers.expect === '100-continue') this.#stream.additionalHeaders({ ':status': 100 })
    return collect(this.#stream, Number(this.headers['content-length']), limit)
  }

  send(code: number, headers: Headers, body: Buffer | string | undefined): void {
    if (this.#stream.closed) return
    this.code = code
    headers[':status'] = code
    const isEmpty = body === undefined || body.length === 0 || this.method === 'HEAD'
    if (code !== 304) headers['content-length'] = body === undefined ? 0 : Buffer.byteLength(body)
    this.#stream.respond(headers as never, { endStream: isEmpty })
    if (!isEmpty) this.#stream.end(body)
    this.#refuseRest()
  }

  begin(code: number, headers: Headers): Sink {
    if (!this.#stream.closed) {
      this.code = code
      headers[':status'] = code
      this.#stream.respond(headers as never)
    }
    return this.#stream
  }

  onClose(listener: () => void): void {
    this.#stream.on('close', listener)
  }

  abort(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  /** A body that nobody will read would otherwise keep the stream half open for ever. */
  #refuseRest(): void {
    const stream = this.#stream
    if (stream.readableEnded || stream.endAfterHeaders) return
    if (!stream.readableFlowing) stream.resume()
    stream.once('finish', () => stream.readableEnded || stream.close(constants.NGHTTP2_NO_ERROR))
  }
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() === name) values.push(rawHeaders[i + 1]!)
  }
  return values
}

const EMPTY = Buffer.alloc(0)

function collect(stream: IncomingMessage | ServerHttp2Stream, declared: number, limit: number): Promise<Buffer> {
  if (declared > limit) return Promise.reject(tooLarge(limit))
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let chunks: Buffer[] | undefined
    let size = 0
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limit) {
        stream.off('data', onData)
        reject(tooLarge(limit))
      } else if (!first) first = chunk
      else (chunks ??= [first]).push(chunk)
    }
    stream.on('data', onData)
    stream.once('end', () => resolve(chunks ? Buffer.concat(chunks, size) : (first ?? EMPTY)))
  })
}
