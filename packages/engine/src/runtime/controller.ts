/**
 * A controller: for one kind, what to do with one object so that the world agrees with it.
 *
 *     const widgets = defineController({
 *       name: 'widget',
 *       type: widgetType,
 *       finalizer: 'example.com/widget',
 *       watches: [watching(secretType, (secret) => ownersOf(secret, 'Widget'))],
 *       reconcile: sequence(choosePlan, ensureSecret),
 *       finalize: removeOutside,
 *     })
 *
 * Everything around that is here once and not in each controller: queue and workers, finalizers, conditions, status writes,
 * events, backoff, and the wait for the cache to show what the last pass wrote.
 */
import type { IndexFunction } from '../client/stash.ts'
import type { Informers } from '../client/informers.ts'
import type { ResourceType } from '../client/types.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { BackoffOptions } from '../client/backoff.ts'
import type { Finalizers } from './finalizers.ts'
import type { Outcome } from './outcome.ts'
import type { Key, Pass, StatusDraft } from './pass.ts'

/** How a pass has ended. `failed` is any throw but `Stalled`. */
export type Settled =
  | { readonly type: 'done' }
  | {
      readonly type: 'wait' | 'stalled' | 'failed'
      readonly reason: string
      readonly message: string
      /** The step that ended the pass, if `sequence` ran it. */
      readonly step?: string
      /** For `wait` and `stalled`: when the next pass was asked for. */
      readonly afterMs?: number
      /** For `stalled` and `failed`: what was thrown. Its text may hold anything: do not put it into status. */
      readonly error?: unknown
    }

export interface Watch<U extends KubeObject = KubeObject> {
  readonly type: ResourceType<U>
  /** The objects that a change of `object` concerns. Asked for the old and for the new state. Must not throw. */
  keys(object: U, informers: Informers): readonly Key[]
  readonly indexes?: Readonly<Record<string, IndexFunction<U>>>
}

/** A watch among others of different kinds. Type-checks `keys` against the kind, which a plain literal in a list would not. */
export function watching<U extends KubeObject>(
  type: ResourceType<U>,
  keys: (object: U, informers: Informers) => readonly Key[],
  indexes?: Readonly<Record<string, IndexFunction<U>>>,
): Watch {
  return { type, keys, ...(indexes && { indexes }) } as unknown as Watch
}

/** The keys of those owners of an object that are of this kind. */
export function ownersOf(object: KubeObject, owner: ResourceType): readonly Key[] {
  const { namespace, ownerReferences = [] } = object.metadata
  return ownerReferences
    .filter((ref) => ref.kind === owner.kind && ref.apiVersion.split('/')[0] === (owner.group || owner.version))
    .map(({ name }) => (owner.namespaced ? { name, namespace } : { name }))
}

/** `wake` may be called at any time until the returned function was. */
export type Source = (wake: (keys: readonly Key[]) => void, informers: Informers) => () => void

export interface ControllerDefinition<T extends KubeObject> {
  /** Lower case, unique in the manager: in logs, metrics and as `reportingController`. */
  readonly name: string
  readonly type: ResourceType<T>
  /** Added before the first pass that reconciles, several in one write; removed when `finalize` answers `done`. */
  readonly finalizer?: Finalizers
  readonly watches?: readonly Watch[]
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
  /** Wakes from outside the API, such as a driver that saw a process die. Each is begun with the caches filled and returns its end. */
  readonly sources?: readonly Source[]
  /** Passes at the same time, of different keys; 4 unless told. */
  readonly workers?: number
  /** A pass is aborted after this; 120 s unless told. */
  readonly passTimeoutMs?: number
  readonly backoff?: BackoffOptions
  /** False for kinds that have no conditions: status is written only as the pass drafts it. */
  readonly conditions?: boolean
  reconcile(pass: Pass<T>): Outcome | Promise<Outcome>
  /** Runs instead of `reconcile` once the object is being deleted, until it answers `done`. */
  finalize?(pass: Pass<T>): Outcome | Promise<Outcome>
  /** Adds fields of the kind's own to the draft after the conditions are set. Must be deterministic. */
  summarize?(summary: { readonly object: T; readonly status: StatusDraft<T>; readonly settled: Settled }): void
  /**
   * Reason and message for what was thrown and is not `Stalled`; undefined for the runtime's own words. These reach status
   * and events, so they must be deterministic and free of secrets.
   */
  readonly explain?: (error: unknown) => { readonly reason: string; readonly message: string } | undefined
}

/** A controller of any kind, for a manager: `run-controller.ts` gives it only objects of its own kind. */
export type Controller = ControllerDefinition<KubeObject>

export function defineController<T extends KubeObject>(definition: ControllerDefinition<T>): Controller {
  return definition as unknown as Controller
}
