/** Uids as sixteen bytes: the text of one is thirty-six. */
const UID_TEXT = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/
export const UID_LENGTH = 36
export const UID_BYTES = 16
const DASH = 45

/** Where in the text the first uid stands, in small letters; -1 when none does. */
export function findUid(text: string): number {
  return text.length < UID_LENGTH ? -1 : text.search(UID_TEXT)
}

/** Writes the uid that stands at `from` in the text. */
export function writeUid(text: string, from: number, into: Buffer, at: number): void {
  let nibbles = 0
  for (let i = from; i < from + UID_LENGTH; i++) {
    const unit = text.charCodeAt(i)
    if (unit === DASH) continue
    const nibble = unit < 58 ? unit - 48 : unit - 87
    if (nibbles % 2 === 0) into[at + (nibbles >> 1)] = nibble << 4
    else into[at + (nibbles >> 1)]! |= nibble
    nibbles++
  }
}

/** Writes the text of a uid, in ASCII. */
export function spellUid(from: Buffer, at: number, into: Buffer, to: number): void {
  for (let i = 0; i < UID_BYTES; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) into[to++] = DASH
    const byte = from[at + i]!
    into[to++] = digit(byte >> 4)
    into[to++] = digit(byte & 0xf)
  }
}

const digit = (nibble: number): number => (nibble < 10 ? nibble + 48 : nibble + 87)
