/**
 * From a value to the slots of what has it: an index of objects that lie elsewhere.
 *
 * Most indexes are of two kinds: few values that many objects have (a class, a namespace), or a value of its own for each (a uid). The
 * first are kept by value, each with a set of slots. As soon as there are more values than a few, those that hardly anybody has are
 * kept by their hash alone, and an object found there is asked whether it has the value.
 */
import { hashOf } from './words.ts'
import { SlotSet, type SlotSetState } from './slot-set.ts'
import { SlotsByHash, type SlotsByHashState } from './slots-by-hash.ts'

/** Beyond this many values the rare ones are kept by their hash. */
const MAX_VALUES = 1000
/** With more slots than this a value is not rare. */
const MAX_RARE = 4

/** The table as plain data, to be written away before the table changes again. */
export interface IndexTableState {
  readonly byValue: ReadonlyMap<string, SlotSetState>
  readonly rare: SlotsByHashState
  readonly keepsHashes: boolean
}

export class IndexTable {
  readonly #byValue = new Map<string, SlotSet>()
  #rare = new SlotsByHash()
  #keepsHashes = false
  readonly #valuesOf: (slot: number) => readonly string[]

  /** `valuesOf` gives the values of what is in a slot now. */
  constructor(valuesOf: (slot: number) => readonly string[]) {
    this.#valuesOf = valuesOf
  }

  static restored(state: IndexTableState, valuesOf: (slot: number) => readonly string[]): IndexTable {
    const table = new IndexTable(valuesOf)
    for (const [value, slots] of state.byValue) table.#byValue.set(value, SlotSet.restored(slots))
    table.#rare = SlotsByHash.restored(state.rare)
    table.#keepsHashes = state.keepsHashes
    return table
  }

  save(): IndexTableState {
    const byValue = new Map([...this.#byValue].map(([value, slots]) => [value, slots.save()]))
    return { byValue, rare: this.#rare.save(), keepsHashes: this.#keepsHashes }
  }

  enter(value: string, slot: number): void {
    const slots = this.#byValue.get(value)
    if (slots) return slots.add(slot)
    if (!this.#keepsHashes) return this.#enterNew(value, slot)
    const hash = hashOf(value)
    this.#rare.add(hash, slot)
    if (this.#rare.candidates(hash).length > MAX_RARE) this.#noLongerRare(value, hash, slot)
  }

  leave(value: string, slot: number): void {
    const slots = this.#byValue.get(value)
    if (!slots) return this.#rare.delete(hashOf(value), slot)
    slots.delete(slot)
    if (slots.size === 0) this.#byValue.delete(value)
  }

  /** Of what has the value. */
  slots(value: string): readonly number[] {
    const slots = this.#byValue.get(value)
    if (slots) return [...slots]
    return this.#rare.candidates(hashOf(value)).filter((slot) => this.#valuesOf(slot).includes(value))
  }

  /** How many slots there are under each value. Has to look at what is rare. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const [value, slots] of this.#byValue) counts.set(value, slots.size)
    for (const slot of new Set(this.#rare.slots())) {
      for (const value of new Set(this.#valuesOf(slot))) {
        if (!this.#byValue.has(value)) counts.set(value, (counts.get(value) ?? 0) + 1)
      }
    }
    return counts
  }

  #enterNew(value: string, slot: number): void {
    const slots = new SlotSet()
    slots.add(slot)
    this.#byValue.set(value, slots)
    if (this.#byValue.size <= MAX_VALUES) return
    this.#keepsHashes = true
    for (const [each, held] of this.#byValue) {
      if (held.size > MAX_RARE) continue
      for (const one of held) this.#rare.add(hashOf(each), one)
      this.#byValue.delete(each)
    }
  }

  /** The slot is on its way in: what it holds is not to be asked yet. */
  #noLongerRare(value: string, hash: number, entering: number): void {
    const same = this.#rare.candidates(hash).filter((slot) => slot === entering || this.#valuesOf(slot).includes(value))
    if (same.length <= MAX_RARE) return
    const slots = new SlotSet()
    for (const slot of same) {
      this.#rare.delete(hash, slot)
      slots.add(slot)
    }
    this.#byValue.set(value, slots)
  }
}
