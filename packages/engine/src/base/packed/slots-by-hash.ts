/**
 * Which slots may hold what has this hash: a hash table without keys. Who asks must look whether it is what was sought; in
 * return an entry takes 12 to 24 bytes outside the heap, where a Map takes 40 and its key another 60 or 100.
 */
const FIRST_CAPACITY = 16
/** Of the places, how many may be taken before the table grows. */
const MAX_LOAD = 0.7

/** The table as plain data. Its arrays are those of the table itself: write it away before the table changes again. */
export interface SlotsByHashState {
  readonly hashes: Int32Array
  readonly slots: Uint32Array
  readonly size: number
}

export class SlotsByHash {
  #hashes = new Int32Array(FIRST_CAPACITY)
  /** One more than the slot; 0: a free place. */
  #slots = new Uint32Array(FIRST_CAPACITY)
  #size = 0

  static restored({ hashes, slots, size }: SlotsByHashState): SlotsByHash {
    const table = new SlotsByHash()
    table.#hashes = new Int32Array(hashes)
    table.#slots = new Uint32Array(slots)
    table.#size = size
    return table
  }

  save(): SlotsByHashState {
    return { hashes: this.#hashes, slots: this.#slots, size: this.#size }
  }

  get size(): number {
    return this.#size
  }

  /** The same slot may be there under many hashes; under one it is there once. */
  add(hash: number, slot: number): void {
    if (this.#size + 1 > this.#slots.length * MAX_LOAD) this.#grow()
    let place = this.#home(hash)
    while (this.#slots[place] !== 0) {
      if (this.#slots[place] === slot + 1 && this.#hashes[place] === hash) return
      place = this.#next(place)
    }
    this.#hashes[place] = hash
    this.#slots[place] = slot + 1
    this.#size++
  }

  delete(hash: number, slot: number): void {
    for (let place = this.#home(hash); this.#slots[place] !== 0; place = this.#next(place)) {
      if (this.#slots[place] !== slot + 1 || this.#hashes[place] !== hash) continue
      this.#close(place)
      this.#size--
      return
    }
  }

  /** The first slot under the hash that `is` what is sought. */
  find(hash: number, is: (slot: number) => boolean): number | undefined {
    for (let place = this.#home(hash); this.#slots[place] !== 0; place = this.#next(place)) {
      if (this.#hashes[place] === hash && is(this.#slots[place]! - 1)) return this.#slots[place]! - 1
    }
    return undefined
  }

  /** All slots under the hash. */
  candidates(hash: number): number[] {
    const found: number[] = []
    for (let place = this.#home(hash); this.#slots[place] !== 0; place = this.#next(place)) {
      if (this.#hashes[place] === hash) found.push(this.#slots[place]! - 1)
    }
    return found
  }

  /** All slots, under whichever hash. */
  *slots(): Iterable<number> {
    for (const slot of this.#slots) if (slot !== 0) yield slot - 1
  }

  #home(hash: number): number {
    // FNV's lower bits alone are not well mixed for names that differ in their last digit.
    return (Math.imul(hash, 0x9e3779b1) >>> 7) & (this.#slots.length - 1)
  }

  #next(place: number): number {
    return (place + 1) & (this.#slots.length - 1)
  }

  /** Frees a place and moves up what was only behind it because it was taken. */
  #close(free: number): void {
    const mask = this.#slots.length - 1
    for (let place = this.#next(free); this.#slots[place] !== 0; place = this.#next(place)) {
      const fromHome = (place - this.#home(this.#hashes[place]!)) & mask
      if (fromHome < ((place - free) & mask)) continue
      this.#hashes[free] = this.#hashes[place]!
      this.#slots[free] = this.#slots[place]!
      free = place
    }
    this.#slots[free] = 0
  }

  #grow(): void {
    const hashes = this.#hashes
    const slots = this.#slots
    this.#hashes = new Int32Array(hashes.length * 2)
    this.#slots = new Uint32Array(slots.length * 2)
    for (const [i, slot] of slots.entries()) {
      if (slot === 0) continue
      let place = this.#home(hashes[i]!)
      while (this.#slots[place] !== 0) place = this.#next(place)
      this.#hashes[place] = hashes[i]!
      this.#slots[place] = slot
    }
  }
}
