/** The real API over real sockets, for tests: memory store, real certificates, both HTTP versions. */
import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingHttpHeaders } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { systemClock } from '../../../base/clock.ts'
import { randomIds } from '../../../base/ids.ts'
import { silentLog } from '../../../base/log.ts'
import { openMemoryStore } from '../../../storage/memory/store.ts'
import type { Api } from '../../api.ts'
import { type Certificates, ensureCertificates, type KeyPair } from '../../certificates.ts'
import { createApi, type ApiOptions } from '../../core/api.ts'
import { openTokenAuthority, type TokenAuthority } from '../../tokens.ts'
import { createApiMetrics } from '../metrics.ts'
import { type ApiServer, type ServeApiOptions, serveApi } from '../server.ts'

export interface Answer {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  /** The body as JSON. */
  readonly json: any
}

export interface Ask {
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Buffer | object
  /** Sends the body without its length. */
  readonly isUnannounced?: boolean
}

export interface StreamedAnswer {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly stream: Readable
}

/** One way to talk to the server. `ask` for whole answers, `open` for streams. */
export interface TestClient {
  ask(ask: Ask): Promise<Answer>
  open(ask: Ask): Promise<StreamedAnswer>
  close(): void
}

export interface Harness {
  readonly api: Api
  readonly server: ApiServer
  readonly certificates: Certificates
  readonly tokens: TokenAuthority
  readonly dir: string
  /** With the administrator's certificate, unless told otherwise; null: without any. */
  h1(client?: KeyPair | null): TestClient
  h2(client?: KeyPair | null): TestClient
  close(): Promise<void>
}

export async function startHarness(
  options: Partial<ServeApiOptions> = {},
  apiOptions: Partial<ApiOptions> = {},
): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), 'larder-http-'))
  const certificates = await ensureCertificates(dir, systemClock)
  const store = openMemoryStore()
  const tokens = openTokenAuthority({
    dir,
    clock: systemClock,
    serviceAccountUid: (namespace, name) => store.get(`//serviceaccounts/${namespace}/${name}`)?.index.uid,
  })
  const common = { clock: systemClock, log: silentLog }
  const { caCertificate } = certificates
  const api = await createApi({ ...common, store, ids: randomIds, tokens, caCertificate, ...apiOptions })
  const metrics = createApiMetrics()
  const server = await serveApi({
    ...common,
    api,
    certificates,
    tokens,
    port: 0,
    metrics,
    ready: () => [{ name: 'storage', ok: true }],
    version: '0.0.0-test',
    ...options,
  })
  const clients: TestClient[] = []
  const keep = (client: TestClient): TestClient => {
    clients.push(client)
    return client
  }
  return {
    api,
    server,
    certificates,
    tokens,
    dir,
    h1: (client = certificates.admin) => keep(http1Client(server.url, certificates.caCertificate, client)),
    h2: (client = certificates.admin) => keep(http2Client(server.url, certificates.caCertificate, client)),
    async close() {
      for (const client of clients) client.close()
      await server.close()
      await api.close()
      await store.close()
      metrics.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const credentials = (client: KeyPair | null) => (client ? { cert: client.certificate, key: client.key } : {})

function bodyOf(ask: Ask): { body: Buffer | undefined; headers: Record<string, string | string[]> } {
  if (ask.body === undefined) return { body: undefined, headers: { ...ask.headers } }
  const isPlain = typeof ask.body === 'string' || Buffer.isBuffer(ask.body)
  const body = Buffer.from(isPlain ? (ask.body as Buffer) : JSON.stringify(ask.body))
  // Node does not say the length of a DELETE's body by itself.
  const length = ask.isUnannounced ? {} : { 'content-length': String(body.length) }
  return { body, headers: { 'content-type': 'application/json', ...length, ...ask.headers } }
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function whole({ code, headers, stream }: StreamedAnswer): Promise<Answer> {
  const bytes = await readAll(stream)
  return {
    code,
    headers,
    bytes,
    get json() {
      return JSON.parse(bytes.toString())
    },
  }
}

function http1Client(url: string, ca: string, client: KeyPair | null): TestClient {
  const agent = new Agent({ ca, keepAlive: true, ...credentials(client) })
  const open = (ask: Ask): Promise<StreamedAnswer> =>
    new Promise((resolve, reject) => {
      const { body, headers } = bodyOf(ask)
      const sent = request(`${url}${ask.path}`, { agent, method: ask.method ?? 'GET', headers }, (response) =>
        resolve({ code: response.statusCode!, headers: response.headers, stream: response }),
      )
      sent.on('error', reject)
      sent.end(body)
    })
  return { open, ask: async (ask) => whole(await open(ask)), close: () => agent.destroy() }
}

function http2Client(url: string, ca: string, client: KeyPair | null): TestClient {
  let session: ClientHttp2Session | undefined
  const open = (ask: Ask): Promise<StreamedAnswer> =>
    new Promise((resolve, reject) => {
      session ??= connect(url, { ca, ...credentials(client) }).on('error', reject)
      const { body, headers } = bodyOf(ask)
      const head = { ':method': ask.method ?? 'GET', ':path': ask.path, ...headers }
      const stream = session.request(head, { endStream: body === undefined })
      stream.on('error', reject)
      stream.on('response', (answer) => resolve({ code: answer[':status'] as number, headers: answer, stream }))
      if (body !== undefined) stream.end(body)
    })
  return { open, ask: async (ask) => whole(await open(ask)), close: () => session?.destroy() }
}

/** The lines of a watch, one at a time. */
export class WatchLines {
  readonly #lines: AsyncIterator<any>
  readonly #stream: Readable

  constructor(stream: Readable) {
    this.#stream = stream
    this.#lines = linesOf(stream)[Symbol.asyncIterator]()
  }

  /** The next event; undefined when the stream has ended cleanly. */
  async next(): Promise<any> {
    const { value, done } = await this.#lines.next()
    return done ? undefined : value
  }

  close(): void {
    this.#stream.destroy()
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<any> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield JSON.parse(text.slice(0, end))
      text = text.slice(end + 1)
    }
  }
  if (text !== '') throw new Error(`the watch broke off inside a line: ${text}`)
}
