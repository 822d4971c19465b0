/**
 * One server behind an APIService: whether it answers, what it says of itself, and the way to it.
 *
 * It is asked for its list of resources when anything about it changes, and every half minute; while it fails, sooner. What it
 * answers is bounded in time and size, so that it can be dead, slow or mad without anybody noticing who does not use it.
 */
import type { ClientRequest } from 'node:http'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import type { Clock } from '../../base/clock.ts'
import { stringifyJson, type Json } from '../../base/json.ts'
import type { User } from '../api.ts'
import type { KeyPair } from '../certificates.ts'
import type { RemoteVersion } from '../discovery.ts'
import type { ApiService, Availability } from './api-service.ts'
import type { Address, Resolved } from './endpoints.ts'
import { remoteHeaders } from './front-proxy.ts'
import { jsonOf, readAnswer, whyOf, type RemoteAnswer } from './remote-answer.ts'
import { resourcesOfList } from './remote-discovery.ts'

/** As whom the server is asked about itself; upstream's name. */
export const AGGREGATOR: User = { name: 'system:kube-aggregator', groups: ['system:masters', 'system:authenticated'] }

const ANSWER_MS = 5000
const HEALTHY_MS = 30_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 30_000
const MAX_LIST_BYTES = 1024 * 1024
const MAX_OPENAPI_BYTES = 8 * 1024 * 1024
/** Endpoints of one service that are tried before it counts as not answering. */
const MAX_TRIED = 3

export interface RemoteOptions {
  readonly apiService: ApiService
  readonly identity: KeyPair
  readonly clock: Clock
  /** Where it listens, as the API says now. */
  readonly resolve: () => Promise<Resolved>
  /** Told after each look. `changed`: what it serves, or whether it does, is not what it was. */
  readonly onLook: (availability: Availability, changed: boolean) => void
}

const NOT_YET: Availability = { status: 'False', reason: 'NotChecked', message: 'it has not been asked yet' }

export class RemoteApi {
  readonly apiService: ApiService
  readonly #options: RemoteOptions
  readonly #agent: Agent
  #availability = NOT_YET
  #address: Address | undefined
  #resources: RemoteVersion['resources'] = []
  #openApi: Buffer | undefined
  #seen = ''
  #failures = 0
  #looking: Promise<void> | undefined
  #isOutdated = false
  #cancelNext: () => void = () => {}
  #isClosed = false

  constructor(options: RemoteOptions) {
    const { apiService, identity } = options
    const { service, caBundle, insecureSkipTlsVerify } = apiService
    this.apiService = apiService
    this.#options = options
    this.#agent = new Agent({
      keepAlive: true,
      cert: identity.certificate,
      key: identity.key,
      ...(caBundle !== undefined && { ca: caBundle }),
      rejectUnauthorized: !insecureSkipTlsVerify,
      // The name that upstream checks for, whatever the address.
      servername: `${service!.name}.${service!.namespace}.svc`,
    })
  }

  get availability(): Availability {
    return this.#availability
  }

  get openApi(): Buffer | undefined {
    return this.#openApi
  }

  discovered(): RemoteVersion {
    const { group, version } = this.apiService
    return { group, version, resources: this.#resources, isStale: this.#availability.status !== 'True' }
  }

  /** Looks now; a look under way is followed by another. */
  wake(): void {
    if (this.#isClosed) return
    this.#isOutdated = true
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
  }

  /** Resolves when it has been asked at least once. */
  async settled(): Promise<void> {
    if (this.#availability === NOT_YET) await this.#looking
  }

  close(): void {
    this.#isClosed = true
    this.#cancelNext()
    this.#agent.destroy()
  }

  /** A request to it on somebody's behalf; undefined while it is not available. `headers` are complete. */
  request(options: Pick<RequestOptions, 'method' | 'path' | 'headers'>): ClientRequest | undefined {
    const address = this.#address
    return address && this.#send(address, options)
  }

  #send({ host, port }: Address, options: Pick<RequestOptions, 'method' | 'path' | 'headers'>): ClientRequest {
    return httpsRequest({ host, port, agent: this.#agent, ...options })
  }

  async #look(): Promise<void> {
    while (this.#isOutdated && !this.#isClosed) {
      this.#isOutdated = false
      this.#cancelNext()
      this.#settle(await this.#ask())
    }
  }

  #settle(found: Found): void {
    if (this.#isClosed) return
    const isUp = 'address' in found
    this.#failures = isUp ? 0 : this.#failures + 1
    const delayMs = isUp ? HEALTHY_MS : Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), LAST_RETRY_MS)
    this.#cancelNext = this.#options.clock.after(delayMs, () => this.wake())
    const before = `${this.#availability.status} ${this.#seen}`
    if (isUp) {
      this.#address = found.address
      this.#resources = found.resources
      this.#openApi = found.openApi
      this.#seen = found.text
      this.#availability = { status: 'True', reason: 'Passed', message: 'all checks passed' }
    } else {
      this.#address = undefined
      this.#availability = found.unavailable
    }
    this.#options.onLook(this.#availability, before !== `${this.#availability.status} ${this.#seen}`)
  }

  async #ask(): Promise<Found> {
    const resolved = await this.#options.resolve()
    if ('unavailable' in resolved) return resolved
    let last: Found | undefined
    for (const address of resolved.addresses.slice(0, MAX_TRIED)) {
      last = await this.#askAt(address)
      if ('address' in last) return last
    }
    return last!
  }

  async #askAt(address: Address): Promise<Found> {
    const { group, version } = this.apiService
    const path = `/apis/${group}/${version}`
    const host = address.host.includes(':') ? `[${address.host}]` : address.host
    const url = `https://${host}:${address.port}${path}`
    try {
      const answer = await this.#get(address, path, MAX_LIST_BYTES)
      if (answer.code < 200 || answer.code >= 300) throw new Error(`bad status: ${answer.code}`)
      const resources = resourcesOfList(jsonOf(answer), { group, version })
      if (!resources) throw new Error('the answer is no APIResourceList')
      const openApi = await this.#openApiAt(address, path)
      const text = stringifyJson(resources as unknown as Json) + String(openApi?.length ?? 0)
      return { address, resources, openApi, text }
    } catch (error) {
      const message = `failing or missing response from ${url}: ${whyOf(error)}`
      return { unavailable: { status: 'False', reason: 'FailedDiscoveryCheck', message } }
    }
  }

  /** Undefined: it describes itself in no way that we read. */
  async #openApiAt(address: Address, path: string): Promise<Buffer | undefined> {
    const answer = await this.#get(address, `/openapi/v3${path}`, MAX_OPENAPI_BYTES)
    if (answer.code !== 200) return undefined
    jsonOf(answer)
    return answer.body
  }

  #get(address: Address, path: string, limitBytes: number): Promise<RemoteAnswer> {
    const headers = { accept: 'application/json', ...remoteHeaders(AGGREGATOR) }
    return new Promise((resolve, reject) => {
      const request = this.#send(address, { method: 'GET', path, headers })
      const cancel = this.#options.clock.after(ANSWER_MS, () =>
        request.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)),
      )
      request.on('close', cancel)
      request.on('error', reject)
      request.on('response', (response) => void readAnswer(response, limitBytes).then(resolve, reject))
      request.end()
    })
  }
}

type Found =
  | {
      readonly address: Address
      readonly resources: RemoteVersion['resources']
      readonly openApi: Buffer | undefined
      readonly text: string
    }
  | { readonly unavailable: Availability }
