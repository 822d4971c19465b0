/** What other servers answer, and why they do not: bounded, and in words that are the same each time. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { JsonSyntaxError, parseJson, type Json } from '../../base/json.ts'

export interface RemoteAnswer {
  readonly code: number
  readonly body: Buffer
}

/** Throws an Error for one that is longer than the limit. */
export async function readAnswer(response: IncomingMessage, limitBytes: number): Promise<RemoteAnswer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limitBytes) {
      response.destroy()
      throw new Error(`the answer is longer than ${limitBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return { code: response.statusCode ?? 0, body: Buffer.concat(chunks) }
}

export function jsonOf({ body }: RemoteAnswer): Json {
  try {
    return parseJson(body.toString())
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new Error('the answer is not JSON', { cause: error })
    throw error
  }
}

/** Thrown for a request that may be sent again: the other side had closed the connection while it was idle. */
export class StaleConnection extends Error {}

/** Whether the connection was an idle one that the other side had closed: the request was not looked at. */
export function isStale(sent: ClientRequest, error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return sent.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')
}

/** Short and the same each time: it stands in a condition. */
export function whyOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined || code === '') return message
  return /^E[A-Z]+$/.test(code) ? (CODES[code] ?? code) : `${code}: ${message}`
}

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to host',
  ENOTFOUND: 'no such host',
  ETIMEDOUT: 'connection timed out',
}
