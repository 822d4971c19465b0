/** What the verbs share, and what they know of one request. */
import type { Clock } from '../../base/clock.ts'
import type { Ids } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Target } from '../../machinery/call.ts'
import type { Resource } from '../../machinery/shape.ts'
import type { Store } from '../../storage/store.ts'
import type { Admission } from '../admission.ts'
import type { CallContext, User } from '../api.ts'
import type { MutatingPlugin } from '../mutating-admission.ts'
import type { Rbac } from '../rbac.ts'
import type { TokenAuthority } from '../tokens.ts'
import type { Catalog, Served } from './catalog.ts'
import type { KeyedMutex } from './mutex.ts'
import type { Versions } from './versions.ts'

export interface Core {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly tokens: TokenAuthority | undefined
  readonly catalog: Catalog
  readonly versions: Versions
  readonly rbac: Rbac
  readonly admission: Admission
  readonly mutations: readonly MutatingPlugin[]
  readonly locks: KeyedMutex
  /**
   * Keys of namespaces and CRDs whose deletion has been decided but may not be durable yet. Nothing new may be created in
   * them: it would commit behind the deletion and outlive it.
   */
  readonly closing: Set<string>
}

/** One authorized request for a resource that is served. */
export interface Request {
  readonly user: User
  readonly served: Served
  readonly resource: Resource
  readonly target: Target
  readonly context: CallContext
  /** Of a call that writes, as in its URL. */
  readonly options?: Readonly<Record<string, unknown>>
}
