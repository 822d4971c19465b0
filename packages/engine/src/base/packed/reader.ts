import { Seconds } from './seconds.ts'
import { spellUid, UID_BYTES, UID_LENGTH } from './uid.ts'
import type { Words } from './words.ts'
import { TAG } from './writer.ts'

/** Reads what a `PackedWriter` with the same words wrote. All strings are flat: none keeps another alive. */
export class PackedReader {
  readonly #words: Words
  readonly #seconds = new Seconds()
  /** Room for a text around a uid. */
  readonly #spelled = Buffer.allocUnsafeSlow(0x100 * 2 + UID_LENGTH)
  #buffer: Buffer = NOTHING
  #at = 0

  constructor(words: Words) {
    this.#words = words
  }

  /** Reads on from here. The buffer must stay as it is until all is read. */
  start(buffer: Buffer, at: number): void {
    this.#buffer = buffer
    this.#at = at
  }

  byte(): number {
    return this.#buffer[this.#at++]!
  }

  number(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.#buffer[this.#at++]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 0x80
    }
  }

  double(): number {
    const value = this.#buffer.readDoubleLE(this.#at)
    this.#at += 8
    return value
  }

  text(): string {
    return this.textOf(this.byte())
  }

  /** The text whose tag was read already. */
  textOf(tag: number): string {
    if (tag < TAG.word) return this.#latin1(tag)
    if (tag < TAG.uid) return this.#words.wordOf(((tag & 0x3f) << 8) | this.byte())
    switch (tag) {
      case TAG.uid:
        return this.#uid(0, 0)
      case TAG.uidInside:
        return this.#uid(this.byte(), this.byte())
      case TAG.seconds:
        this.#at += 4
        return this.#seconds.format(this.#buffer.readUInt32LE(this.#at - 4))
      case TAG.latin1:
        return this.#latin1(this.number())
      case TAG.utf16: {
        const length = this.number() * 2
        this.#at += length
        return this.#buffer.toString('utf16le', this.#at - length, this.#at)
      }
      default:
        throw new Error(`packed text cannot begin with ${tag}`)
    }
  }

  #latin1(length: number): string {
    this.#at += length
    return this.#buffer.toString('latin1', this.#at - length, this.#at)
  }

  #uid(before: number, after: number): string {
    const spelled = this.#spelled
    const around = before + after
    this.#buffer.copy(spelled, 0, this.#at, this.#at + before)
    spellUid(this.#buffer, this.#at + around, spelled, before)
    this.#buffer.copy(spelled, before + UID_LENGTH, this.#at + before, this.#at + around)
    this.#at += around + UID_BYTES
    return spelled.toString('latin1', 0, around + UID_LENGTH)
  }
}

const NOTHING = Buffer.alloc(0)
