/** An admission webhook on loopback, for tests: a real server with a certificate of its own, which answers as it is told. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { JsonObject } from '../../../base/json.ts'
import { issueAuthority, issueServerFor } from '../../certificate-issuing.ts'

export interface WebhookServer {
  readonly port: number
  /** Base64 of the PEM of its authority. */
  readonly caBundle: string
  /** The AdmissionRequests so far. */
  readonly asked: JsonObject[]
  /** Headers and path of the last one. */
  last:
    | { readonly url: string; readonly authorization: string | undefined; readonly hasCertificate: boolean }
    | undefined
  /** What it answers; undefined: nothing at all. */
  answer: (request: JsonObject) => JsonObject | string | undefined
  close(): Promise<void>
}

export async function startWebhookServer(host: string): Promise<WebhookServer> {
  const ca = await issueAuthority('hook-ca', Date.now())
  const pair = await issueServerFor(ca, [host], Date.now())
  const tls = { cert: pair.certificate, key: pair.key, requestCert: true, rejectUnauthorized: false }
  const server = createServer(tls, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as { readonly request: JsonObject }
      const peer = (request.socket as unknown as { getPeerCertificate(): object }).getPeerCertificate()
      hook.asked.push(review.request)
      hook.last = {
        url: request.url!,
        authorization: request.headers.authorization,
        hasCertificate: Object.keys(peer).length > 0,
      }
      const answer = hook.answer(review.request)
      if (answer === undefined) return
      const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(typeof answer === 'string' ? answer : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const hook: WebhookServer = {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(ca.certificate).toString('base64'),
    asked: [],
    last: undefined,
    answer: ({ uid }) => ({ uid: uid!, allowed: true }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return hook
}
