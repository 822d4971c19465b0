/**
 * The store that both stores are: it decides writes, remembers those on their way, and lets the world see them once they
 * are durable. A `Journal` makes them durable; the memory store's does nothing.
 *
 * A write is decided at once, on one thread, against what is durable and what is on its way: it wins or loses, and
 * gets its revision. Durability follows, many writes in one commit. Example: a delete of `a` is on its way when somebody
 * creates `a` anew. The create is decided on top of the delete and travels behind it; when the delete fails, so does it.
 *
 * A loser is told only what is durable. If it lost against a write still on its way, it waits for that one: told at once,
 * it would read again, find the old state (nothing else is durable yet) and lose again, as fast as it can.
 *
 * Rejected: deciding in the writer thread, by a conditional UPDATE. It costs a round trip for each conflict, and
 * the document could not carry its revision, which is not known before.
 */
import { errorChain, silentLog, type Log } from '../base/log.ts'
import type { Document } from '../machinery/document.ts'
import { noCheckpoint, type Checkpoint } from './checkpoint.ts'
import { checkKey } from './keys.ts'
import type { Ledger } from './ledger.ts'
import {
  Compacted,
  RevisionConflict,
  StorageFailed,
  type Entry,
  type Index,
  type Range,
  type RangeResult,
  type Store,
  type StoreEvent,
  type Write,
} from './store.ts'
import { Watches } from './watches.ts'

/** A write that has won, with everything that is to be kept of it. */
export interface DecidedWrite {
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly revision: number
  /** What the key is at before this write; 0 when it does not exist. */
  readonly previous: number
  readonly index: Index
  readonly document: Document
  /** Of the document; made before the write is decided, so that what cannot be written fails alone. */
  readonly bytes: Buffer
}

export interface JournalListener {
  /** All writes up to this revision are durable. */
  committed(through: number): void
  /** Every write that was appended and not committed is lost. */
  failed(error: StorageFailed): void
}

/** Makes decided writes durable, in their order. */
export interface Journal {
  /** Called once, before anything else. */
  start(listener: JournalListener): void
  append(writes: readonly DecidedWrite[]): void
  /** The write is durable, and its document may be asked for from now on. */
  keep(write: DecidedWrite): void
  /** Notes the compaction and deletes these versions. Rejects with `StorageFailed`. */
  compact(through: number, superseded: readonly number[]): Promise<void>
  close(): Promise<void>
}

interface Pending extends DecidedWrite {
  readonly done: Promise<Entry>
  readonly resolve: (entry: Entry) => void
  readonly reject: (error: Error) => void
}

interface WriteOptions {
  historyLimit?: number
  checkpoint?: Checkpoint
  log?: Log
}

/**
 * Events kept for watches that resume and lists that go on. Upstream's watch cache holds 100 to 102,400 for each kind. 10,000
 * in all are 5 seconds at the full rate of a bench and hours of a hub's life, for about 5 MB of memory and, at
 * 1 KB a document, 12 MB of disk; a read at an old revision walks them in half a millisecond.
 */
const DEFAULT_HISTORY_LIMIT = 10_000

/** Events that one step of compaction forgets: some 3 ms of the writer's time, so that no write waits long behind it. */
const COMPACTION_STEP = 500

export class RevisionedStore implements Store {
  readonly checkpoint: Checkpoint
  readonly #ledger: Ledger
  readonly #journal: Journal
  readonly #historyLimit: number
  readonly #log: Log
  readonly #watches = new Watches()
  /** Decided and not yet durable, in order. */
  #onTheirWay: Pending[] = []
  /** The newest of them for each key. */
  readonly #newestOnItsWay = new Map<string, Pending>()
  /** The tail of them that the journal does not have yet. */
  #unsent: Pending[] = []
  /** The last revision that the journal has and has not committed; 0 when it has nothing to do. */
  #sent = 0
  #lastRevision: number
  #compacting: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(ledger: Ledger, journal: Journal, options: WriteOptions = {}) {
    this.#ledger = ledger
    this.#journal = journal
    this.checkpoint = options.checkpoint ?? noCheckpoint
    this.#historyLimit = options.historyLimit ?? DEFAULT_HISTORY_LIMIT
    this.#log = options.log ?? silentLog
    this.#lastRevision = ledger.revision
    journal.start({ committed: (through) => this.#committed(through), failed: (error) => this.#failed(error) })
  }

  get revision(): number {
    return this.#ledger.revision
  }

  get compacted(): number {
    return this.#ledger.compacted
  }

  get(key: string, at?: number): Entry | undefined {
    return this.#ledger.get(key, at)
  }

  list(range: Range): RangeResult {
    return this.#ledger.list(range)
  }

  count(prefix: string): number {
    return this.#ledger.count(prefix)
  }

  owned(uid: string): readonly string[] {
    return this.#ledger.owned(uid)
  }

  watch(range: { prefix: string; after: number }, listener: (events: readonly StoreEvent[]) => void): () => void {
    const { prefix, after } = range
    if (after < this.compacted) throw new Compacted(after, this.compacted)
    return this.#watches.add(prefix, after, this.#ledger.history.after(after, prefix), listener)
  }

  async write(write: Write): Promise<Entry> {
    if (this.#closed) throw new StorageFailed('the store is closed')
    checkKey(write.key)
    const durable = this.#ledger.newest(write.key)
    const ahead = this.#newestOnItsWay.get(write.key)
    const durableRevision = durable?.revision ?? 0
    const actual = ahead === undefined ? durableRevision : ahead.type === 'delete' ? 0 : ahead.revision
    if (write.expect === actual && (write.type === 'put' || actual !== 0)) {
      return this.#decide(write, actual, (ahead ?? durable)?.index)
    }
    if (ahead === undefined || write.expect !== durableRevision) throw new RevisionConflict(write.key, durableRevision)
    await Promise.allSettled([ahead.done])
    return this.write(write)
  }

  async compact(through: number): Promise<void> {
    if (through > this.revision) {
      throw new RangeError(`revision ${through} is ahead of the store, which is at ${this.revision}`)
    }
    while (through > this.compacted) {
      if (this.#closed) throw new StorageFailed('the store is closed')
      const superseded: number[] = []
      for (const change of this.#ledger.forget(through, COMPACTION_STEP)) {
        if (change.previous) superseded.push(change.previous.revision)
        if (change.type === 'delete') superseded.push(change.revision)
      }
      await this.#journal.compact(this.compacted, superseded)
    }
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#onTheirWay.map((pending) => pending.done))
    await this.#compacting
    this.#watches.clear()
    await this.#journal.close()
  }

  #decide(write: Write, previous: number, index: Index | undefined): Promise<Entry> {
    const revision = this.#lastRevision + 1
    const document = write.document(revision)
    const { bytes } = document
    const { promise, resolve, reject } = settleable<Entry>()
    const pending: Pending = {
      type: write.type,
      key: write.key,
      revision,
      previous,
      index: write.type === 'put' ? write.index : index!,
      document,
      bytes,
      done: promise,
      resolve,
      reject,
    }
    this.#lastRevision = revision
    this.#onTheirWay.push(pending)
    this.#newestOnItsWay.set(write.key, pending)
    if (this.#unsent.push(pending) === 1) queueMicrotask(() => this.#send())
    return promise
  }

  /** One batch at a time: what is decided while the journal writes goes with the next, in one message and one commit. */
  #send(): void {
    const writes = this.#unsent
    // Empty when a failure has taken them in the meantime.
    if (this.#sent > 0 || writes.length === 0) return
    this.#unsent = []
    this.#sent = writes.at(-1)!.revision
    this.#journal.append(writes)
  }

  #committed(through: number): void {
    const firstLater = this.#onTheirWay.findIndex((pending) => pending.revision > through)
    const durable = this.#onTheirWay.splice(0, firstLater < 0 ? this.#onTheirWay.length : firstLater)
    const changes = durable.map((pending) => {
      this.#journal.keep(pending)
      const change = this.#ledger.apply(pending.type, pending)
      if (this.#newestOnItsWay.get(pending.key) === pending) this.#newestOnItsWay.delete(pending.key)
      pending.resolve(change.version)
      return change
    })
    if (through >= this.#sent) {
      this.#sent = 0
      this.#send()
    }
    this.#watches.publish(changes)
    this.#compactBeyondLimit()
  }

  #failed(error: StorageFailed): void {
    const lost = this.#onTheirWay
    this.#onTheirWay = []
    this.#unsent = []
    this.#sent = 0
    this.#newestOnItsWay.clear()
    for (const pending of lost) pending.reject(error)
  }

  #compactBeyondLimit(): void {
    const { history } = this.#ledger
    const excess = history.length - this.#historyLimit
    if (this.#compacting || excess < COMPACTION_STEP) return
    this.#compacting = this.compact(history.at(excess - 1)!.revision)
      .catch((error: unknown) => {
        if (!this.#closed) this.#log.warn('compaction failed', { error: errorChain(error) })
      })
      .finally(() => (this.#compacting = undefined))
  }
}

function settleable<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
