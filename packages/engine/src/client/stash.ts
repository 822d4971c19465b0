/**
 * Objects by name and by index: the memory of an informer.
 *
 * The ones that were seen last are kept as objects, the others as the JSON of them: a hub with a hundred thousand claims would hold
 * gigabytes of objects, of which it looks at a few hundred at a time. Rejected: to ask the server for what is cold, because a
 * reader of the cache must not wait, and a cold list at a start would cost a call for each.
 */
import { freezeJson, parseJson, stringifyJson } from '../base/json.ts'
import { asJson, type KubeObject } from '../machinery/object.ts'

/** The values under which an object is found; none: it is not in this index. */
export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[]

export interface Stash<T extends KubeObject> {
  readonly get: (name: string, namespace?: string) => T | undefined
  readonly list: (namespace?: string) => readonly T[]
  readonly byIndex: (index: string, value: string) => readonly T[]
  /** How many objects there are under each value, without a look at any. */
  readonly counts: (index: string) => ReadonlyMap<string, number>
  /** By which objects are named to `remove`. */
  readonly keys: () => Iterable<string>
  /** Takes a frozen object; returns what it replaced. */
  readonly put: (object: T) => T | undefined
  /** Returns what is gone. */
  readonly remove: (key: string) => T | undefined
  readonly addIndex: (name: string, values: IndexFunction<T>) => void
  readonly hasIndex: (name: string) => boolean
}

interface IndexTable<T extends KubeObject> {
  readonly values: IndexFunction<T>
  /** Keys of objects. Most values have one: a Set each would cost more than the index. */
  readonly byValue: Map<string, string | Set<string>>
}

const byNamespace: IndexFunction<KubeObject> = ({ metadata }) => (metadata.namespace ? [metadata.namespace] : [])
/** Not a name that somebody could give to an index of their own. */
const NAMESPACE = '\0namespace'
/** How many are kept as objects: what a burst of claims touches, its instances and Secrets apart. */
const WARM_OBJECTS = 1000

export const keyOf = (name: string, namespace = ''): string => `${namespace}/${name}`
const keyOfObject = ({ metadata }: KubeObject): string => keyOf(metadata.name, metadata.namespace)

export function createStash<T extends KubeObject>(
  indexes: Readonly<Record<string, IndexFunction<T>>> = {},
  warmObjects = WARM_OBJECTS,
): Stash<T> {
  /** Each key is in one of these. */
  const warm = new Map<string, T>()
  const cold = new Map<string, string>()
  const tables = new Map<string, IndexTable<T>>()

  /** The least recently used cool down. A Map keeps the order of insertion, so a hit is inserted anew. */
  function keepWarm(key: string, object: T): void {
    warm.delete(key)
    warm.set(key, object)
    if (warm.size <= warmObjects) return
    const [oldest, leaving] = warm.entries().next().value!
    warm.delete(oldest)
    cold.set(oldest, stringifyJson(asJson(leaving)))
  }

  function parsed(text: string): T {
    return freezeJson(parseJson(text)) as unknown as T
  }

  function find(key: string): T | undefined {
    let object = warm.get(key)
    if (!object) {
      const text = cold.get(key)
      if (text === undefined) return undefined
      object = parsed(text)
      cold.delete(key)
    }
    keepWarm(key, object)
    return object
  }

  /** Without warming: who reads them all must not drive out what is in use. */
  function peek(key: string): T {
    return warm.get(key) ?? parsed(cold.get(key)!)
  }

  function enter({ values, byValue }: IndexTable<T>, key: string, object: T): void {
    for (const value of values(object)) {
      const before = byValue.get(value)
      if (before === undefined) byValue.set(value, key)
      else if (typeof before !== 'string') before.add(key)
      else if (before !== key) byValue.set(value, new Set([before, key]))
    }
  }

  function leave({ values, byValue }: IndexTable<T>, key: string, object: T): void {
    for (const value of values(object)) {
      const before = byValue.get(value)
      if (before === key) byValue.delete(value)
      else if (typeof before !== 'string') {
        before?.delete(key)
        if (before?.size === 0) byValue.delete(value)
      }
    }
  }

  function tableOf(index: string): IndexTable<T> {
    const table = tables.get(index)
    if (!table) throw new TypeError(`no index ${JSON.stringify(index)}; declare it where the informer is declared`)
    return table
  }

  function addIndex(name: string, values: IndexFunction<T>): void {
    const table: IndexTable<T> = { values, byValue: new Map() }
    for (const key of keys()) enter(table, key, peek(key))
    tables.set(name, table)
  }

  function* keys(): Iterable<string> {
    yield* warm.keys()
    yield* cold.keys()
  }

  function byIndex(index: string, value: string): readonly T[] {
    const found = tableOf(index).byValue.get(value)
    if (found === undefined) return []
    if (typeof found === 'string') return [find(found)!]
    return [...found].map(found.size > warmObjects ? peek : (key) => find(key)!)
  }

  addIndex(NAMESPACE, byNamespace)
  for (const [name, values] of Object.entries(indexes)) addIndex(name, values)

  return {
    get: (name, namespace) => find(keyOf(name, namespace)),
    list: (namespace) => (namespace === undefined ? [...keys()].map(peek) : byIndex(NAMESPACE, namespace)),
    byIndex,
    counts(index) {
      const { byValue } = tableOf(index)
      return new Map([...byValue].map(([value, found]) => [value, typeof found === 'string' ? 1 : found.size]))
    },
    keys,
    addIndex,
    hasIndex: (name) => tables.has(name),
    put(object) {
      const key = keyOfObject(object)
      const old = find(key)
      for (const table of tables.values()) {
        if (old) leave(table, key, old)
        enter(table, key, object)
      }
      keepWarm(key, object)
      return old
    },
    remove(key) {
      const old = find(key)
      if (!old) return undefined
      for (const table of tables.values()) leave(table, key, old)
      warm.delete(key)
      return old
    },
  }
}
