/**
 * The way to one admission webhook: an AdmissionReview over HTTPS, bounded in time and size. No credentials go with it.
 *
 * What comes back is read with care: a webhook that answers another question, or none, has failed.
 */
import { Agent, request as httpsRequest } from 'node:https'
import type { Clock } from '../../base/clock.ts'
import { isObject, stringifyJson, type Json, type JsonObject } from '../../base/json.ts'
import type { Address } from '../aggregation/endpoints.ts'
import { isStale, jsonOf, readAnswer, StaleConnection, whyOf, type RemoteAnswer } from '../aggregation/remote-answer.ts'

export interface Endpoint {
  readonly address: Address
  /** With the query, if there is one. */
  readonly path: string
  /** The name that its certificate must have; undefined: it must have the address. */
  readonly servername: string | undefined
  /** As errors name it: `https://hook.shop.svc:443/check`. */
  readonly url: string
}

/** `result` is a Status, as far as it says something. */
export interface Verdict {
  readonly allowed: boolean
  readonly result: JsonObject
  readonly warnings: readonly string[]
}

const MAX_ANSWER_BYTES = 3 * 1024 * 1024

export class WebhookClient {
  readonly #clock: Clock
  readonly #agent: Agent

  /** `caBundle`: PEM; undefined: what the system trusts. */
  constructor(clock: Clock, caBundle: string | undefined) {
    this.#clock = clock
    this.#agent = new Agent({ keepAlive: true, ...(caBundle !== undefined && { ca: caBundle }) })
  }

  /** What is being asked is answered; after that no connection stays. */
  close(): void {
    const agent = this.#agent as Agent & { keepAlive: boolean }
    agent.keepAlive = false
    for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
  }

  /** Throws an Error whose message says what went wrong; the same for the same cause. */
  async ask(endpoint: Endpoint, request: JsonObject, timeoutSeconds: number): Promise<Verdict> {
    const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request }
    const bytes = Buffer.from(stringifyJson(review))
    const answer = await this.#post(endpoint, bytes, timeoutSeconds).catch((error: unknown) => {
      // The other side closed the connection while it was idle and has seen nothing; a new one it will take or refuse.
      if (!(error instanceof StaleConnection)) throw error
      return this.#post(endpoint, bytes, timeoutSeconds)
    })
    if (answer.code < 200 || answer.code >= 300) throw new Error(`the server answered with code ${answer.code}`)
    return verdictOf(jsonOf(answer), request['uid'] as string)
  }

  #post({ address, path, servername, url }: Endpoint, body: Buffer, timeoutSeconds: number): Promise<RemoteAnswer> {
    const query = `${path.includes('?') ? '&' : '?'}timeout=${timeoutSeconds}s`
    const failed = (why: string, cause?: unknown): Error => new Error(`Post "${url}${query}": ${why}`, { cause })
    return new Promise((resolve, reject) => {
      const sent = httpsRequest({
        agent: this.#agent,
        method: 'POST',
        host: address.host,
        port: address.port,
        path: `${path}${query}`,
        ...(servername !== undefined && { servername }),
        headers: { 'content-type': 'application/json', accept: 'application/json', 'content-length': body.length },
      })
      const cancel = this.#clock.after(timeoutSeconds * 1000, () => {
        reject(failed('context deadline exceeded'))
        sent.destroy()
      })
      sent.on('close', cancel)
      sent.on('error', (error) => {
        const text = `Post "${url}${query}": ${whyOf(error)}`
        reject(isStale(sent, error) ? new StaleConnection(text, { cause: error }) : new Error(text, { cause: error }))
      })
      sent.on('response', (response) => {
        readAnswer(response, MAX_ANSWER_BYTES).then(resolve, (error: unknown) => reject(failed(whyOf(error), error)))
      })
      sent.end(body)
    })
  }
}

function verdictOf(answer: Json, uid: string): Verdict {
  if (!isObject(answer) || answer['kind'] !== 'AdmissionReview' || answer['apiVersion'] !== 'admission.k8s.io/v1') {
    throw new Error('expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview')
  }
  const { response } = answer
  if (!isObject(response)) throw new Error('webhook response was absent')
  if (response['uid'] !== uid) {
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'] ?? '')}`)
  }
  if (response['patch'] !== undefined && response['patch'] !== '') {
    throw new Error('webhook response.patch must be empty for a validating webhook')
  }
  const { warnings, status } = response
  return {
    allowed: response['allowed'] === true,
    result: isObject(status) ? status : {},
    warnings: Array.isArray(warnings) ? warnings.filter((one: Json): one is string => typeof one === 'string') : [],
  }
}
