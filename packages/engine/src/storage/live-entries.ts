/**
 * The newest entry of each key, packed outside the heap: some 140 bytes for each, and nothing for the garbage collector to visit.
 *
 * A key is found by its hash or by its place in the order of its collection (`/<group>/<resource>/`, which every list names); both name
 * a slot of the arena, which holds revision, key and index. The entries that were written or read last are kept as objects, too, because
 * nearly all questions are about them. Rejected: a Map of entries, which took four times as much, half of it strings that
 * say the same: of a hundred thousand claims with their Events it was the largest part of the hub.
 */
import { Arena, type ArenaState } from '../base/packed/arena.ts'
import { IndexTable, type IndexTableState } from '../base/packed/index-table.ts'
import { PackedJson, type PackedJsonState } from '../base/packed/json.ts'
import type { PackedReader } from '../base/packed/reader.ts'
import { SlotsByHash, type SlotsByHashState } from '../base/packed/slots-by-hash.ts'
import { hashOf } from '../base/packed/words.ts'
import type { Json } from '../base/json.ts'
import { StoredEntry, type DocumentSource } from './entry.ts'
import { collectionEnd, collectionOf, flatString, pastPrefix } from './keys.ts'
import { SortedSlots, type SortedSlotsState } from './sorted-slots.ts'
import type { Entry, Index } from './store.ts'

/** Entries that are kept as objects. History holds more of them anyway. */
const MAX_RECENT = 4000

interface Collection {
  readonly name: string
  readonly byHash: SlotsByHash
  readonly sorted: SortedSlots
}

/** All entries as plain data, to be written away before the next change. */
export interface LiveEntriesState {
  readonly arena: ArenaState
  readonly packed: PackedJsonState
  readonly owners: IndexTableState
  readonly collections: readonly {
    readonly name: string
    readonly byHash: SlotsByHashState
    readonly sorted: SortedSlotsState
  }[]
}

export class LiveEntries {
  readonly #documents: DocumentSource
  readonly #collections = new Map<string, Collection>()
  readonly #arena: Arena
  readonly #packed: PackedJson
  readonly #owners: IndexTable
  /** In the order in which they came. */
  readonly #recent = new Map<string, Entry>()

  constructor(documents: DocumentSource, state?: LiveEntriesState) {
    const ownersOf = (slot: number) => this.#indexAt(slot).owners ?? []
    this.#documents = documents
    this.#arena = state ? Arena.restored(state.arena) : new Arena()
    this.#packed = state ? PackedJson.restored(state.packed) : new PackedJson()
    this.#owners = state ? IndexTable.restored(state.owners, ownersOf) : new IndexTable(ownersOf)
    for (const { name, byHash, sorted } of state?.collections ?? []) {
      const keys = SortedSlots.restored(sorted, (slot) => this.#restAt(slot))
      this.#collections.set(name, { name, byHash: SlotsByHash.restored(byHash), sorted: keys })
    }
  }

  save(): LiveEntriesState {
    const collections = [...this.#collections.values()].map(({ name, byHash, sorted }) => {
      return { name, byHash: byHash.save(), sorted: sorted.save() }
    })
    return { arena: this.#arena.save(), packed: this.#packed.save(), owners: this.#owners.save(), collections }
  }

  get(key: string): Entry | undefined {
    const recent = this.#recent.get(key)
    if (recent) return recent
    const collection = this.#collections.get(collectionOf(key))
    const slot = collection && this.#find(collection, restOf(collection, key))
    if (slot === undefined) return undefined
    const entry = this.#entryAt(slot)
    this.#remember(entry)
    return entry
  }

  has(key: string): boolean {
    const collection = this.#collections.get(collectionOf(key))
    return collection !== undefined && this.#find(collection, restOf(collection, key)) !== undefined
  }

  /** `previous`: what `get` says. Returns the entry as it is kept: strings in it keep nothing else alive. */
  put({ key, revision, index }: Version, previous: Entry | undefined): Entry {
    const collection = this.#collectionFor(key)
    const rest = restOf(collection, key)
    const known = previous && this.#find(collection, rest)
    const slot = known ?? this.#arena.take()
    this.#own(slot, previous?.index, index)
    this.#write(collection, slot, { key, revision, index })
    if (known === undefined) {
      collection.byHash.add(hashOf(rest), slot)
      collection.sorted.add(rest, slot)
    }
    const entry = this.#entryAt(slot)
    this.#remember(entry)
    return entry
  }

  /** Like `put`, of a key that is not there, where many come in any order. */
  load({ key, revision, index }: Version): void {
    const collection = this.#collectionFor(key)
    const slot = this.#arena.take()
    this.#own(slot, undefined, index)
    this.#write(collection, slot, { key, revision, index })
    collection.byHash.add(hashOf(restOf(collection, key)), slot)
    collection.sorted.addUnsorted(slot)
  }

  /** An entry as `put` returns it, of a version that is not live any more. */
  past({ key, revision, index }: Version): Entry {
    const { writer, reader } = this.#packed
    writer.clear()
    this.#packed.write(index as unknown as Json)
    reader.start(writer.buffer, 0)
    return new StoredEntry(key, revision, this.#packed.read() as unknown as Index, this.#documents)
  }

  delete({ key, index }: Entry): void {
    const collection = this.#collectionFor(key)
    const rest = restOf(collection, key)
    const slot = this.#find(collection, rest)!
    this.#own(slot, index, undefined)
    collection.sorted.delete(rest)
    collection.byHash.delete(hashOf(rest), slot)
    this.#arena.release(slot)
    this.#recent.delete(key)
    if (collection.sorted.size === 0) this.#collections.delete(collection.name)
  }

  /**
   * Those under the prefix and behind `after`, in the order of their keys; may leave out such whose index has no value `mentions`. Must be
   * read before the next change.
   */
  *list(prefix: string, after?: string, mentions?: string): Generator<Entry> {
    const spellings = mentions === undefined ? undefined : this.#packed.writer.spellings(mentions)
    for (const { collection, from, to } of this.#parts(prefix, after)) {
      for (const slot of collection.sorted.between(from, to)) {
        if (spellings && !spellings.some((bytes) => this.#arena.mayHave(slot, bytes))) continue
        yield this.#entryAt(slot)
      }
    }
  }

  count(prefix: string, after?: string): number {
    return this.#parts(prefix, after).reduce(
      (sum, { collection, from, to }) => sum + collection.sorted.count(from, to),
      0,
    )
  }

  /** Keys whose index names this owner, in order. */
  owned(uid: string): readonly string[] {
    return this.#owners
      .slots(uid)
      .map((slot) => this.#keyAt(slot))
      .sort()
  }

  #collectionFor(key: string): Collection {
    const found = this.#collections.get(collectionOf(key))
    if (found) return found
    const name = flatString(collectionOf(key))
    const sorted = new SortedSlots((slot) => this.#restAt(slot))
    const collection = { name, byHash: new SlotsByHash(), sorted }
    this.#collections.set(name, collection)
    return collection
  }

  #find({ byHash }: Collection, rest: string): number | undefined {
    return byHash.find(hashOf(rest), (slot) => this.#restAt(slot) === rest)
  }

  /** No collection's name starts another's, so their order is the order of their keys. */
  #parts(prefix: string, after: string | undefined): Part[] {
    const end = collectionEnd(prefix)
    const names =
      end > 0 ? [prefix.slice(0, end)] : [...this.#collections.keys()].filter((n) => n.startsWith(prefix)).sort()
    return names.flatMap((name) => {
      const collection = this.#collections.get(name)
      if (!collection) return []
      const under = prefix.slice(name.length)
      const to = under === '' ? PAST_ALL : pastPrefix(under)
      if (after === undefined || after < prefix) return [{ collection, from: under, to }]
      if (after.startsWith(name)) return [{ collection, from: `${after.slice(name.length)}\0`, to }]
      return name < after ? [] : [{ collection, from: under, to }]
    })
  }

  /** Notes the change of owners; the record in the slot must be changed behind it. */
  #own(slot: number, before: Index | undefined, now: Index | undefined): void {
    for (const uid of before?.owners ?? []) this.#owners.leave(uid, slot)
    for (const uid of now?.owners ?? []) this.#owners.enter(uid, slot)
  }

  #write({ name }: Collection, slot: number, { key, revision, index }: Version): void {
    const { writer } = this.#packed
    const namespaceEnd = Math.max(key.lastIndexOf('/') + 1, name.length)
    writer.clear()
    // The collection is part of it only for who asks by owner.
    writer.text(name)
    writer.text(key.slice(name.length, namespaceEnd))
    writer.text(key.slice(namespaceEnd))
    writer.number(revision)
    this.#packed.write(index as unknown as Json)
    this.#arena.set(slot, writer.buffer, writer.length)
  }

  #entryAt(slot: number): Entry {
    const { reader } = this.#packed
    const key = this.#keyAt(slot)
    const revision = reader.number()
    return new StoredEntry(key, revision, this.#packed.read() as unknown as Index, this.#documents)
  }

  #indexAt(slot: number): Index {
    this.#restAt(slot)
    this.#packed.reader.number()
    return this.#packed.read() as unknown as Index
  }

  /** The reader stands behind it then. */
  #keyAt(slot: number): string {
    return this.#readAt(slot).text() + this.#restOfKey()
  }

  /** The key without the name of its collection. The reader stands behind it then. */
  #restAt(slot: number): string {
    this.#readAt(slot).text()
    return this.#restOfKey()
  }

  #restOfKey(): string {
    const { reader } = this.#packed
    const namespace = reader.text()
    return namespace + reader.text()
  }

  #readAt(slot: number): PackedReader {
    const { reader } = this.#packed
    reader.start(this.#arena.bufferOf(slot), this.#arena.startOf(slot))
    return reader
  }

  #remember(entry: Entry): void {
    this.#recent.delete(entry.key)
    this.#recent.set(entry.key, entry)
    if (this.#recent.size <= MAX_RECENT) return
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest)
      break
    }
  }
}

interface Version {
  readonly key: string
  readonly revision: number
  readonly index: Index
}

/** Of one collection the keys, without its name, that are not below `from` and below `to`. */
interface Part {
  readonly collection: Collection
  readonly from: string
  readonly to: string
}

/** Keys are ASCII. */
const PAST_ALL = '\uffff'

const restOf = (collection: Collection, key: string): string => key.slice(collection.name.length)
