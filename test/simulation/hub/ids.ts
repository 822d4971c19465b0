import type { Ids } from '@larder/engine/base/ids'
import type { Dice } from './dice.ts'

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** Uids and suffixes of the dice, in the form of the real ones. */
export function seededIds(dice: Dice): Ids {
  const hex = (digits: number): string => Array.from({ length: digits }, () => dice.below(16).toString(16)).join('')
  return {
    uid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    suffix: () => Array.from({ length: 5 }, () => SUFFIX_ALPHABET[dice.below(SUFFIX_ALPHABET.length)]).join(''),
  }
}
