/**
 * Objects by name and by index: the memory of an informer.
 *
 * The ones that were seen last are kept as objects, all others packed (base/packed): a hub with a hundred thousand claims would hold
 * gigabytes of objects, of which it looks at a few hundred at a time. Each object has a slot for as long as it is here, by which the
 * indexes name it. Rejected: to ask the server for what is cold, because a reader of the cache must not wait, and a cold list at a
 * start would cost a call for each; the JSON text of what is cold, which is five times as much and lies on the heap.
 */
import { Arena, type ArenaState } from '../base/packed/arena.ts'
import { IndexTable, type IndexTableState } from '../base/packed/index-table.ts'
import { PackedJson } from '../base/packed/json.ts'
import { SlotsByHash, type SlotsByHashState } from '../base/packed/slots-by-hash.ts'
import { hashOf } from '../base/packed/words.ts'
import { asJson, type KubeObject } from '../machinery/object.ts'

/** The values under which an object is found; none: it is not in this index. */
export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[]

export interface Stash<T extends KubeObject> {
  readonly get: (name: string, namespace?: string) => T | undefined
  /** One after the other, while nothing is put or removed. */
  readonly all: () => Iterable<T>
  readonly list: (namespace?: string) => readonly T[]
  readonly byIndex: (index: string, value: string) => readonly T[]
  /** How many objects there are under each value, at no cost for each where the values are few. */
  readonly counts: (index: string) => ReadonlyMap<string, number>
  readonly size: number
  /** By which objects are named to `remove`. May be read while objects come and go. */
  readonly keys: () => Iterable<string>
  /** Takes a frozen object; returns what it replaced. */
  readonly put: (object: T) => T | undefined
  /** Returns what is gone. */
  readonly remove: (key: string) => T | undefined
  readonly addIndex: (name: string, values: IndexFunction<T>) => void
  readonly hasIndex: (name: string) => boolean
  readonly save: () => StashState
}

/** A stash as plain data, to be written away before it changes again. Can be read with the same words alone. */
export interface StashState {
  readonly slots: SlotsByHashState
  readonly arena: ArenaState
  readonly indexes: ReadonlyMap<string, IndexTableState>
}

interface StashOptions<T extends KubeObject> {
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>> | undefined
  readonly warmObjects?: number
  /** Shared by stashes that hold the same words. */
  readonly packed?: PackedJson | undefined
  /** What `save` gave, of a stash with the same index functions and, in `packed`, the same words. */
  readonly saved?: StashState | undefined
}

interface Change<T> {
  readonly old: T | undefined
  readonly now: T | undefined
}

interface Index<T extends KubeObject> {
  readonly values: IndexFunction<T>
  readonly table: IndexTable
}

const byNamespace: IndexFunction<KubeObject> = ({ metadata }) => (metadata.namespace ? [metadata.namespace] : [])
/** Not a name that somebody could give to an index of their own. */
const NAMESPACE = '\0namespace'
/** How many are kept as objects: what a burst of claims touches, its instances and Secrets apart. */
const WARM_OBJECTS = 1000
/** Changes after which saved indexes are given up: whoever wants them has asked by then. */
const MAX_MISSED = 1000

export const keyOf = (name: string, namespace = ''): string => `${namespace}/${name}`
export function parseKey(key: string): { readonly name: string; readonly namespace?: string } {
  const slash = key.indexOf('/')
  return { name: key.slice(slash + 1), ...(slash > 0 && { namespace: key.slice(0, slash) }) }
}
const keyOfObject = ({ metadata }: KubeObject): string => keyOf(metadata.name, metadata.namespace)

export function createStash<T extends KubeObject>({
  indexes = {},
  warmObjects = WARM_OBJECTS,
  packed = new PackedJson(),
  saved,
}: StashOptions<T> = {}): Stash<T> {
  const slots = saved ? SlotsByHash.restored(saved.slots) : new SlotsByHash()
  /** Key and object of each slot. Of a warm one only if it was cold before. */
  const arena = saved ? Arena.restored(saved.arena) : new Arena()
  const warm = new Map<number, T>()
  const tables = new Map<string, Index<T>>()
  /** Of indexes that nobody has asked for yet. They do not follow changes. */
  const savedTables = new Map(saved?.indexes)
  /** What they have missed: what was in a slot when they were saved, and is now. */
  const missed = new Map<number, Change<T>>()

  const slotOf = (key: string): number | undefined => slots.find(hashOf(key), (slot) => keyAt(slot) === key)

  function keyAt(slot: number): string {
    const object = warm.get(slot)
    if (object) return keyOfObject(object)
    packed.reader.start(arena.bufferOf(slot), arena.startOf(slot))
    return packed.reader.text()
  }

  /** The least recently used cool down. A Map keeps the order of insertion, so a hit is inserted anew. */
  function keepWarm(slot: number, object: T): void {
    warm.delete(slot)
    warm.set(slot, object)
    if (warm.size <= warmObjects) return
    const [oldest, leaving] = warm.entries().next().value!
    warm.delete(oldest)
    if (!arena.has(oldest)) pack(oldest, leaving)
  }

  function pack(slot: number, object: T): void {
    const { writer } = packed
    writer.clear()
    writer.text(keyOfObject(object))
    packed.write(asJson(object))
    arena.set(slot, writer.buffer, writer.length)
  }

  function unpack(slot: number): T {
    packed.reader.start(arena.bufferOf(slot), arena.startOf(slot))
    packed.reader.text()
    return packed.read() as unknown as T
  }

  function at(slot: number): T {
    const object = warm.get(slot) ?? unpack(slot)
    keepWarm(slot, object)
    return object
  }

  /** Without warming: who reads them all must not drive out what is in use. */
  function peek(slot: number): T {
    return warm.get(slot) ?? unpack(slot)
  }

  function* taken(): Iterable<number> {
    for (let slot = 0; slot < arena.end; slot++) if (arena.isTaken(slot)) yield slot
  }

  function change({ values, table }: Index<T>, slot: number, old: T | undefined, now: T | undefined): void {
    const before = old ? values(old) : []
    const after = now ? values(now) : []
    if (before.length === after.length && before.every((value, i) => value === after[i])) return
    for (const value of before) table.leave(value, slot)
    for (const value of after) table.enter(value, slot)
  }

  function tableOf(name: string): IndexTable {
    const index = tables.get(name)
    if (!index) throw new TypeError(`no index ${JSON.stringify(name)}; declare it where the informer is declared`)
    return index.table
  }

  function changeAll(slot: number, old: T | undefined, now: T | undefined): void {
    for (const index of tables.values()) change(index, slot, old, now)
    if (savedTables.size === 0) return
    missed.set(slot, { old: missed.has(slot) ? missed.get(slot)!.old : old, now })
    if (missed.size > MAX_MISSED) forgetSaved()
  }

  function forgetSaved(): void {
    savedTables.clear()
    missed.clear()
  }

  function addIndex(name: string, values: IndexFunction<T>): void {
    const valuesOf = (slot: number) => values(peek(slot))
    const savedTable = savedTables.get(name)
    savedTables.delete(name)
    const table = savedTable ? IndexTable.restored(savedTable, valuesOf) : new IndexTable(valuesOf)
    const index = { values, table }
    if (savedTable) for (const [slot, { old, now }] of missed) change(index, slot, old, now)
    else for (const slot of taken()) change(index, slot, undefined, peek(slot))
    tables.set(name, index)
    if (savedTables.size === 0) missed.clear()
  }

  function save(): StashState {
    for (const [slot, object] of warm) if (!arena.has(slot)) pack(slot, object)
    const indexes = new Map([...tables].map(([name, { table }]) => [name, table.save()]))
    return { slots: slots.save(), arena: arena.save(), indexes }
  }

  function byIndex(index: string, value: string): readonly T[] {
    const found = tableOf(index).slots(value)
    return found.map(found.length > warmObjects ? peek : at)
  }

  function* all(): Iterable<T> {
    for (const slot of taken()) yield peek(slot)
  }

  addIndex(NAMESPACE, byNamespace)
  for (const [name, values] of Object.entries(indexes)) addIndex(name, values)

  return {
    get size() {
      return slots.size
    },
    get(name, namespace) {
      const slot = slotOf(keyOf(name, namespace))
      return slot === undefined ? undefined : at(slot)
    },
    all,
    list: (namespace) => (namespace === undefined ? [...all()] : byIndex(NAMESPACE, namespace)),
    byIndex,
    counts: (index) => tableOf(index).counts(),
    *keys() {
      for (const slot of taken()) yield keyAt(slot)
    },
    addIndex,
    hasIndex: (name) => tables.has(name),
    save,
    put(object) {
      const key = keyOfObject(object)
      const known = slotOf(key)
      const old = known === undefined ? undefined : peek(known)
      const slot = known ?? arena.take()
      if (known === undefined) slots.add(hashOf(key), slot)
      changeAll(slot, old, object)
      arena.clear(slot)
      keepWarm(slot, object)
      return old
    },
    remove(key) {
      const slot = slotOf(key)
      if (slot === undefined) return undefined
      const old = peek(slot)
      changeAll(slot, old, undefined)
      slots.delete(hashOf(key), slot)
      warm.delete(slot)
      arena.release(slot)
      return old
    },
  }
}
