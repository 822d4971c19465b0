/**
 * What a store knows in memory: live keys with their index and owners (live-entries.ts), and the history behind a rollback. Both stores keep
 * one; only the place of the documents differs. It holds durable state alone: writes on their way are in writes.ts.
 *
 * A read at an older revision is the newest state with the changes since undone, so that nothing is stored twice and
 * its cost is bounded by the length of the history. Rejected: a version list for each key, which every key would pay
 * for, while nearly all reads ask for the newest.
 */
import { Change, History } from './history.ts'
import { StoredEntry, type DocumentSource } from './entry.ts'
import { LiveEntries, type LiveEntriesState } from './live-entries.ts'
import { Compacted, type Entry, type Index, type Range, type RangeResult } from './store.ts'

/** An empty store is at 1, because clients read "0" as "any". */
const FIRST_REVISION = 1

/** The newest state as plain data, to be written away before the next change. History is not in it: the log has it. */
export interface LedgerState {
  readonly revision: number
  readonly live: LiveEntriesState
}

export class Ledger {
  readonly history = new History()
  readonly #live: LiveEntries
  readonly #documents: DocumentSource
  #revision: number
  #compacted: number

  constructor(documents: DocumentSource, compacted = FIRST_REVISION, state?: LedgerState) {
    this.#documents = documents
    this.#live = new LiveEntries(documents, state?.live)
    this.#revision = state?.revision ?? compacted
    this.#compacted = compacted
  }

  save(): LedgerState {
    return { revision: this.#revision, live: this.#live.save() }
  }

  get revision(): number {
    return this.#revision
  }

  get compacted(): number {
    return this.#compacted
  }

  newest(key: string): Entry | undefined {
    return this.#live.get(key)
  }

  get(key: string, at?: number): Entry | undefined {
    const newest = this.#live.get(key)
    if (at === undefined) return newest
    this.checkReadable(at)
    if (newest && newest.revision <= at) return newest
    return this.history.before(at, key).get(key)
  }

  list(range: Range): RangeResult {
    const { prefix, after, at, match, limit = Infinity } = range
    checkPrefix(prefix)
    if (at !== undefined) this.checkReadable(at)
    const revision = at ?? this.#revision
    const held = revision === this.#revision ? undefined : this.history.before(revision, prefix)
    const entries: Entry[] = []
    let remaining = 0
    for (const entry of this.#entries(range, held)) {
      if (match && !match(entry.key, entry.index)) continue
      if (entries.length < limit) entries.push(entry)
      else if (match) remaining++
      else {
        remaining = this.#count(prefix, after, held) - entries.length
        break
      }
    }
    return { revision, entries, remaining }
  }

  count(prefix: string): number {
    checkPrefix(prefix)
    return this.#live.count(prefix)
  }

  owned(uid: string): readonly string[] {
    return this.#live.owned(uid)
  }

  /** Takes in a key that a log held when it was last compacted; no watch will be told. */
  load(version: { key: string; revision: number; index: Index }): void {
    this.#live.load(version)
  }

  /**
   * Takes a change into the history of a state that has it already. `previous`: what the key held before it. Returns what it holds
   * behind it.
   */
  recall(
    type: 'put' | 'delete',
    write: { key: string; revision: number; index: Index },
    previous: Entry | undefined,
  ): Entry | undefined {
    const live = this.#live.get(write.key)
    const version = live?.revision === write.revision ? live : this.#live.past(write)
    this.history.push(new Change(type, version, previous))
    return type === 'put' ? version : undefined
  }

  /** A version that is neither live nor in the history: the history's oldest change of a key replaced it. */
  past(version: { key: string; revision: number; index: Index }): Entry {
    return this.#live.past(version)
  }

  /** The key of a deletion must be there. */
  apply(type: 'put' | 'delete', write: { key: string; revision: number; index: Index }): Change {
    const previous = this.#live.get(write.key)
    const change = new Change(
      type,
      type === 'put' ? this.#live.put(write, previous) : this.#remove(write, previous!),
      previous,
    )
    this.#revision = write.revision
    this.history.push(change)
    return change
  }

  /** The last entry, at the revision of the deletion. */
  #remove({ revision }: { revision: number }, last: Entry): Entry {
    this.#live.delete(last)
    return new StoredEntry(last.key, revision, last.index, this.#documents)
  }

  #entries({ prefix, after, mentions }: Range, held: Held | undefined): Iterable<Entry> {
    if (!held?.size) return this.#live.list(prefix, after, mentions)
    return rollBack(this.#live.list(prefix, after), held, after)
  }

  #count(prefix: string, after: string | undefined, held: Held = new Map()): number {
    let count = this.#live.count(prefix, after)
    for (const [key, entry] of held) {
      if (!isBehind(key, after)) continue
      if (entry) count++
      if (this.#live.has(key)) count--
    }
    return count
  }

  /** Forgets up to `limit` changes, none newer than `through`, and returns them. */
  forget(through: number, limit: number): readonly Change[] {
    const forgotten = this.history.forget(through, limit)
    this.#compacted = forgotten.length < limit ? through : forgotten[forgotten.length - 1]!.revision
    return forgotten
  }

  checkReadable(at: number): void {
    if (at < this.#compacted) throw new Compacted(at, this.#compacted)
    if (at > this.#revision) throw new RangeError(`revision ${at} is ahead of the store, which is at ${this.#revision}`)
  }
}

/** What keys held that were written since; undefined: they did not exist. */
type Held = ReadonlyMap<string, Entry | undefined>

/** The entries as they were: without those made since, with those deleted since. */
function* rollBack(now: Iterable<Entry>, held: Held, after: string | undefined): Generator<Entry> {
  const back = [...held.values()].filter((entry) => entry !== undefined && isBehind(entry.key, after)) as Entry[]
  back.sort((a, b) => (a.key < b.key ? -1 : 1))
  let next = 0
  for (const entry of now) {
    if (held.has(entry.key)) continue
    while (next < back.length && back[next]!.key < entry.key) yield back[next++]!
    yield entry
  }
  yield* back.slice(next)
}

const isBehind = (key: string, after: string | undefined): boolean => after === undefined || key > after

function checkPrefix(prefix: string): void {
  if (!prefix.endsWith('/')) throw new TypeError(`prefix ${JSON.stringify(prefix)} does not end with "/"`)
}
