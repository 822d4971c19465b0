/**
 * One exchange with a Kubernetes API, whichever way it travels: in-process or over HTTPS.
 *
 * The API server answers calls, the client makes them, and neither knows which transport lies between. An in-process
 * transport passes frozen objects without serialising them; it still goes through authentication's result (a user),
 * authorization, admission and validation, so that a controller can do nothing in-process that its RBAC forbids.
 */
import type { Json } from '../base/json.ts'
import type { KubeList, KubeObject } from './object.ts'

/** Names a collection (no `name`) or an object, at one served version. */
export interface Target {
  readonly group: string
  readonly version: string
  /** The plural, lower case: `deployments`. */
  readonly resource: string
  readonly subresource?: string
  /** Absent for cluster-scoped resources, and for a list over all namespaces. */
  readonly namespace?: string
  readonly name?: string
}

export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/apply-patch+yaml'

/** Query parameters of the write verbs, spelled as in the URL. */
export interface WriteOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
  readonly force?: boolean
}

/** Query parameters of list and watch, spelled as in the URL. */
export interface ListOptions {
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: string
}

export interface WatchOptions {
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  /** `NotOlderThan`, given exactly when `sendInitialEvents` is. */
  readonly resourceVersionMatch?: string
  /**
   * True: the watch begins with every object as it is now, and a bookmark (if `allowWatchBookmarks`) that says where they end.
   * False: it begins with none, also where it would without a revision.
   */
  readonly sendInitialEvents?: boolean
  readonly allowWatchBookmarks?: boolean
  readonly timeoutSeconds?: number
}

export interface DeleteOptions {
  readonly dryRun?: boolean
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export type Call =
  | { readonly verb: 'get'; readonly target: Target; readonly options?: { readonly resourceVersion?: string } }
  | { readonly verb: 'list'; readonly target: Target; readonly options?: ListOptions }
  | { readonly verb: 'create'; readonly target: Target; readonly body: Json; readonly options?: WriteOptions }
  | { readonly verb: 'update'; readonly target: Target; readonly body: Json; readonly options?: WriteOptions }
  | {
      readonly verb: 'patch'
      readonly target: Target
      readonly patchType: PatchType
      readonly body: Json
      readonly options?: WriteOptions
    }
  | { readonly verb: 'delete'; readonly target: Target; readonly options?: DeleteOptions }
  | { readonly verb: 'deletecollection'; readonly target: Target; readonly options?: DeleteOptions & ListOptions }

/** The object that a call answers with: a list for list and deletecollection, a Status or the object for delete. */
export type Answer = KubeObject | (KubeList<KubeObject> & { readonly kind: string; readonly apiVersion: string })

export interface WatchEvent<T = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: T
}

export interface Transport {
  /** Rejects with an `ApiError` when the API refuses, with an `Unreachable` error when there is no answer. */
  call(call: Call, signal?: AbortSignal): Promise<Answer>
  /**
   * Ends normally when the server closes the stream (its timeout) or the signal aborts; throws an `ApiError` of code
   * 410 when the revision is too old: list again.
   */
  watch(target: Target, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent>
  /** GET of a path that is no resource: discovery, /version. */
  raw(path: string, signal?: AbortSignal): Promise<Json>
  close(): Promise<void>
}
