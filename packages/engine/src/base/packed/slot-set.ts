/** A set of slots: a Set while it is small, a bit for each slot when it holds a good part of all. */
const MAX_LISTED = 256
/** A bit for each slot is worth it from one member among so many slots: a member of a Set takes some 32 bytes. */
const SLOTS_FOR_EACH = 256

/** The set as plain data. It is the memory of the set itself: write it away before the set changes again. */
export interface SlotSetState {
  readonly listed: Set<number> | undefined
  readonly bits: Uint32Array
  readonly size: number
}

export class SlotSet {
  #listed: Set<number> | undefined = new Set()
  #bits = NO_BITS
  #size = 0

  static restored({ listed, bits, size }: SlotSetState): SlotSet {
    const set = new SlotSet()
    set.#listed = listed && new Set(listed)
    set.#bits = new Uint32Array(bits)
    set.#size = size
    return set
  }

  save(): SlotSetState {
    return { listed: this.#listed, bits: this.#bits, size: this.#size }
  }

  get size(): number {
    return this.#size
  }

  has(slot: number): boolean {
    if (this.#listed) return this.#listed.has(slot)
    return ((this.#bits[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0
  }

  add(slot: number): void {
    if (this.has(slot)) return
    this.#size++
    if (this.#listed) {
      this.#listed.add(slot)
      if (this.#size > MAX_LISTED && this.#size * SLOTS_FOR_EACH > slot) this.#toBits()
    } else this.#setBit(slot)
  }

  delete(slot: number): void {
    if (!this.has(slot)) return
    this.#size--
    if (this.#listed) this.#listed.delete(slot)
    else this.#bits[slot >>> 5]! &= ~(1 << (slot & 31))
  }

  *[Symbol.iterator](): Iterator<number> {
    if (this.#listed) {
      yield* this.#listed
      return
    }
    for (const [i, bits] of this.#bits.entries()) {
      for (let left = bits; left !== 0; left &= left - 1) yield i * 32 + 31 - Math.clz32(left & -left)
    }
  }

  #toBits(): void {
    const listed = this.#listed!
    this.#listed = undefined
    for (const slot of listed) this.#setBit(slot)
  }

  #setBit(slot: number): void {
    const word = slot >>> 5
    if (word >= this.#bits.length) {
      const larger = new Uint32Array(Math.ceil((word + 1) * 1.25))
      larger.set(this.#bits)
      this.#bits = larger
    }
    this.#bits[word]! |= 1 << (slot & 31)
  }
}

const NO_BITS = new Uint32Array(0)
