/**
 * Text in few bytes: words as numbers, uids as their sixteen bytes (also inside of a name, `c-<uid>`), times as seconds, the rest as
 * Latin-1 or, where that does not do, UTF-16. Whatever goes in comes out as it was.
 *
 *   00-7f            Latin-1 of that length
 *   80-bf nn         word
 *   c0               uid
 *   c1 before after  uid in text, with the lengths of what stands around it
 *   c2               time in whole seconds
 *   c3 length        Latin-1
 *   c4 length        UTF-16
 *
 * Tags from d0 on are free for those who pack other things.
 */
import { Seconds } from './seconds.ts'
import { findUid, UID_BYTES, UID_LENGTH, writeUid } from './uid.ts'
import type { Words } from './words.ts'

export const TAG = { word: 0x80, uid: 0xc0, uidInside: 0xc1, seconds: 0xc2, latin1: 0xc3, utf16: 0xc4 } as const

const LONGEST_SHORT = 0x7f
/** Of text around a uid: what one byte tells. */
const MAX_AROUND = 0xff
/** Of a number and a tag before a text. */
const MAX_HEAD = 9

/** Where packed bytes are put together. Its buffer is written anew for each record: copy what is to stay. */
export class PackedWriter {
  readonly #words: Words
  readonly #seconds = new Seconds()
  #buffer = Buffer.allocUnsafeSlow(4096)
  #length = 0

  constructor(words: Words) {
    this.#words = words
  }

  get buffer(): Buffer {
    return this.#buffer
  }

  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#length = 0
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(value: number): void {
    this.#reserve(8)
    while (value >= 0x80) {
      this.#buffer[this.#length++] = (value % 0x80) | 0x80
      value = Math.floor(value / 0x80)
    }
    this.#buffer[this.#length++] = value
  }

  double(value: number): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
  }

  text(text: string): void {
    const word = this.#words.numberOf(text)
    if (word !== undefined) {
      this.byte(TAG.word | (word >>> 8))
      this.byte(word & 0xff)
    } else if (!this.#time(text) && !this.#uid(text)) {
      if (this.#latin1(text)) this.#words.meet(text)
      else this.#utf16(text)
    }
  }

  /** All bytes that `text` may have written for this text, now or before it was a word. */
  spellings(text: string): Buffer[] {
    const spelled: Buffer[] = []
    const spell = (write: () => void): void => {
      this.clear()
      write()
      spelled.push(Buffer.from(this.#buffer.subarray(0, this.#length)))
    }
    spell(() => this.text(text))
    if (this.#words.numberOf(text) !== undefined) spell(() => this.#latin1(text))
    return spelled
  }

  #time(text: string): boolean {
    const seconds = this.#seconds.parse(text)
    if (seconds === undefined) return false
    this.byte(TAG.seconds)
    this.#reserve(4)
    this.#length = this.#buffer.writeUInt32LE(seconds, this.#length)
    return true
  }

  #uid(text: string): boolean {
    if (text.length > UID_LENGTH + MAX_AROUND) return false
    const before = findUid(text)
    if (before < 0) return false
    const after = text.length - before - UID_LENGTH
    const start = this.#length
    this.#reserve(3 + text.length)
    if (before + after === 0) this.#buffer[this.#length++] = TAG.uid
    else {
      this.#buffer[this.#length++] = TAG.uidInside
      this.#buffer[this.#length++] = before
      this.#buffer[this.#length++] = after
      if (!this.#units(text, 0, before) || !this.#units(text, before + UID_LENGTH, text.length)) {
        this.#length = start
        return false
      }
    }
    writeUid(text, before, this.#buffer, this.#length)
    this.#length += UID_BYTES
    return true
  }

  #latin1(text: string): boolean {
    const start = this.#length
    this.#reserve(text.length + MAX_HEAD)
    if (text.length <= LONGEST_SHORT) this.#buffer[this.#length++] = text.length
    else this.#head(TAG.latin1, text.length)
    if (!this.#units(text, 0, text.length)) {
      this.#length = start
      return false
    }
    return true
  }

  #utf16(text: string): void {
    this.#reserve(text.length * 2 + MAX_HEAD)
    this.#head(TAG.utf16, text.length)
    this.#length += this.#buffer.write(text, this.#length, 'utf16le')
  }

  #head(tag: number, length: number): void {
    this.#buffer[this.#length++] = tag
    this.number(length)
  }

  /** False when there is a character that Latin-1 does not have. There must be room for them. */
  #units(text: string, from: number, to: number): boolean {
    const buffer = this.#buffer
    let at = this.#length
    for (let i = from; i < to; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0xff) return false
      buffer[at++] = unit
    }
    this.#length = at
    return true
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

/** Whether a tag begins a text. */
export const isText = (tag: number): boolean => tag <= TAG.utf16
