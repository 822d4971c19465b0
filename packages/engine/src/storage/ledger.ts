/**
 * What a store knows in memory: live keys with their index, owners, and the history behind a rollback. Both stores keep
 * one; only the place of the documents differs. It holds durable state alone: writes on their way are in writes.ts.
 *
 * A read at an older revision is the newest state with the changes since undone, so that nothing is stored twice and
 * its cost is bounded by the length of the history. Rejected: a version list for each key, which every key would pay
 * for, while nearly all reads ask for the newest.
 */
import { History, type Change } from './history.ts'
import { mergeSorted, SortedKeys, type Span } from './keys.ts'
import { Owners } from './owners.ts'
import { Compacted, type Entry, type Range, type RangeResult } from './store.ts'

/** An empty store is at 1, because clients read "0" as "any". */
const FIRST_REVISION = 1

export class Ledger {
  readonly history = new History()
  readonly #live = new Map<string, Entry>()
  readonly #keys = new SortedKeys()
  readonly #owners = new Owners()
  #revision: number
  #compacted: number

  constructor(compacted = FIRST_REVISION) {
    this.#revision = compacted
    this.#compacted = compacted
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
    const spans = this.#keys.spans(prefix, after)
    const entries: Entry[] = []
    let remaining = 0
    for (const { keys, from, to } of held?.size ? rollback(spans, held, after) : spans) {
      for (let i = from; i < to; i++) {
        if (!match && entries.length >= limit) {
          remaining += to - i
          break
        }
        const key = keys[i]!
        const entry = (held?.has(key) ? held.get(key) : this.#live.get(key))!
        if (match && !match(key, entry.index)) continue
        if (entries.length < limit) entries.push(entry)
        else remaining++
      }
    }
    return { revision, entries, remaining }
  }

  count(prefix: string): number {
    checkPrefix(prefix)
    return this.#keys.spans(prefix).reduce((sum, { from, to }) => sum + to - from, 0)
  }

  owned(uid: string): readonly string[] {
    return this.#owners.of(uid)
  }

  /** Takes in a key that a log held when it was last compacted; no watch will be told. */
  load(entry: Entry): void {
    this.#keys.addUnsorted(entry.key)
    this.#live.set(entry.key, entry)
    this.#owners.replace(entry.key, undefined, entry.index)
  }

  apply(change: Change): void {
    const { key, previous, version } = change
    if (change.type === 'put') {
      if (!previous) this.#keys.add(key)
      this.#live.set(key, version)
      this.#owners.replace(key, previous?.index, version.index)
    } else {
      this.#keys.delete(key)
      this.#live.delete(key)
      this.#owners.replace(key, previous?.index, undefined)
    }
    this.#revision = change.revision
    this.history.push(change)
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

/** The keys as they were: without those made since, with those deleted since. */
function rollback(spans: Span[], held: Map<string, Entry | undefined>, after: string | undefined): Span[] {
  const kept = spans.flatMap(({ keys, from, to }) => keys.slice(from, to).filter((key) => !held.has(key)))
  const back: string[] = []
  for (const [key, entry] of held) {
    if (entry && (after === undefined || key > after)) back.push(key)
  }
  const keys = mergeSorted(kept, back.sort())
  return [{ keys, from: 0, to: keys.length }]
}

function checkPrefix(prefix: string): void {
  if (!prefix.endsWith('/')) throw new TypeError(`prefix ${JSON.stringify(prefix)} does not end with "/"`)
}
