/**
 * The API itself: a store with the semantics of Kubernetes on top.
 *
 * Reading order: `dispatch.ts` (who may do it, and which verb answers), `verbs/` (one file each; `update.ts` is what PATCH
 * and subresources end in), `catalog.ts` (what is served), `versions.ts` (stored form and shown form), `selection.ts`
 * (selectors). Every document passes from the store to the reader as it is; it is parsed only by who needs its fields.
 */
import type { Clock } from '../../base/clock.ts'
import type { Ids } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Call, Target, Transport, WatchOptions } from '../../machinery/call.ts'
import type { Resource } from '../../machinery/shape.ts'
import { builtinResources } from '../../machinery/types/builtin.ts'
import { internal } from '../../machinery/status.ts'
import { StorageFailed, type Store } from '../../storage/store.ts'
import { Admission, type AdmissionPlugin } from '../admission.ts'
import type { Api, ApiWatch, CallContext, Impersonation, Result, User } from '../api.ts'
import { bootstrap } from '../bootstrap.ts'
import { startBuiltinControllers, type BuiltinControllerName } from '../builtin-controllers/start.ts'
import { escalationCheck } from '../escalation.ts'
import { impersonated } from '../impersonation.ts'
import { inProcessTransport } from '../in-process.ts'
import type { MutatingPlugin } from '../mutating-admission.ts'
import { resourceOfQuery, type Query } from '../queries.ts'
import { AdmissionPolicies } from '../policies/admission-policies.ts'
import { paramsAuthorization } from '../policies/params-authorization.ts'
import { Rbac } from '../rbac.ts'
import type { TokenAuthority } from '../tokens.ts'
import { ValidatingWebhooks } from '../webhooks/validating-webhooks.ts'
import { Catalog, type Served } from './catalog.ts'
import type { Core } from './core.ts'
import { serveCustomResources } from './custom-resources.ts'
import { authorizeTarget, dispatch, readableName, requestOf } from './dispatch.ts'
import { KeyedMutex } from './mutex.ts'
import { queryAnswerer, reviewerOf } from './questions.ts'
import { watch, type WatchSink } from './verbs/watch.ts'
import { Versions } from './versions.ts'
import { OpenWatches } from './watches.ts'

export interface ApiOptions {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  /** Absent: tokens are neither issued nor reviewed. */
  readonly tokens?: TokenAuthority
  /** PEM, published in every namespace as ConfigMap kube-root-ca.crt. */
  readonly caCertificate?: string
  readonly admission?: readonly AdmissionPlugin[]
  /** Looked at anew for each write: it may grow while the API is there. */
  readonly mutations?: readonly MutatingPlugin[]
  /** Kinds that are questions, beside upstream's reviews. */
  readonly queries?: readonly Query[]
  /** Which built-in controllers run; default all. False, or a list without some, leaves their work to a kube-controller-manager. */
  readonly controllers?: boolean | readonly BuiltinControllerName[]
}

/** Resolves when the API is ready: bootstrap objects exist, CRDs are served. Throws for a query that no CRD could declare. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const { store } = options
  let api: Api | undefined
  const transportOf = (user: User): Transport => inProcessTransport(api!, user, options.clock)
  const queries = await Promise.all((options.queries ?? []).map((query) => servedQuery(query, transportOf)))
  const catalog = new Catalog([...builtinResources().map(servedBuiltin), ...queries])
  const rbac = new Rbac(store)
  const versions = new Versions(catalog)
  const mayReadParams = paramsAuthorization({ store, catalog, rbac })
  const { clock, ids, log } = options
  const policies = new AdmissionPolicies({ store, catalog, versions, rbac, log })
  const webhooks = new ValidatingWebhooks({ store, catalog, versions, rbac, clock, ids, log })
  const core: Core = {
    store,
    clock: options.clock,
    ids: options.ids,
    log: options.log,
    tokens: options.tokens,
    catalog,
    versions,
    rbac,
    admission: new Admission([escalationCheck(rbac), mayReadParams, policies, webhooks, ...(options.admission ?? [])]),
    mutations: options.mutations ?? [],
    locks: new KeyedMutex(),
    closing: new Set(),
  }
  const call = async (call: Call): Promise<Result> => dispatch(core, SYSTEM, call, SYSTEM_CONTEXT)
  const customResources = await serveCustomResources(core, SYSTEM, call)
  await bootstrap(store, catalog, call)
  const context = { store, resources: catalog, call, clock: core.clock, log: core.log }
  const { caCertificate, controllers: names = true } = options
  const controllers = startBuiltinControllers(context, { caCertificate, names })
  // On a used store there is nothing to wait for; on a new one the default objects exist when the API is ready.
  await controllers.ready()
  policies.open()
  webhooks.open()
  api = new KubernetesApi(core, [customResources, controllers, policies, webhooks])
  return api
}

function servedBuiltin(resource: Resource): Served {
  const answerer = reviewerOf(resource)
  return { resource, ...(answerer && { answerer }) }
}

async function servedQuery(query: Query, transportOf: (user: User) => Transport): Promise<Served> {
  return { resource: await resourceOfQuery(query), answerer: queryAnswerer(query, transportOf) }
}

/** The API itself, when it writes. */
const SYSTEM: User = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

const SYSTEM_CONTEXT: CallContext = { userAgent: 'larder-apiserver' }

class KubernetesApi implements Api {
  readonly #core: Core
  readonly #watches = new OpenWatches()
  readonly #controllers: readonly { close(): Promise<void> }[]

  constructor(core: Core, controllers: readonly { close(): Promise<void> }[]) {
    this.#core = core
    this.#controllers = controllers
    core.catalog.onGone((resources) => {
      for (const resource of resources) this.#watches.endOf(resource)
    })
  }

  get resources(): Catalog {
    return this.#core.catalog
  }

  async call(user: User, call: Call, context?: CallContext): Promise<Result> {
    try {
      return await dispatch(this.#core, user, call, context)
    } catch (error) {
      throw error instanceof StorageFailed ? internal(error.message, error) : error
    }
  }

  async watch(user: User, target: Target, options: WatchOptions, on: WatchSink): Promise<ApiWatch> {
    const request = requestOf(this.#core, user, 'watch', target, options.fieldSelector, {})
    const started = await watch(this.#core, request, options, on)
    const forget = this.#watches.add(request.resource, (error) => {
      stop()
      on.end(error)
    })
    const stop = (): void => {
      forget()
      started.stop()
    }
    return { resource: started.resource, revision: () => started.revision(), stop }
  }

  authorize(user: User, verb: string, target: Target, fieldSelector?: string): void {
    authorizeTarget(this.#core, user, verb, target, readableName(fieldSelector))
  }

  impersonate(user: User, wanted: Impersonation): User {
    return impersonated(this.#core.rbac, user, wanted)
  }

  authorizePath(user: User, verb: string, path: string): void {
    this.#core.rbac.authorizePath(user, verb, path)
  }

  async close(): Promise<void> {
    this.#watches.endAll()
    await Promise.all(this.#controllers.map((controller) => controller.close()))
    this.#core.rbac.close()
  }
}
