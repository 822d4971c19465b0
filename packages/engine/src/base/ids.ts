import { randomInt, randomUUID } from 'node:crypto'

/** Where identities come from. Injected, so that a simulated run replays exactly. */
export interface Ids {
  /** A v4 uuid, for `metadata.uid`. */
  uid(): string
  /** Five characters for `generateName`, from the alphabet of apiserver's `names` package (no vowels: no words). */
  suffix(): string
}

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

export const randomIds: Ids = {
  uid: () => randomUUID(),
  suffix: () => Array.from({ length: 5 }, () => SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)]).join(''),
}
