/** Characters of a password: the minimums first, the rest from letters and digits, and then in any order. */
const DIGITS = '0123456789'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const SYMBOLS = '!@#$%&*;.:'
const LENGTH = 40

export interface PasswordRules {
  readonly length?: number
  readonly digits?: number
  readonly uppercaseLetters?: number
  readonly lowercaseLetters?: number
  readonly symbols?: number
  readonly symbolCharSet?: string
}

type RandomBytes = (size: number) => Uint8Array

export function generatePassword(rules: PasswordRules, randomBytes: RandomBytes): string {
  const below = uniform(randomBytes)
  const pick = (from: string) => from[below(from.length)]!
  const minimums: readonly (readonly [string, number | undefined])[] = [
    [DIGITS, rules.digits],
    [UPPER, rules.uppercaseLetters],
    [LOWER, rules.lowercaseLetters],
    [rules.symbolCharSet ?? SYMBOLS, rules.symbols],
  ]
  const characters = minimums.flatMap(([from, count = 0]) => Array.from({ length: count }, () => pick(from)))
  while (characters.length < (rules.length ?? LENGTH)) characters.push(pick(LOWER + UPPER + DIGITS))
  return shuffle(characters, below).join('')
}

const BYTES = 4
const RANGE = 2 ** (8 * BYTES)

/** Whole numbers from 0 to under `limit`, each as likely: those that would favour the small ones are thrown away. */
function uniform(randomBytes: RandomBytes): (limit: number) => number {
  return (limit) => {
    const fair = RANGE - (RANGE % limit)
    for (;;) {
      const bytes = randomBytes(BYTES)
      const number = new DataView(bytes.buffer, bytes.byteOffset, BYTES).getUint32(0)
      if (number < fair) return number % limit
    }
  }
}

/** Fisher and Yates. */
function shuffle(characters: string[], below: (limit: number) => number): string[] {
  for (let last = characters.length - 1; last > 0; last--) {
    const other = below(last + 1)
    ;[characters[last], characters[other]] = [characters[other]!, characters[last]!]
  }
  return characters
}
