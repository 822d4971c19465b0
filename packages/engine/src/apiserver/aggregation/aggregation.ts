/**
 * APIServices: groups and versions that another server serves, under this API's address, with its users and its RBAC.
 *
 * `kubectl get --raw /apis/metrics.example.com/v1/...` is authorized here, as any request, and handed on to the server that the APIService
 * names, with the front proxy's certificate and the sender's name in headers (front-proxy.ts). What the server serves is part of
 * discovery and OpenAPI. What this API serves itself it goes on serving: an APIService for that says `LocallyServed` and changes nothing.
 *
 * Rejected: handing on what is not known here to whoever wants it. A misspelt group would become a stranger's to answer.
 */
import type { Clock } from '../../base/clock.ts'
import type { Json } from '../../base/json.ts'
import { equalJson } from '../../base/json.ts'
import { errorChain, type Log } from '../../base/log.ts'
import type { Target } from '../../machinery/call.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { isAlreadyExists, isNotFound } from '../../machinery/status.ts'
import type { Api, ApiWatch, ApiWatchEvent } from '../api.ts'
import type { Certificates } from '../certificates.ts'
import { timestamp } from '../core/metadata.ts'
import type { RemoteVersion } from '../discovery.ts'
import {
  apiServiceOf,
  comparePriority,
  specOf,
  withAvailability,
  type ApiService,
  type Availability,
  type ServiceReference,
} from './api-service.ts'
import { resolveService, type Resolved } from './endpoints.ts'
import { AUTHENTICATION_CONFIG, authenticationConfig } from './front-proxy.ts'
import { AGGREGATOR, RemoteApi } from './remote-api.ts'

export interface AggregationOptions {
  readonly api: Api
  readonly certificates: Certificates
  readonly clock: Clock
  readonly log: Log
}

const API_SERVICES: Target = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' }
const CONFIG_MAPS: Target = { group: '', version: 'v1', resource: 'configmaps' }
const SERVICES: Target = { group: '', version: 'v1', resource: 'services' }
const ENDPOINTS: Target = { group: '', version: 'v1', resource: 'endpoints' }
const SLICES: Target = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' }
const SERVICE_LABEL = 'kubernetes.io/service-name'

interface Known {
  readonly object: KubeObject
  readonly apiService: ApiService
  /** Undefined for what this API serves itself. */
  readonly remote: RemoteApi | undefined
}

export class Aggregation {
  readonly #options: AggregationOptions
  /** By name of the APIService. */
  readonly #known = new Map<string, Known>()
  /** By `group/version`. */
  readonly #remotes = new Map<string, RemoteApi>()
  readonly #watches: ApiWatch[] = []
  #isClosed = false
  #changes = 0
  /** Generation of the resources that were looked at. */
  #resources = -1
  #versions: readonly RemoteVersion[] | undefined

  constructor(options: AggregationOptions) {
    this.#options = options
  }

  /** Grows with every change of what the other servers serve. */
  get generation(): number {
    return this.#changes
  }

  /** Resolves when the APIServices that are there are known and the other servers may learn whom to trust. */
  async start(): Promise<void> {
    await this.#publishIdentity()
    await this.#watch(API_SERVICES, (events) => {
      for (const event of events) this.#onApiService(event)
    })
    for (const target of [SERVICES, ENDPOINTS, SLICES]) {
      await this.#watch(target, (events) => {
        for (const { document } of events) this.#onServiceObject(target, document.object)
      })
    }
  }

  close(): void {
    this.#isClosed = true
    for (const watch of this.#watches) watch.stop()
    for (const { remote } of this.#known.values()) remote?.close()
  }

  find(group: string, version: string): RemoteApi | undefined {
    if (this.#known.size === 0) return undefined
    this.#reconsider()
    return this.#remotes.get(`${group}/${version}`)
  }

  /** In the order in which clients are to prefer them. */
  versions(): readonly RemoteVersion[] {
    this.#reconsider()
    return (this.#versions ??= this.remotes().map((remote) => remote.discovered()))
  }

  remotes(): readonly RemoteApi[] {
    return [...this.#remotes.values()].sort((a, b) => comparePriority(a.apiService, b.apiService))
  }

  async #watch(target: Target, onEvents: (events: readonly ApiWatchEvent[]) => void): Promise<void> {
    const { api, log } = this.#options
    const options = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true }
    const watch = await api.watch(AGGREGATOR, target, options, {
      events: onEvents,
      // Only with the API itself: the kinds are built in, and the revision is the newest.
      end: (error) => error && log.error('APIServices are no longer followed', { resource: target.resource }, error),
    })
    this.#watches.push(watch)
  }

  #onApiService({ type, document: { object } }: ApiWatchEvent): void {
    if (type === 'BOOKMARK') return
    const { name } = object.metadata
    const before = this.#known.get(name)
    const isSame = type !== 'DELETED' && before !== undefined && equalJson(specOf(before.object), specOf(object))
    if (isSame) {
      this.#known.set(name, { ...before, object })
      return
    }
    this.#forget(before)
    if (type === 'DELETED') this.#known.delete(name)
    else this.#learn(object)
    this.#changed()
  }

  #forget(known: Known | undefined): void {
    if (!known?.remote) return
    known.remote.close()
    const { group, version } = known.apiService
    if (this.#remotes.get(`${group}/${version}`) === known.remote) this.#remotes.delete(`${group}/${version}`)
  }

  #learn(object: KubeObject): void {
    const apiService = apiServiceOf(object)
    const { name, service, group, version } = apiService
    const remote = service && !this.#isLocal(apiService) ? this.#remote(apiService, service) : undefined
    this.#known.set(name, { object, apiService, remote })
    if (remote) {
      this.#remotes.set(`${group}/${version}`, remote)
      remote.wake()
    } else this.#report(name, service ? LOCALLY_SERVED : LOCAL)
  }

  /** A CRD that comes serves its group and version itself; one that goes leaves them to the other server. */
  #reconsider(): void {
    const { generation } = this.#options.api.resources
    if (generation === this.#resources) return
    this.#resources = generation
    for (const known of this.#known.values()) {
      const { apiService, remote, object } = known
      if (!apiService.service || this.#isLocal(apiService) === (remote === undefined)) continue
      this.#forget(known)
      this.#learn(object)
      this.#changed()
    }
  }

  #isLocal({ group, version }: ApiService): boolean {
    return this.#options.api.resources.all().some((one) => one.group === group && one.version === version)
  }

  #remote(apiService: ApiService, service: ServiceReference): RemoteApi {
    const { certificates, clock } = this.#options
    return new RemoteApi({
      apiService,
      identity: certificates.frontProxy.client,
      clock,
      resolve: () => this.#resolve(service),
      onLook: (availability, changed) => {
        if (changed) this.#changed()
        this.#report(apiService.name, availability)
      },
    })
  }

  async #resolve(reference: ServiceReference): Promise<Resolved> {
    const { namespace, name } = reference
    const [service, endpoints, slices] = await Promise.all([
      this.#get({ ...SERVICES, namespace, name }),
      this.#get({ ...ENDPOINTS, namespace, name }),
      this.#list({ ...SLICES, namespace }, `${SERVICE_LABEL}=${name}`),
    ])
    return resolveService(reference, { service, endpoints, slices })
  }

  async #get(target: Target): Promise<KubeObject | undefined> {
    try {
      const result = await this.#options.api.call(AGGREGATOR, { verb: 'get', target })
      return result.type === 'object' ? result.document.object : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async #list(target: Target, labelSelector: string): Promise<readonly KubeObject[]> {
    const result = await this.#options.api.call(AGGREGATOR, { verb: 'list', target, options: { labelSelector } })
    return result.type === 'list' ? result.documents.map(({ object }) => object) : []
  }

  #onServiceObject({ resource }: Target, { metadata }: KubeObject): void {
    const name = resource === 'endpointslices' ? metadata.labels?.[SERVICE_LABEL] : metadata.name
    for (const { apiService, remote } of this.#known.values()) {
      const { service } = apiService
      if (service?.name === name && service?.namespace === metadata.namespace) remote?.wake()
    }
  }

  #changed(): void {
    this.#changes++
    this.#versions = undefined
  }

  #report(name: string, availability: Availability): void {
    this.#writeStatus(name, availability).catch((error: unknown) => {
      // The next look writes it again.
      const { log } = this.#options
      if (!this.#isClosed && !isNotFound(error)) {
        log.warn('the status of an APIService could not be written', { apiService: name, error: errorChain(error) })
      }
    })
  }

  async #writeStatus(name: string, availability: Availability): Promise<void> {
    const { api, clock } = this.#options
    const known = this.#known.get(name)
    const conditions = known && withAvailability(known.object, availability, timestamp(clock.now()))
    if (!conditions || this.#isClosed) return
    const target = { ...API_SERVICES, name, subresource: 'status' }
    const body = { metadata: { uid: known.object.metadata.uid ?? '' }, status: { conditions } as Json }
    await api.call(AGGREGATOR, { verb: 'patch', target, patchType: 'application/merge-patch+json', body })
  }

  /** The ConfigMap by which the other servers know the front proxy; they are bound to a role that lets them read it. */
  async #publishIdentity(): Promise<void> {
    const { api, certificates } = this.#options
    const { namespace, name } = AUTHENTICATION_CONFIG
    const target = { ...CONFIG_MAPS, namespace }
    const data = authenticationConfig(certificates)
    try {
      await api.call(AGGREGATOR, { verb: 'create', target, body: { metadata: { name }, data } })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const patch = { verb: 'patch', patchType: 'application/merge-patch+json' } as const
      await api.call(AGGREGATOR, { ...patch, target: { ...target, name }, body: { data } })
    }
  }
}

const LOCAL: Availability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
}
const LOCALLY_SERVED: Availability = {
  status: 'False',
  reason: 'LocallyServed',
  message: 'this API serves the group and version itself; the service is not asked',
}
