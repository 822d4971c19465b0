/** A whole API on a memory store, for tests: the real thing, with a clock that can be turned. */
import type { Json, JsonObject } from '../../../base/json.ts'
import { randomIds, type Ids } from '../../../base/ids.ts'
import { silentLog } from '../../../base/log.ts'
import { turnedClock, type TurnedClock } from '../../../base/testing/turned-clock.ts'
import type { Call, Target, WatchOptions, WriteOptions } from '../../../machinery/call.ts'
import { isApiError } from '../../../machinery/status.ts'
import { openMemoryStore } from '../../../storage/memory/store.ts'
import type { Store } from '../../../storage/store.ts'
import type { Api, ApiWatch, Result, User } from '../../api.ts'
import { createApi, type ApiOptions } from '../api.ts'

export const ADMIN: User = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

/** An object as tests look at it. */
export interface Seen extends JsonObject {
  readonly metadata: JsonObject & { readonly name: string; readonly uid: string; readonly resourceVersion: string }
}

export interface World {
  readonly api: Api
  readonly store: Store
  readonly clock: TurnedClock
  /** Texts of warnings since the start. */
  readonly warnings: string[]
  as(user: User): Verbs
  readonly admin: Verbs
  close(): Promise<void>
}

export interface WorldOptions extends Partial<Omit<ApiOptions, 'store' | 'clock' | 'ids'>> {
  readonly store?: Store
  readonly ids?: Ids
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const store = options.store ?? openMemoryStore()
  const clock = turnedClock()
  const api = await createApi({ log: silentLog, ids: randomIds, ...options, store, clock })
  const warnings: string[] = []
  const as = (user: User): Verbs => new Verbs(api, user, warnings)
  return { api, store, clock, warnings, as, admin: as(ADMIN), close: () => api.close() }
}

/** Where a resource is, `configmaps` or `apps/v1/deployments`, in a namespace unless it is cluster-scoped. */
export function at(resource: string, namespace?: string, name?: string, subresource?: string): Target {
  const parts = resource.split('/')
  const [group, version, plural] = (parts.length === 1 ? ['', 'v1', resource] : parts) as [string, string, string]
  return {
    group,
    version,
    resource: plural,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(subresource !== undefined && { subresource }),
  }
}

export class Verbs {
  readonly #api: Api
  readonly #user: User
  readonly #warnings: string[]

  constructor(api: Api, user: User, warnings: string[]) {
    this.#api = api
    this.#user = user
    this.#warnings = warnings
  }

  call(call: Call, duplicates: readonly string[] = []): Promise<Result> {
    return this.#api.call(this.#user, call, { duplicates, warn: (text) => this.#warnings.push(text) })
  }

  async one(call: Call): Promise<Seen> {
    const result = await this.call(call)
    if (result.type === 'object') return result.document.object as unknown as Seen
    throw new Error(`expected an object, got ${JSON.stringify(result)}`)
  }

  get(target: Target): Promise<Seen> {
    return this.one({ verb: 'get', target })
  }

  create(target: Target, body: Json, options?: WriteOptions): Promise<Seen> {
    return this.one({ verb: 'create', target, body, ...(options && { options }) })
  }

  update(target: Target, body: Json, options?: WriteOptions): Promise<Seen> {
    return this.one({ verb: 'update', target, body, ...(options && { options }) })
  }

  patch(target: Target, body: Json, options?: WriteOptions): Promise<Seen> {
    const patchType = Array.isArray(body) ? 'application/json-patch+json' : 'application/merge-patch+json'
    return this.one({ verb: 'patch', target, patchType, body, ...(options && { options }) })
  }

  async names(call: Call): Promise<readonly string[]> {
    const result = await this.call(call)
    if (result.type !== 'list') throw new Error(`expected a list, got ${result.type}`)
    return result.documents.map(({ object }) => object.metadata.name)
  }

  list(target: Target, options: (Call & { verb: 'list' })['options'] = {}): Promise<readonly string[]> {
    return this.names({ verb: 'list', target, options })
  }

  watch(target: Target, options: WatchOptions = {}): Promise<Recording> {
    return record(this.#api, this.#user, target, options)
  }
}

/** What a watch delivered, as `ADDED a 12`. */
export interface Recording {
  readonly events: string[]
  readonly watch: ApiWatch
  readonly ended: Promise<Error | undefined>
  /** Resolves when that many events are there. */
  atLeast(count: number): Promise<string[]>
}

async function record(api: Api, user: User, target: Target, options: WatchOptions): Promise<Recording> {
  const events: string[] = []
  let notify: (() => void) | undefined
  let end!: (error: Error | undefined) => void
  const ended = new Promise<Error | undefined>((resolve) => (end = resolve))
  const watch = await api.watch(user, target, options, {
    events: (batch) => {
      for (const { type, document } of batch) {
        const { name, resourceVersion } = document.object.metadata
        events.push(`${type} ${name} ${resourceVersion}`)
      }
      notify?.()
    },
    end,
  })
  const atLeast = async (count: number): Promise<string[]> => {
    while (events.length < count) await new Promise<void>((resolve) => (notify = resolve))
    return events
  }
  return { events, watch, ended, atLeast }
}

/** `404 configmaps "a" not found`, or what it returned instead. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    return `no error: ${JSON.stringify(await promise)}`
  } catch (error) {
    if (isApiError(error)) return `${error.code} ${error.message}`
    throw error
  }
}

export async function eventually<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const until = Date.now() + 5000
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > until) throw new Error('it did not come about within 5 s')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A CRD `widgets.example.com` with a status subresource and a scale, changed as told. */
export function widgetCrd(change: { readonly spec?: JsonObject; readonly version?: JsonObject } = {}): JsonObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
      versions: [{ name: 'v1', served: true, storage: true, ...WIDGET_VERSION, ...change.version }],
      ...change.spec,
    },
  }
}

export const WIDGET_VERSION: JsonObject = {
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            size: { type: 'integer', default: 1 },
            color: { type: 'string' },
            replicas: { type: 'integer' },
          },
        },
        status: {
          type: 'object',
          properties: {
            replicas: { type: 'integer' },
            selector: { type: 'string' },
            phase: { type: 'string' },
          },
        },
      },
    },
  },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
  selectableFields: [{ jsonPath: '.spec.color' }],
}

export const CRDS = 'apiextensions.k8s.io/v1/customresourcedefinitions'
export const WIDGETS = 'example.com/v1/widgets'

export function widget(name: string, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, ...metadata }, spec }
}
