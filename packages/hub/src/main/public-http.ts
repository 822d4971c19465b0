/** The plain HTTP port. Without login it answers whether the hub is well and how busy it is, and names nothing. */
import { createServer, type Server, type ServerResponse } from 'node:http'

export interface PublicHttpOptions {
  readonly port: number
  /** The address to listen on; 127.0.0.1 unless told. */
  readonly host?: string
  readonly ready: () => boolean
  /** Prometheus text. Its labels hold no name of an object, a namespace or a user. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
}

export interface PublicHttp {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

export async function servePublicHttp(options: PublicHttpOptions): Promise<PublicHttp> {
  const { port, host = '127.0.0.1' } = options
  const server = createServer((request, response) => {
    answer(options, request.method ?? '', new URL(request.url ?? '/', 'http://localhost').pathname, response).catch(
      (error: unknown) => response.destroy(error as Error),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  return { host, port: (server.address() as { port: number }).port, close: () => closeServer(server) }
}

async function answer(
  options: PublicHttpOptions,
  method: string,
  path: string,
  response: ServerResponse,
): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'only GET is answered here\n')
  switch (path) {
    case '/livez':
      return send(response, 200, 'ok')
    case '/readyz':
      return options.ready() ? send(response, 200, 'ok') : send(response, 503, 'not ready')
    case '/metrics': {
      const { contentType, text } = await options.metrics()
      return send(response, 200, text, contentType)
    }
    default:
      return send(response, 404, 'nothing here; the Kubernetes API is elsewhere: `larder status` prints where\n')
  }
}

function send(response: ServerResponse, code: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  response.writeHead(code, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
