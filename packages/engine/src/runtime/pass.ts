/** What a controller sees of one pass, and how steps are put together. */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Condition, ObjectReference } from '../client/builtin.ts'
import type { Client } from '../client/client.ts'
import type { Lister } from '../client/informer.ts'
import type { ResourceType } from '../client/types.ts'
import type { KubeObject } from '../machinery/object.ts'
import { done, type Outcome } from './outcome.ts'

/** Names an object of a kind that is known from the context. */
export interface Key {
  readonly name: string
  readonly namespace?: string | undefined
}

export function keyOf(object: KubeObject): Key {
  return { name: object.metadata.name, namespace: object.metadata.namespace }
}

export function formatKey({ name, namespace }: Key): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

export function parseKey(key: string): Key {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The same type with nothing readonly, all the way down. */
export type Draft<T> = T extends string | number | boolean | bigint | null | undefined
  ? T
  : T extends readonly (infer E)[]
    ? Draft<E>[]
    : T extends object
      ? { -readonly [K in keyof T]: Draft<T[K]> }
      : T

/** The fields of status that the runtime keeps; every reported kind has them. */
export interface ReportedStatus {
  readonly conditions?: readonly Condition[]
  readonly observedGeneration?: number
}

type StatusField<T> = T extends { readonly status?: infer S } ? NonNullable<S> : object
/** Every field of it is there to write, also those that a fresh object lacks. */
export type StatusDraft<T> = Draft<Partial<StatusField<T>> & ReportedStatus>

/**
 * One look at one object. Nothing tells what woke the pass: it must read the world as it is, because several causes
 * become one pass, and after a restart all of them are lost.
 */
export interface Pass<T extends KubeObject> {
  readonly key: Key
  /** From the cache (frozen), which shows every write that earlier passes of this key made. */
  readonly object: T
  /** What status should say; `conditions` of the types Ready, Reconciling and Stalled and `observedGeneration` are set by the runtime. */
  readonly status: StatusDraft<T>
  /** Writes through it are waited for before the next pass of this key (see own-writes.ts). */
  readonly client: Client
  /** Reads the cache of a kind that the controller names (its own or in `watches`). */
  cache<U extends KubeObject>(type: ResourceType<U>): Lister<U>
  /** Aborts when the pass has taken too long or the manager stops. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
  /** The step that runs; `sequence` sets it. */
  step: string | undefined
  event(type: 'Normal' | 'Warning', reason: string, note: string, related?: ObjectReference): void
}

export type Step<T extends KubeObject, P extends Pass<T> = Pass<T>> = (pass: P) => Outcome | Promise<Outcome>

/**
 * Runs steps in order until one does not answer `done`; its answer is the answer of all. A step is named by its function:
 * `sequence(choosePlan, ensureInstance, publishBinding)`.
 */
export function sequence<P extends { step: string | undefined }>(
  ...steps: readonly ((pass: P) => Outcome | Promise<Outcome>)[]
): (pass: P) => Promise<Outcome> {
  return async (pass) => {
    for (const step of steps) {
      pass.step = step.name
      const outcome = await step(pass)
      if (outcome.type !== 'done') return outcome
    }
    pass.step = undefined
    return done
  }
}
