/** What happened since the last compaction, in order: the answer to watches from the past and to reads of it. */
import type { Document } from '../machinery/document.ts'
import type { Entry, Index, StoreEvent } from './store.ts'

/** One event. Reads through to its version, so that ten thousand of them hold no document. */
export class Change implements StoreEvent {
  readonly type: 'put' | 'delete'
  /** Of a deletion: the last index and state, at the revision of the deletion. */
  readonly version: Entry
  readonly previous: Entry | undefined

  constructor(type: 'put' | 'delete', version: Entry, previous: Entry | undefined) {
    this.type = type
    this.version = version
    this.previous = previous
  }

  get key(): string {
    return this.version.key
  }

  get revision(): number {
    return this.version.revision
  }

  get index(): Index {
    return this.version.index
  }

  get document(): Document {
    return this.version.document
  }
}

export class History {
  #changes: Change[] = []
  /** Changes before this one are forgotten. Moving it is cheaper than shifting the array for each step. */
  #head = 0

  get length(): number {
    return this.#changes.length - this.#head
  }

  push(change: Change): void {
    this.#changes.push(change)
  }

  /** The nth change that is still known. */
  at(position: number): Change | undefined {
    return this.#changes[this.#head + position]
  }

  /** Changes behind this revision whose keys start with the prefix. */
  after(revision: number, prefix: string): Change[] {
    const found: Change[] = []
    for (let i = this.#firstAfter(revision); i < this.#changes.length; i++) {
      const change = this.#changes[i]!
      if (change.key.startsWith(prefix)) found.push(change)
    }
    return found
  }

  /**
   * What keys under the prefix held at the revision, for those that were written since (undefined: did not exist). The
   * first change behind the revision knows; later ones of the same key do not matter.
   */
  before(revision: number, prefix: string): Map<string, Entry | undefined> {
    const held = new Map<string, Entry | undefined>()
    for (let i = this.#firstAfter(revision); i < this.#changes.length; i++) {
      const change = this.#changes[i]!
      if (change.key.startsWith(prefix) && !held.has(change.key)) held.set(change.key, change.previous)
    }
    return held
  }

  /** Takes up to `limit` changes that are not newer than the revision off the old end. */
  forget(through: number, limit: number): readonly Change[] {
    const end = Math.min(this.#firstAfter(through), this.#head + limit)
    const forgotten = this.#changes.slice(this.#head, end)
    // Emptied at once, or the array would keep the forgotten documents alive until it is cut.
    this.#changes.fill(undefined as never, this.#head, end)
    this.#head = end
    if (this.#head > 1_000 && this.#head > this.#changes.length / 2) {
      this.#changes = this.#changes.slice(this.#head)
      this.#head = 0
    }
    return forgotten
  }

  #firstAfter(revision: number): number {
    let low = this.#head
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#changes[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    return low
  }
}
