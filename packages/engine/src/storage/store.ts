/**
 * A revisioned store: what etcd is to kube-apiserver, and no more.
 *
 * One counter numbers all writes. A key holds one document; a write replaces it if the key is still at the
 * revision that the writer saw. Everything that happened since the last compaction can be watched from any revision,
 * exactly once and in order, also after a restart: the watch is a reading of the log, not a subscription to luck.
 *
 * Rules for implementors (storage/testing/contract.ts proves each by its number):
 *
 * S1  `revision` never goes back, also across restarts and after a failed write.
 * S2  `write` resolves only when the write is durable; before that no reader and no watcher sees it.
 * S3  of two writes that expect the same revision of a key, one wins; the other gets `RevisionConflict`.
 * S4  a read at revision R shows exactly the state after write R, until R is compacted.
 * S5  a watch delivers every event after its start revision once, in revision order, gap-free from replay to live.
 * S6  what is compacted is refused with `Compacted`, never answered with less.
 * S7  a failed write (full disk) rejects with `StorageFailed` and leaves what was there; later writes may succeed.
 * S8  keys, labels and owners stay in memory, documents on disk behind a bounded cache.
 * S9  a second process on the same folder is refused with `StorageInUse`, which says who holds it.
 *
 * Reads are synchronous: an index lookup, then a cached document or one row from the page cache. An asynchronous read
 * would cost more than it hides, and would let the world change between two lines of every caller.
 */
import type { Document } from '../machinery/document.ts'
import type { Checkpoint } from './checkpoint.ts'

/** What is known of a document without reading it. Kept in memory for every live key. */
export interface Index {
  readonly uid: string
  readonly labels?: Readonly<Record<string, string>>
  /** Uids of the owner references. */
  readonly owners?: readonly string[]
  /** Its deletion has begun and waits until its dependents are deleted (foreground) or no longer name it (orphan). */
  readonly awaits?: 'foreground' | 'orphan'
  /** Values for field selectors that must not read every document, such as `type` of Secrets. */
  readonly fields?: Readonly<Record<string, string>>
}

export interface Entry {
  /** `/<group>/<resource>/<namespace>/<name>`, or without namespace; '' for the core group. */
  readonly key: string
  /** Of the write that made this version. */
  readonly revision: number
  readonly index: Index
  /** Reads from disk when it is not in the cache; throws `Compacted` for a version kept for longer than the history. */
  readonly document: Document
}

export type Write =
  | {
      readonly type: 'put'
      readonly key: string
      /** 0: the key must not exist. */
      readonly expect: number
      readonly index: Index
      /** Called once, with the revision that this write will have, which the document carries inside. */
      readonly document: (revision: number) => Document
    }
  | {
      readonly type: 'delete'
      readonly key: string
      readonly expect: number
      /** The last state, which watchers are told; it carries the revision of the deletion. */
      readonly document: (revision: number) => Document
    }

export interface StoreEvent {
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly revision: number
  /** For a deletion the last index and the last state. */
  readonly index: Index
  readonly document: Document
  /** What the key held before; absent for a creation. A watch with a selector needs it to tell a leaver. */
  readonly previous: Entry | undefined
}

export interface Range {
  /** Ends with '/'. */
  readonly prefix: string
  /** Start behind this key. */
  readonly after?: string
  readonly limit?: number
  /** Read as of this revision, which must not be in the future (`RangeError`); absent: the newest. */
  readonly at?: number
  readonly match?: (key: string, index: Index) => boolean
  /** A value of a label or field without which `match` is false: spares it nearly all other entries. */
  readonly mentions?: string
}

export interface RangeResult {
  /** The revision that the result shows. */
  readonly revision: number
  /** In order of their keys (by UTF-16 code unit; keys are ASCII). */
  readonly entries: readonly Entry[]
  /** How many more match behind the last entry. */
  readonly remaining: number
}

export interface Store {
  /** The newest durable revision. An empty store starts at 1, because clients read "0" as "any". */
  readonly revision: number
  /** Everything after this revision can be read and watched. */
  readonly compacted: number
  readonly checkpoint: Checkpoint
  get(key: string, at?: number): Entry | undefined
  list(range: Range): RangeResult
  count(prefix: string): number
  /** Keys whose index names this owner. */
  owned(uid: string): readonly string[]
  /** Rejects with `RevisionConflict`, which tells what is durable, or `StorageFailed`. */
  write(write: Write): Promise<Entry>
  /**
   * Events in batches, as they were committed; what is past comes first, in a microtask. The listener must not throw and must
   * not block. Throws `Compacted` at once.
   */
  watch(range: { prefix: string; after: number }, listener: (events: readonly StoreEvent[]) => void): () => void
  /** Forgets superseded versions up to and including this revision. */
  compact(through: number): Promise<void>
  /** Waits for writes on their way; later ones are refused. */
  close(): Promise<void>
}

export class RevisionConflict extends Error {
  readonly key: string
  /** What the key is at; 0 when it does not exist. */
  readonly actual: number
  constructor(key: string, actual: number) {
    super(`${key} is at revision ${actual}`)
    this.name = 'RevisionConflict'
    this.key = key
    this.actual = actual
  }
}

export class Compacted extends Error {
  readonly compacted: number
  constructor(asked: number, compacted: number) {
    super(`revision ${asked} is compacted; the oldest is ${compacted}`)
    this.name = 'Compacted'
    this.compacted = compacted
  }
}

export class StorageFailed extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StorageFailed'
  }
}

export class StorageInUse extends Error {
  readonly pid: number | undefined
  constructor(dir: string, pid: number | undefined) {
    super(
      `${dir} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}; stop it with \`larder down --data ${dir}\``,
    )
    this.name = 'StorageInUse'
    this.pid = pid
  }
}
