/** Puts answers on the wire: headers that every answer has, large bodies in pieces, errors as Status. */
import { createGzip } from 'node:zlib'
import { parseJson } from '../../base/json.ts'
import type { Clock } from '../../base/clock.ts'
import type { ApiError } from '../../machinery/status.ts'
import { prettyJson, toYaml } from './encoding.ts'
import type { Exchange, Headers, Sink } from './exchange.ts'

/** What an answer needs to know of its request. */
export interface Answering {
  readonly exchange: Exchange
  readonly auditId: string
  readonly warnings: readonly string[]
  readonly isPretty: boolean
  readonly clock: Clock
}

/** Below this an answer is one write. */
const WHOLE_BYTES = 64 * 1024
/** As upstream: compressing less costs more than it saves. */
const GZIP_BYTES = 128 * 1024
const GZIP_LEVEL = 1
/** A client that takes nothing of a large answer for so long is gone, or should be. */
const STALLED_MS = 120_000

export function headersOf(answering: Answering, contentType: string): Headers {
  const headers: Headers = {
    'audit-id': answering.auditId,
    'cache-control': 'no-cache, private',
    'content-type': contentType,
  }
  if (answering.warnings.length > 0) headers['warning'] = warningValues(answering.warnings)
  return headers
}

/** Upstream's limits on `Warning` headers: past this total, each text is cut. */
const MAX_WARNING_RUNES = 4096
const MAX_TRUNCATED_RUNES = 256

function warningValues(warnings: readonly string[]): string[] {
  const texts = [...new Set(warnings)].map((text) => Array.from(text))
  const total = texts.reduce((sum, text) => sum + text.length, 0)
  const limit = total > MAX_WARNING_RUNES ? MAX_TRUNCATED_RUNES : MAX_WARNING_RUNES
  const most = Math.floor(MAX_WARNING_RUNES / MAX_TRUNCATED_RUNES)
  const kept = total > MAX_WARNING_RUNES ? texts.slice(0, most) : texts
  return kept.map((text) => `299 - "${printable(text.slice(0, limit).join('')).replace(/[\\"]/g, '\\$&')}"`)
}

/** Header values are bytes on the wire: line breaks would end the header, and Node refuses what is beyond Latin-1. */
function printable(text: string): string {
  return Buffer.from(text.replace(/\p{Cc}+/gu, ' ')).toString('latin1')
}

/** JSON: text, bytes, or bytes in pieces. */
export function sendJson(answering: Answering, code: number, body: string | Buffer | readonly Buffer[]): void {
  const headers = headersOf(answering, 'application/json')
  if (answering.isPretty) {
    const text =
      typeof body === 'string' ? body : Buffer.isBuffer(body) ? body.toString() : Buffer.concat(body).toString()
    sendBody(answering, code, headers, Buffer.from(prettyJson(text)))
  } else sendBody(answering, code, headers, typeof body === 'string' ? Buffer.from(body) : body)
}

/** The same value as YAML. */
export async function sendYaml(answering: Answering, code: number, json: Buffer | readonly Buffer[]): Promise<void> {
  const bytes = Buffer.isBuffer(json) ? json : Buffer.concat(json)
  const text = await toYaml(parseJson(bytes.toString()))
  sendBody(answering, code, headersOf(answering, 'application/yaml'), Buffer.from(text))
}

export function sendBody(answering: Answering, code: number, headers: Headers, body: Buffer | readonly Buffer[]): void {
  const { exchange } = answering
  if (Buffer.isBuffer(body) && body.length <= WHOLE_BYTES) return exchange.send(code, headers, body)
  const chunks = Buffer.isBuffer(body) ? [body] : body
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  if (length <= WHOLE_BYTES) return exchange.send(code, headers, Buffer.concat(chunks, length))
  if (exchange.method === 'HEAD') {
    headers['content-length'] = length
    exchange.begin(code, headers).end()
    return
  }
  if (length > GZIP_BYTES && takesGzip(exchange)) {
    headers['content-encoding'] = 'gzip'
    headers['vary'] = 'Accept-Encoding'
    sendCompressed(chunks, answering, code, headers)
  } else {
    headers['content-length'] = length
    writePieces(chunks, exchange.begin(code, headers), answering)
  }
}

function takesGzip(exchange: Exchange): boolean {
  const accepted = exchange.headers['accept-encoding']
  return typeof accepted === 'string' && /(^|,)\s*gzip\s*(,|$|;(?!\s*q=0(\.0*)?\s*(,|$)))/.test(accepted)
}

function sendCompressed(chunks: readonly Buffer[], answering: Answering, code: number, headers: Headers): void {
  const sink = answering.exchange.begin(code, headers)
  const gzip = createGzip({ level: GZIP_LEVEL })
  gzip.on('data', (piece: Buffer) => {
    if (!sink.write(piece)) gzip.pause()
  })
  sink.on('drain', () => gzip.resume())
  gzip.on('end', () => sink.end())
  sink.on('close', () => gzip.destroy())
  writePieces(chunks, gzip, answering)
}

/**
 * Writes as fast as the other side takes it, never more than a piece ahead: a client that stalls holds 64 KiB of
 * its connection's memory, not the whole list, so the other streams of the connection go on.
 */
function writePieces(chunks: readonly Buffer[], sink: Sink, { clock, exchange }: Answering): void {
  const pieces = piecesOf(chunks)
  let cancelStalled: (() => void) | undefined
  const next = (): void => {
    cancelStalled?.()
    for (;;) {
      const { value, done } = pieces.next()
      if (done || sink.destroyed) return void sink.end()
      if (!sink.write(value)) break
    }
    cancelStalled = clock.after(STALLED_MS, () => exchange.abort())
  }
  sink.on('drain', next)
  sink.on('close', () => cancelStalled?.())
  next()
}

/** The chunks gathered, or cut, to pieces of about 64 KiB. */
function* piecesOf(chunks: readonly Buffer[]): Generator<Buffer, void> {
  let gathered: Buffer[] = []
  let bytes = 0
  for (const chunk of chunks) {
    if (bytes > 0 && bytes + chunk.length > WHOLE_BYTES) {
      yield Buffer.concat(gathered, bytes)
      gathered = []
      bytes = 0
    }
    if (chunk.length <= WHOLE_BYTES) {
      gathered.push(chunk)
      bytes += chunk.length
      continue
    }
    for (let at = 0; at < chunk.length; at += WHOLE_BYTES) yield chunk.subarray(at, at + WHOLE_BYTES)
  }
  if (bytes > 0) yield Buffer.concat(gathered, bytes)
}

/** Errors are JSON whatever was asked for: every client reads a Status. */
export function sendError(answering: Answering, error: ApiError): void {
  const headers = headersOf(answering, 'application/json')
  const retryAfter = error.details?.retryAfterSeconds
  if (retryAfter !== undefined) headers['retry-after'] = retryAfter
  answering.exchange.send(error.code, headers, JSON.stringify(error.toStatus()))
}
