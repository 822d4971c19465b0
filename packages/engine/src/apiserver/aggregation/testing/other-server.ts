/**
 * Another API server, for tests: a process of its own would be no different. It asks for the front proxy's certificate, believes the
 * headers only then, and tells what it was told. As a server behind an APIService does it, from the ConfigMap alone.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { JsonObject } from '../../../base/json.ts'
import type { KeyPair } from '../../certificates.ts'
import { issueAuthority, issueServerFor } from '../../certificate-issuing.ts'

export interface OtherServer {
  readonly port: number
  /** PEM of the authority of its own certificate. */
  readonly caCertificate: string
  /** Requests since the start, as `GET /path`. */
  readonly seen: string[]
  /** Answers the watches that are open with one more line. */
  tell(event: JsonObject): void
  /** Takes requests and answers none. */
  hang(isHanging: boolean): void
  close(): Promise<void>
}

export interface OtherServerOptions {
  readonly group: string
  /** Data of the ConfigMap kube-system/extension-apiserver-authentication. */
  readonly trust: JsonObject
  /** Names in its certificate: `hats.default.svc`. */
  readonly host: string
  readonly port?: number
  readonly identity?: KeyPair
}

const PLURAL = 'hats'

export async function startOtherServer(options: OtherServerOptions): Promise<OtherServer> {
  const { group, trust, host } = options
  const ca = await issueAuthority('other-ca', Date.now())
  const pair = await issueServerFor(ca, [host], Date.now())
  const seen: string[] = []
  const watches = new Set<ServerResponse>()
  let isHanging = false
  const server = createServer(
    {
      cert: pair.certificate,
      key: pair.key,
      ca: String(trust['requestheader-client-ca-file']),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      seen.push(`${request.method} ${request.url}`)
      if (isHanging) return
      const user = frontProxyUser(request, trust)
      if (user) respond(request, response, user)
      else answer(response, 401, { message: 'no front proxy' })
    },
  )

  function respond(request: IncomingMessage, response: ServerResponse, user: JsonObject): void {
    const { pathname, searchParams } = new URL(request.url!, 'https://here')
    const base = `/apis/${group}/v1`
    if (pathname === base) return answer(response, 200, resourceList(group))
    if (pathname === `/openapi/v3${base}`) return answer(response, 200, openApi(group))
    if (pathname === `${base}/redirect`) {
      response.writeHead(302, { location: 'https://elsewhere.example.com/' })
      return void response.end()
    }
    if (!pathname.startsWith(`${base}/namespaces/default/${PLURAL}`))
      return answer(response, 404, { message: 'nothing here' })
    if (searchParams.has('watch')) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      watches.add(response)
      response.on('close', () => watches.delete(response))
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as JsonObject) : undefined
      const code = request.method === 'POST' ? 201 : 200
      answer(response, code, {
        apiVersion: `${group}/v1`,
        kind: 'Hat',
        metadata: { name: 'h' },
        user,
        ...(body && { body }),
      })
    })
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    caCertificate: ca.certificate,
    seen,
    tell: (event) => {
      for (const watch of watches) watch.write(`${JSON.stringify(event)}\n`)
    },
    hang: (value) => (isHanging = value),
    close: () => close(server),
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function answer(response: ServerResponse, code: number, body: JsonObject): void {
  response.writeHead(code, { 'content-type': 'application/json', 'x-other': 'yes' })
  response.end(JSON.stringify(body))
}

/** Who it is, by the rules of the ConfigMap; undefined when the certificate is not the front proxy's. */
function frontProxyUser(request: IncomingMessage, trust: JsonObject): JsonObject | undefined {
  const socket = request.socket as TLSSocket
  const allowed = JSON.parse(String(trust['requestheader-allowed-names'])) as string[]
  if (!socket.authorized || !allowed.includes(String(socket.getPeerCertificate().subject.CN))) return undefined
  const { headers, headersDistinct } = request
  const [group] = JSON.parse(String(trust['requestheader-group-headers'])) as string[]
  const [name] = JSON.parse(String(trust['requestheader-username-headers'])) as string[]
  return {
    name: String(headers[name!.toLowerCase()]),
    groups: headersDistinct[group!.toLowerCase()] ?? [],
    authorization: headers.authorization ?? null,
    extra: Object.fromEntries(
      Object.entries(headers).filter(([key]) => key.startsWith('x-remote-extra-')) as [string, string][],
    ),
  }
}

const resourceList = (group: string): JsonObject => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/v1`,
  resources: [
    {
      name: PLURAL,
      singularName: 'hat',
      namespaced: true,
      kind: 'Hat',
      verbs: ['create', 'get', 'list', 'watch'],
      shortNames: ['ht'],
    },
    { name: `${PLURAL}/status`, singularName: '', namespaced: true, kind: 'Hat', verbs: ['get'] },
  ],
})

const openApi = (group: string): JsonObject => ({
  openapi: '3.0.0',
  info: { title: 'hats', version: 'v1' },
  paths: {},
  components: {
    schemas: {
      [`${group}.Hat`]: {
        type: 'object',
        description: 'A hat.',
        properties: { metadata: { type: 'object' }, brim: { type: 'integer' } },
        'x-kubernetes-group-version-kind': [{ group, version: 'v1', kind: 'Hat' }],
      },
    },
  },
})
