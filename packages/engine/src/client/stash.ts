/** Objects by name and by index: the memory of an informer. */
import type { KubeObject } from '../machinery/object.ts'

/** The values under which an object is found; none: it is not in this index. */
export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[]

export interface Stash<T extends KubeObject> {
  readonly get: (name: string, namespace?: string) => T | undefined
  readonly list: (namespace?: string) => readonly T[]
  readonly byIndex: (index: string, value: string) => readonly T[]
  /** Returns what it replaced. */
  readonly put: (object: T) => T | undefined
  /** False when it was not there. */
  readonly remove: (object: T) => boolean
  readonly addIndex: (name: string, values: IndexFunction<T>) => void
}

interface IndexTable<T extends KubeObject> {
  readonly values: IndexFunction<T>
  readonly byValue: Map<string, Set<T>>
}

const byNamespace: IndexFunction<KubeObject> = ({ metadata }) => (metadata.namespace ? [metadata.namespace] : [])
/** Not a name that somebody could give to an index of their own. */
const NAMESPACE = '\0namespace'

const keyOf = (name: string, namespace = '') => `${namespace}/${name}`

export function createStash<T extends KubeObject>(indexes: Readonly<Record<string, IndexFunction<T>>> = {}): Stash<T> {
  const objects = new Map<string, T>()
  const tables = new Map<string, IndexTable<T>>()

  function enter(table: IndexTable<T>, object: T): void {
    for (const value of table.values(object)) {
      const set = table.byValue.get(value)
      if (set) set.add(object)
      else table.byValue.set(value, new Set([object]))
    }
  }

  function leave(table: IndexTable<T>, object: T): void {
    for (const value of table.values(object)) {
      const set = table.byValue.get(value)
      set?.delete(object)
      if (set?.size === 0) table.byValue.delete(value)
    }
  }

  function addIndex(name: string, values: IndexFunction<T>): void {
    const table: IndexTable<T> = { values, byValue: new Map() }
    for (const object of objects.values()) enter(table, object)
    tables.set(name, table)
  }

  function byIndex(index: string, value: string): readonly T[] {
    const table = tables.get(index)
    if (!table) throw new TypeError(`no index ${JSON.stringify(index)}; declare it where the informer is declared`)
    return [...(table.byValue.get(value) ?? [])]
  }

  addIndex(NAMESPACE, byNamespace)
  for (const [name, values] of Object.entries(indexes)) addIndex(name, values)

  return {
    get: (name, namespace) => objects.get(keyOf(name, namespace)),
    list: (namespace) => (namespace === undefined ? [...objects.values()] : byIndex(NAMESPACE, namespace)),
    byIndex,
    addIndex,
    put(object) {
      const key = keyOf(object.metadata.name, object.metadata.namespace)
      const old = objects.get(key)
      for (const table of tables.values()) {
        if (old) leave(table, old)
        enter(table, object)
      }
      objects.set(key, object)
      return old
    },
    remove(object) {
      const key = keyOf(object.metadata.name, object.metadata.namespace)
      const old = objects.get(key)
      if (!old) return false
      for (const table of tables.values()) leave(table, old)
      return objects.delete(key)
    },
  }
}
