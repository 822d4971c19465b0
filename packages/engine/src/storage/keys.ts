/**
 * The live keys, in order.
 *
 * A list asks for the keys behind a prefix, in order, often only a page of them. Each collection (`/<group>/<resource>/`, which every
 * list names) is a row of short sorted arrays: a list is answered by binary searches and no copy, an insert moves the pointers of
 * one array. Rejected: one array for each collection, in which an insert among 300,000 keys (the Secrets and events of 100,000 claims) moves
 * a megabyte; sorting for each list (60 ms at 100,000); a tree (three times the memory, slower to walk).
 *
 * Start-up adds all keys in the order of their revisions; each collection is sorted once, when first asked.
 */

/** Keys `from` (included) to `to` (excluded). */
export interface Span {
  readonly keys: readonly string[]
  readonly from: number
  readonly to: number
}

/** Keys in one array; twice as many are split in two. */
const BLOCK_KEYS = 256

class Collection {
  /** Sorted, none empty, each behind the one before it. */
  #blocks: string[][] = []
  /** In any order; undefined once somebody has asked for an order. */
  #unsorted: string[] | undefined

  addUnsorted(key: string): void {
    if (this.#blocks.length > 0) this.add(key)
    else (this.#unsorted ??= []).push(key)
  }

  add(key: string): void {
    this.#sort()
    const at = this.#blockOf(key)
    const block = this.#blocks[at]
    if (!block) {
      this.#blocks.push([key])
      return
    }
    block.splice(lowerBound(block, key), 0, key)
    if (block.length > 2 * BLOCK_KEYS) this.#blocks.splice(at + 1, 0, block.splice(BLOCK_KEYS))
  }

  /** True when it was the last. */
  delete(key: string): boolean {
    this.#sort()
    const at = this.#blockOf(key)
    const block = this.#blocks[at] ?? []
    const i = lowerBound(block, key)
    if (block[i] !== key) return false
    if (block.length > 1) block.splice(i, 1)
    else this.#blocks.splice(at, 1)
    return this.#blocks.length === 0
  }

  spans(start: string, end: string): Span[] {
    this.#sort()
    const spans: Span[] = []
    for (let at = this.#blockOf(start); at < this.#blocks.length; at++) {
      const keys = this.#blocks[at]!
      if (keys[0]! >= end) break
      const from = lowerBound(keys, start)
      const to = keys[keys.length - 1]! < end ? keys.length : lowerBound(keys, end)
      if (from < to) spans.push({ keys, from, to })
    }
    return spans
  }

  #sort(): void {
    const keys = this.#unsorted?.sort()
    if (!keys) return
    this.#unsorted = undefined
    for (let from = 0; from < keys.length; from += BLOCK_KEYS) this.#blocks.push(keys.slice(from, from + BLOCK_KEYS))
  }

  /** The last block that begins at the key or before it; the first where none does. */
  #blockOf(key: string): number {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#blocks[middle]![0]! <= key) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

export class SortedKeys {
  readonly #collections = new Map<string, Collection>()

  /** The key must not be there yet. */
  add(key: string): void {
    this.#collection(key).add(key)
  }

  /** Like `add`, but puts off the sorting: for many keys in any order. */
  addUnsorted(key: string): void {
    this.#collection(key).addUnsorted(key)
  }

  delete(key: string): void {
    const name = collectionOf(key)
    if (this.#collections.get(name)?.delete(key)) this.#collections.delete(name)
  }

  /** The keys that start with the prefix and come behind `after`; together the spans are in order. */
  spans(prefix: string, after?: string): Span[] {
    const start = after !== undefined && after >= prefix ? `${after}\0` : prefix
    const end = pastPrefix(prefix)
    return this.#collectionsUnder(prefix).flatMap((name) => this.#collections.get(name)?.spans(start, end) ?? [])
  }

  #collection(key: string): Collection {
    const name = collectionOf(key)
    let collection = this.#collections.get(name)
    if (!collection) this.#collections.set(name, (collection = new Collection()))
    return collection
  }

  /** No collection's name starts another's, so their order is the order of their keys. */
  #collectionsUnder(prefix: string): string[] {
    const end = collectionEnd(prefix)
    if (end > 0) return [prefix.slice(0, end)]
    return [...this.#collections.keys()].filter((name) => name.startsWith(prefix)).sort()
  }
}

/** Merges two sorted lists without common members. */
export function mergeSorted(a: readonly string[], b: readonly string[]): string[] {
  const out: string[] = []
  let i = 0
  for (const key of b) {
    while (i < a.length && a[i]! < key) out.push(a[i++]!)
    out.push(key)
  }
  while (i < a.length) out.push(a[i++]!)
  return out
}

/** Index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

/** The first string that no longer starts with the prefix: '0' follows '/'. */
function pastPrefix(prefix: string): string {
  return `${prefix.slice(0, -1)}0`
}

/** Where the name of the collection ends: behind the third slash of `/<group>/<resource>/...`; 0 when there is none. */
function collectionEnd(key: string): number {
  const second = key.indexOf('/', 1)
  return second < 0 ? 0 : key.indexOf('/', second + 1) + 1
}

function collectionOf(key: string): string {
  return key.slice(0, collectionEnd(key))
}

/** Throws for a key that no list could find. */
export function checkKey(key: string): void {
  const end = collectionEnd(key)
  if (key[0] !== '/' || end === 0 || end === key.length) {
    throw new TypeError(`key ${JSON.stringify(key)} is not of the form /<group>/<resource>/<name>`)
  }
}
