/** The one door to AWS of a test: counts, throttles, breaks what it is told to, and hands the rest on to moto. */
import { Agent, createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorAnswer, throttling, type Answer } from './answers.ts'
import { readCall, type Call } from './call.ts'
import { Calls } from './calls.ts'
import { Faults, type Effect } from './faults.ts'
import { Quota, type QuotaOptions } from './quota.ts'

export class AwsProxy {
  readonly calls = new Calls()
  readonly faults = new Faults()
  readonly #motoPort: number
  readonly #agent = new Agent({ keepAlive: true })
  readonly #server: Server
  #quota: Quota | undefined
  #port = 0

  constructor(motoPort: number) {
    this.#motoPort = motoPort
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        // A client that sees the connection go retries; the reason would be lost without this line.
        console.error(`fault proxy: ${request.method} ${request.url}:`, error)
        response.destroy()
      })
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Throttles all that comes in addition; `undefined` ends it. */
  limit(options: QuotaOptions | undefined): void {
    this.#quota = options && new Quota(options)
  }

  /** Listens, on the port that it had before if it had one. */
  async open(): Promise<void> {
    if (this.#server.listening) return
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Connections are refused from now on, and those that stand are reset. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  /** For good. */
  async stop(): Promise<void> {
    this.faults.lift()
    await this.close()
    this.#agent.destroy()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atMs = performance.now()
    const body = await readAll(request)
    const call = readCall(request, body, atMs)
    if (call === undefined) return finish(response, await this.#forward(request, body))
    if (this.#quota?.allows(call) === false) {
      this.calls.add(call, 'refused')
      return finish(response, errorAnswer(call, throttling(call)))
    }
    const before = this.faults.meet(call, 'request')
    if (before !== undefined && before.kind !== 'hold') {
      this.calls.add(call, 'refused')
      return breakOff(response, call, before)
    }
    await before?.until
    const answer = await this.#forward(request, body)
    this.calls.add(call, 'reached')
    const after = this.faults.meet(call, 'answer')
    if (after === undefined) return finish(response, answer)
    if (after.kind !== 'hold') return breakOff(response, call, after, answer)
    await after.until
    return finish(response, answer)
  }

  #forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const { method, url: path } = request
    // Its own host stays in the headers: moto writes it into addresses, of queues for instance, and those lead here again.
    const headers = { ...request.headers, 'content-length': String(body.length) }
    delete headers['transfer-encoding']
    const options = { host: '127.0.0.1', port: this.#motoPort, method, path, headers, agent: this.#agent }
    return new Promise((resolve, reject) => {
      const forwarded = send(options, (answer) => {
        readAll(answer).then(
          (whole) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: whole }),
          reject,
        )
      })
      forwarded.on('error', reject)
      forwarded.end(body)
    })
  }
}

/** Carries out every effect but holding. */
function breakOff(
  response: ServerResponse,
  call: Call,
  effect: Exclude<Effect, { kind: 'hold' }>,
  answer?: Answer,
): void {
  switch (effect.kind) {
    case 'answer':
      return finish(response, effect.answer(call))
    case 'rewrite':
      return finish(response, effect.rewrite(whole(answer)))
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'truncate':
      return truncate(response, whole(answer))
  }
}

function whole(answer: Answer | undefined): Answer {
  if (answer === undefined) throw new Error('this fault changes an answer, and there is none before AWS was asked')
  return answer
}

function finish(response: ServerResponse, answer: Answer): void {
  const headers = headersOf(answer)
  // The answer to a HEAD has the length of a body that does not come.
  const promised = response.req.method === 'HEAD' ? answer.headers['content-length'] : undefined
  response.writeHead(answer.status, typeof promised === 'string' ? { ...headers, 'content-length': promised } : headers)
  response.end(answer.body)
}

/** The length that was promised, and half of it. */
function truncate(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, headersOf(answer))
  response.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), () => response.socket?.destroy())
}

function headersOf({ headers, body }: Answer): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || ['connection', 'transfer-encoding', 'content-length'].includes(name)) continue
    kept[name] = typeof value === 'string' ? value : [...value]
  }
  return { ...kept, 'content-length': String(body.length) }
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
