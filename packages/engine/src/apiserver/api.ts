/**
 * The API without HTTP: who may do what to which object, and what happens then. The HTTP server and the in-process
 * transport are two thin ways in; both come through here, so neither can skip authorization or admission.
 */
import type { Call, Target, WatchOptions } from '../machinery/call.ts'
import type { Document } from '../machinery/document.ts'
import type { Resource } from '../machinery/shape.ts'
import type { Status } from '../machinery/status.ts'

export interface User {
  readonly name: string
  readonly groups: readonly string[]
  readonly uid?: string
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** Whom a request asks to be taken for. */
export interface Impersonation {
  readonly name: string
  readonly groups: readonly string[]
  readonly uid?: string
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** What the edge saw in the body besides its content, and where it wants warnings. */
export interface CallContext {
  /** Paths of keys that stood twice in the body. */
  readonly duplicates?: readonly string[]
  /** Who writes: what stands before its first `/` manages the fields that a call without `fieldManager` writes. */
  readonly userAgent?: string
  /** Receives texts for `Warning: 299` headers. */
  readonly warn?: (text: string) => void
}

export type Result =
  /** `code` is 201 when the call created the object. The document is at the version that the call asked for. */
  | { readonly type: 'object'; readonly resource: Resource; readonly code: 200 | 201; readonly document: Document }
  | {
      readonly type: 'list'
      readonly resource: Resource
      readonly resourceVersion: string
      readonly continue?: string
      readonly remainingItemCount?: number
      readonly documents: readonly Document[]
    }
  /** A deletion that leaves nothing to show. */
  | { readonly type: 'status'; readonly status: Status }

export interface ApiWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  /** For a bookmark an object with only apiVersion, kind and metadata.resourceVersion. */
  readonly document: Document
}

export interface ApiWatch {
  readonly resource: Resource
  /**
   * What a bookmark may say now: every matching event up to this revision has been handed to `events`, none beyond it.
   * The edge makes the bookmarks, since only it knows what it has already written.
   */
  revision(): string
  /** Stops delivery; idempotent. */
  stop(): void
}

/** The resources served now. Changes as CRDs come and go. */
export interface Resources {
  find(group: string, version: string, resource: string): Resource | undefined
  /** By kind, for owner references and bodies. */
  findKind(group: string, version: string, kind: string): Resource | undefined
  /** All, grouped as discovery lists them: first the preferred version of each group. */
  all(): readonly Resource[]
  /** Grows with every change: the key of cached discovery and OpenAPI documents. */
  readonly generation: number
}

export interface Api {
  readonly resources: Resources
  /** Throws ApiError. Authorizes first: who may not know does not learn whether it exists. */
  call(user: User, call: Call, context?: CallContext): Promise<Result>
  /**
   * Delivers events in batches until stopped; what it begins with (present objects, or the replay) is the first batch. Throws ApiError before the first event when the watch cannot start (403, 404, 410).
   * `end` is called when the server must end it (its CRD is gone, or the API closes), with an error to tell, if any.
   */
  watch(
    user: User,
    target: Target,
    options: WatchOptions,
    on: { events: (events: readonly ApiWatchEvent[]) => void; end: (error?: Error) => void },
  ): Promise<ApiWatch>
  /**
   * Throws ApiError 403. For whoever must read something of the sender's before it can make a call of it: who may not call
   * does not learn what was wrong with the body. `call` and `watch` ask again.
   */
  authorize(user: User, verb: string, target: Target, fieldSelector?: string): void
  /** The user to act as. Throws ApiError 403 that names the first thing which `user` may not be taken for. */
  impersonate(user: User, wanted: Impersonation): User
  /** For paths that are no resource: `/metrics`. Throws ApiError 403. */
  authorizePath(user: User, verb: string, path: string): void
  close(): Promise<void>
}
