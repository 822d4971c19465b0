/**
 * A local copy of one collection that follows the server: list once, then watch from the revision of the list.
 *
 * A lost connection resumes from the last revision seen, so nothing is missed and nothing is listed twice; only a revision
 * that the server has forgotten (410) costs a new list, whose differences are then told as events. Objects are frozen, and without
 * `managedFields`: those are half of an object, and nobody decides by them.
 *
 * `revision` tells how far the copy is. Whoever has just written can wait for `seen(revision)` before deciding again;
 * without that, a controller that does not yet see the object it made would make a second one.
 */
import type { Clock } from '../base/clock.ts'
import { freezeJson } from '../base/json.ts'
import type { PackedJson } from '../base/packed/json.ts'
import { errorChain, type Log } from '../base/log.ts'
import type { WatchEvent } from '../machinery/call.ts'
import { asJson, type KubeObject } from '../machinery/object.ts'
import { isApiError } from '../machinery/status.ts'
import { backoffMs, pause } from './backoff.ts'
import type { Client } from './client.ts'
import {
  createStash,
  keyOf as stashKey,
  parseKey as parseStashKey,
  type IndexFunction,
  type StashState,
} from './stash.ts'
import type { ResourceType } from './types.ts'

/** Reads of the local copy. All objects are frozen. */
export interface Lister<T extends KubeObject> {
  get(name: string, namespace?: string): T | undefined
  /** All, or those of one namespace, in no particular order. */
  list(namespace?: string): readonly T[]
  byIndex(index: string, value: string): readonly T[]
  /** How many objects there are under each value of an index, at no cost for each. */
  counts(index: string): ReadonlyMap<string, number>
  /** Names of all. May be read while objects come and go: what comes meanwhile may be among them or not. */
  keys(): Iterable<{ readonly name: string; readonly namespace?: string }>
  readonly size: number
}

export interface Handlers<T extends KubeObject> {
  added?(object: T): void
  updated?(object: T, old: T): void
  /** The last state that was seen. */
  deleted?(object: T): void
}

export interface Informer<T extends KubeObject> extends Lister<T> {
  readonly type: ResourceType<T>
  /** Of the newest list, event or bookmark; undefined before the first list. */
  readonly revision: string | undefined
  /** Resolves when the first list has arrived. Never rejects: an unreachable server is retried until `stop`. */
  readonly synced: Promise<void>
  readonly hasSynced: boolean
  start(): void
  stop(): Promise<void>
  /**
   * Tells of everything that is there (as `added`), then of every change; with `from: 'now'` of changes alone. Returns the end of it.
   * Handlers must not throw.
   */
  subscribe(handlers: Handlers<T>, from?: 'start' | 'now'): () => void
  /** May be called at any time; what is already there is indexed too. The same name twice replaces. */
  addIndex(name: string, values: IndexFunction<T>): void
  hasIndex(name: string): boolean
  /** Resolves when the copy is at least at this revision, or when the informer stops. */
  seen(revision: string): Promise<void>
  /** For another informer of the same kind, indexes and `packed` words; undefined when no watch could start from it. */
  save(): InformerState | undefined
}

/** A copy as plain data, to be written away before it changes again. */
export interface InformerState {
  readonly revision: string
  readonly stash: StashState
}

export interface InformerOptions<T extends KubeObject> {
  readonly client: Client
  readonly type: ResourceType<T>
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
  readonly clock: Clock
  readonly log: Log
  /** In [0, 1), for jitter. */
  readonly random?: () => number
  /** Shared by informers that hold the same words. */
  readonly packed?: PackedJson
  /** What an earlier one saved: it is followed from its revision on, in place of a list. */
  readonly saved?: InformerState | undefined
}

const BACKOFF = { baseMs: 100, capMs: 10_000 }
/** A watch that lived less than this counts as a failure: a server that ends each at once must not be hammered. */
const SHORT_WATCH_MS = 1000

/** Orders resourceVersions, which are decimal numbers of any length. */
export function compareRevisions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { client, type, clock, random = Math.random, packed, indexes, saved } = options
  const log = options.log.with({ informer: `${type.resource}${type.group && `.${type.group}`}` })
  const stash = createStash<T>({ indexes, packed, saved: saved?.stash })
  const handlers = new Set<Handlers<T>>()
  const waiters = new Set<{ revision: string; resolve: () => void }>()
  const abort = new AbortController()
  const { signal } = abort
  const scope = {
    ...(options.namespace !== undefined && { namespace: options.namespace }),
    ...(options.labelSelector !== undefined && { labelSelector: options.labelSelector }),
  }
  let revision = saved?.revision
  /** False after a 410: the revision still says how far the copy is, but no watch can start from it. */
  let resumable = saved !== undefined
  let running: Promise<void> | undefined
  let hasSynced = false
  let setSynced!: () => void
  const synced = new Promise<void>((resolve) => (setSynced = resolve))

  function advance(to: string): void {
    revision = to
    for (const waiter of waiters) {
      if (compareRevisions(waiter.revision, to) > 0) continue
      waiters.delete(waiter)
      waiter.resolve()
    }
  }

  function put(told: T): void {
    const object = withoutOwners(told)
    freezeJson(asJson(object))
    const old = stash.put(object)
    if (old === undefined) for (const h of handlers) h.added?.(object)
    else if (old.metadata.uid !== object.metadata.uid) {
      // Deleted and made again between two looks: telling it as an update would keep what belonged to the old one.
      for (const h of handlers) h.deleted?.(old)
      for (const h of handlers) h.added?.(object)
    } else if (old.metadata.resourceVersion !== object.metadata.resourceVersion) {
      for (const h of handlers) h.updated?.(object, old)
    }
  }

  function remove(key: string, last?: T): void {
    const old = stash.remove(key)
    if (old) for (const h of handlers) h.deleted?.(last ? freezeDeep(withoutOwners(last)) : old)
  }

  async function relist(): Promise<void> {
    let gone = new Set(stash.keys())
    let newest = ''
    // Page by page: a hundred thousand objects are never all here as objects.
    for await (const { list, isWhole } of client.of(type).pages(scope)) {
      if (isWhole) gone = new Set(stash.keys())
      for (const object of list.items) {
        gone.delete(stashKey(object.metadata.name, object.metadata.namespace))
        put(object)
      }
      newest = list.metadata.resourceVersion
    }
    for (const key of gone) remove(key)
    resumable = true
    advance(newest)
  }

  function apply(event: WatchEvent<T>): void {
    const { object } = event
    if (event.type === 'DELETED') remove(stashKey(object.metadata.name, object.metadata.namespace), object)
    else if (event.type !== 'BOOKMARK') put(object)
    if (object.metadata.resourceVersion !== undefined) advance(object.metadata.resourceVersion)
  }

  async function follow(): Promise<void> {
    const timeoutSeconds = Math.round(300 + 300 * random())
    const options = { ...scope, resourceVersion: revision!, allowWatchBookmarks: true, timeoutSeconds }
    for await (const event of client.of(type).watch(options, signal)) apply(event)
  }

  async function run(): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      const startedAt = clock.now()
      try {
        if (!resumable) await relist()
        hasSynced = true
        setSynced()
        await follow()
        failures = clock.now() - startedAt < SHORT_WATCH_MS ? failures + 1 : 0
      } catch (error) {
        if (signal.aborted) return
        if (isApiError(error) && error.code === 410) {
          log.info('the server has forgotten our revision; listing again', { revision: revision ?? '' })
          resumable = false
        } else if (failures === 0) log.warn('cannot follow; retrying', { error: errorChain(error) })
        failures = clock.now() - startedAt < BACKOFF.capMs ? failures + 1 : 1
      }
      if (failures > 0) await pause(clock, backoffMs(failures, BACKOFF, random), signal)
    }
  }

  return {
    type,
    synced,
    get revision() {
      return revision
    },
    get hasSynced() {
      return hasSynced
    },
    get size() {
      return stash.size
    },
    *keys() {
      for (const key of stash.keys()) yield parseStashKey(key)
    },
    get: stash.get,
    list: stash.list,
    byIndex: stash.byIndex,
    counts: stash.counts,
    addIndex: stash.addIndex,
    hasIndex: stash.hasIndex,
    save: () => (resumable && revision !== undefined ? { revision, stash: stash.save() } : undefined),
    start() {
      running ??= run()
    },
    async stop() {
      abort.abort()
      for (const waiter of waiters) waiter.resolve()
      waiters.clear()
      await running
    },
    subscribe(h, from = 'start') {
      if (from === 'start') for (const object of stash.all()) h.added?.(object)
      handlers.add(h)
      return () => handlers.delete(h)
    },
    seen(wanted) {
      if (revision !== undefined && compareRevisions(wanted, revision) <= 0) return Promise.resolve()
      if (signal.aborted) return Promise.resolve()
      return new Promise((resolve) => void waiters.add({ revision: wanted, resolve }))
    },
  }
}

function withoutOwners<T extends KubeObject>(object: T): T {
  if (!('managedFields' in object.metadata)) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function freezeDeep<T extends KubeObject>(object: T): T {
  freezeJson(asJson(object))
  return object
}
