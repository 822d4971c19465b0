/**
 * As much of RESP as it takes to log in and run a few commands: requests as arrays of bulk strings, replies of RESP2.
 * A client library would retry, pipeline and reconnect; here every error must be seen at once and exactly.
 */
import { connect } from 'node:net'

export type RespReply = string | number | null | RespError | readonly RespReply[]

export class RespError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RespError'
  }
}

export interface RespCall {
  host: string
  port: number
  login?: { username: string; password: string } | undefined
  commands: readonly (readonly string[])[]
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/**
 * One connection, the commands one after the other; their replies.
 * @throws RespError at the first error reply, which says which command (by its first word) met it.
 */
export async function callResp(call: RespCall): Promise<readonly RespReply[]> {
  const login = call.login ? [['AUTH', call.login.username, call.login.password]] : []
  const requests = [...login, ...call.commands]
  const replies = await exchange(call, requests)
  return replies.slice(login.length)
}

function exchange(call: RespCall, requests: readonly (readonly string[])[]): Promise<RespReply[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: call.host, port: call.port, noDelay: true })
    const replies: RespReply[] = []
    let received = Buffer.alloc(0)
    const end = (settle: () => void): void => {
      call.signal?.removeEventListener('abort', aborted)
      socket.destroy()
      settle()
    }
    const aborted = (): void => end(() => reject(call.signal?.reason))
    const send = (): void => {
      const request = requests[replies.length]
      if (request) socket.write(encode(request))
      else end(() => resolve(replies))
    }
    if (call.signal?.aborted) return aborted()
    call.signal?.addEventListener('abort', aborted)
    socket.setTimeout(call.timeoutMs, () => end(() => reject(new Error(`no answer within ${call.timeoutMs} ms`))))
    socket.on('error', (error) => end(() => reject(error)))
    socket.on('close', () => end(() => reject(new Error('the connection was closed'))))
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      let parsed: Parsed | undefined
      try {
        parsed = parse(received, 0)
      } catch (error) {
        return end(() => reject(error instanceof Error ? error : new Error(String(error))))
      }
      if (!parsed) return
      received = received.subarray(parsed.next)
      const { value } = parsed
      // Never the arguments: they may be a password.
      const word = requests[replies.length]?.[0] ?? ''
      if (value instanceof RespError) return end(() => reject(new RespError(`${word}: ${value.message}`)))
      replies.push(value)
      send()
    })
  })
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join('')}`
}

interface Parsed {
  value: RespReply
  next: number
}

/** Undefined: not all of it has arrived. */
function parse(bytes: Buffer, at: number): Parsed | undefined {
  const end = bytes.indexOf('\r\n', at)
  if (end < 0) return undefined
  const line = bytes.toString('utf8', at + 1, end)
  const next = end + 2
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case '+':
      return { value: line, next }
    case '-':
      return { value: new RespError(line), next }
    case ':':
      return { value: Number(line), next }
    case '$':
      return parseBulk(bytes, Number(line), next)
    case '*':
      return parseArray(bytes, Number(line), next)
    default:
      throw new Error('what answers there does not speak RESP')
  }
}

function parseBulk(bytes: Buffer, length: number, at: number): Parsed | undefined {
  if (length < 0) return { value: null, next: at }
  if (bytes.length < at + length + 2) return undefined
  return { value: bytes.toString('utf8', at, at + length), next: at + length + 2 }
}

function parseArray(bytes: Buffer, count: number, at: number): Parsed | undefined {
  if (count < 0) return { value: null, next: at }
  const value: RespReply[] = []
  let next = at
  for (let i = 0; i < count; i++) {
    const item = parse(bytes, next)
    if (!item) return undefined
    value.push(item.value)
    next = item.next
  }
  return { value, next }
}
