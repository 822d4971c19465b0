/**
 * Slots in the order of their keys, in blocks: an insert moves one block, 2 KB at most, however many there are. The first key of each
 * block is kept as text, so that of a binary search only the last few steps have to read keys out of the arena.
 *
 * Start-up adds all keys in the order of their revisions; they are sorted once, when first asked for. Rejected: one sorted array (moves
 * megabytes among half a million keys).
 */
const BLOCK_SLOTS = 512

interface Block {
  /** No key of the block is below this, and all keys of the blocks before are. */
  first: string
  readonly slots: Uint32Array
  length: number
}

interface Position {
  readonly block: number
  readonly at: number
}

/** The order as plain data, to be written away before a key comes or goes. */
export interface SortedSlotsState {
  readonly blocks: readonly { readonly first: string; readonly slots: Uint32Array }[]
}

export class SortedSlots {
  readonly #keyOf: (slot: number) => string
  readonly #blocks: Block[] = []
  #unsorted: number[] = []
  #size = 0

  constructor(keyOf: (slot: number) => string) {
    this.#keyOf = keyOf
  }

  static restored({ blocks }: SortedSlotsState, keyOf: (slot: number) => string): SortedSlots {
    const sorted = new SortedSlots(keyOf)
    for (const { first, slots } of blocks) {
      sorted.#blocks.push(blockOf(first, slots))
      sorted.#size += slots.length
    }
    return sorted
  }

  /** Sorts what is not sorted yet: at a stop nobody waits for it, at a start everybody would. */
  save(): SortedSlotsState {
    this.#sort()
    return { blocks: this.#blocks.map(({ first, slots, length }) => ({ first, slots: slots.subarray(0, length) })) }
  }

  get size(): number {
    return this.#size + this.#unsorted.length
  }

  /** The key must not be there yet. */
  add(key: string, slot: number): void {
    if (this.#unsorted.length > 0) this.#unsorted.push(slot)
    else this.#insert(key, slot)
  }

  /** Like `add`, but puts off the sorting: for many keys in any order. What is added behind them waits with them. */
  addUnsorted(slot: number): void {
    this.#unsorted.push(slot)
  }

  /** The slot must still have the key. */
  delete(key: string): void {
    this.#sort()
    const { block, at } = this.#lowerBound(key)
    const from = this.#blocks[block]
    if (!from || at >= from.length || this.#keyOf(from.slots[at]!) !== key) return
    from.slots.copyWithin(at, at + 1, from.length)
    from.length--
    this.#size--
    if (from.length === 0) this.#blocks.splice(block, 1)
  }

  /** Those whose keys are not below `from` and are below `to`. Must be read before the next change. */
  *between(from: string, to: string): Generator<number> {
    this.#sort()
    const end = this.#lowerBound(to)
    let { block, at } = this.#lowerBound(from)
    for (; block < end.block; block++, at = 0) {
      const { slots, length } = this.#blocks[block]!
      for (; at < length; at++) yield slots[at]!
    }
    for (; block === end.block && at < end.at; at++) yield this.#blocks[block]!.slots[at]!
  }

  count(from: string, to: string): number {
    this.#sort()
    return Math.max(0, this.#rank(this.#lowerBound(to)) - this.#rank(this.#lowerBound(from)))
  }

  #rank({ block, at }: Position): number {
    let rank = at
    for (let i = 0; i < block; i++) rank += this.#blocks[i]!.length
    return rank
  }

  #insert(key: string, slot: number): void {
    this.#size++
    const { block, at } = this.#lowerBound(key)
    const into = this.#blocks[block]
    if (!into) {
      this.#blocks.push(blockOf(key, [slot]))
      return
    }
    if (into.length === BLOCK_SLOTS) {
      this.#split(block, at)
      this.#size--
      return this.#insert(key, slot)
    }
    into.slots.copyWithin(at + 1, at, into.length)
    into.slots[at] = slot
    into.length++
    if (at === 0 && key < into.first) into.first = key
  }

  /** In half; but keys that come in their order fill each block. */
  #split(block: number, at: number): void {
    const full = this.#blocks[block]!
    const from = at === BLOCK_SLOTS ? BLOCK_SLOTS - 1 : BLOCK_SLOTS >>> 1
    const second = [...full.slots.subarray(from)]
    full.length = from
    this.#blocks.splice(block + 1, 0, blockOf(this.#keyOf(second[0]!), second))
  }

  #lowerBound(key: string): Position {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#blocks[middle]!.first <= key) low = middle + 1
      else high = middle
    }
    const block = Math.max(0, low - 1)
    return { block, at: this.#lowerBoundIn(this.#blocks[block], key) }
  }

  #lowerBoundIn(block: Block | undefined, key: string): number {
    let low = 0
    let high = block?.length ?? 0
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#keyOf(block!.slots[middle]!) < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #sort(): void {
    if (this.#unsorted.length === 0) return
    const all = [...this.#everything(), ...this.#unsorted].map((slot) => ({ key: this.#keyOf(slot), slot }))
    all.sort((a, b) => (a.key < b.key ? -1 : 1))
    this.#unsorted = []
    this.#blocks.length = 0
    this.#size = all.length
    // Not full, so that the first inserts need not split each.
    const filled = Math.floor(BLOCK_SLOTS * 0.75)
    for (let i = 0; i < all.length; i += filled) {
      const slots = all.slice(i, i + filled).map(({ slot }) => slot)
      this.#blocks.push(blockOf(all[i]!.key, slots))
    }
  }

  *#everything(): Generator<number> {
    for (const { slots, length } of this.#blocks) yield* slots.subarray(0, length)
  }
}

function blockOf(first: string, slots: ArrayLike<number>): Block {
  const block = { first, slots: new Uint32Array(BLOCK_SLOTS), length: slots.length }
  block.slots.set(slots)
  return block
}
