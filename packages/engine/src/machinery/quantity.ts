/**
 * Resource quantities (`500m`, `1Gi`, `2e3`): a decimal number and a suffix, kept exactly.
 *
 * Arithmetic is on whole billionths in a bigint, the finest unit the API knows: a float would turn 0.1 into 0.1000...05 and then
 * round it up. The canonical text follows apimachinery's `resource.Quantity`: no fraction, the largest suffix that needs
 * none, the family of suffix that the author chose. `1000m` is `1`, `1.5Gi` is `1536Mi`, `1024Mi` is `1Gi`.
 */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

export interface Quantity {
  /** The value in billionths. */
  readonly nano: bigint
  readonly format: QuantityFormat
}

export class QuantitySyntaxError extends Error {
  constructor() {
    super("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    this.name = 'QuantitySyntaxError'
  }
}

const NANO = 1_000_000_000n
/** Larger values with a binary suffix are cut to this, as upstream does: 2^63 - 1. */
const MAX_NANO = 9223372036854775807n * NANO
const SYNTAX = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([eE][+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)$/
const DECIMAL_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const DECIMAL_SUFFIX_BY_EXPONENT = new Map([...DECIMAL_SUFFIXES].map(([suffix, exponent]) => [exponent, suffix]))
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const
/** Texts that are canonical at sight; nearly all that people write. */
const PLAIN = /^(?:0|[1-9][0-9]{0,2}[mkMGT]?|[1-9][0-9]{0,2}[KMGT]i)$/

/** Throws QuantitySyntaxError. */
export function parseQuantity(text: string): Quantity {
  const match = SYNTAX.exec(text)
  if (!match) throw new QuantitySyntaxError()
  const [, sign, whole = '', fraction = '', exponentText, suffix = ''] = match
  if (text === '') throw new QuantitySyntaxError()
  const negative = sign === '-'
  const digits = BigInt(whole + fraction)
  let magnitude: bigint
  let format: QuantityFormat
  if (suffix.endsWith('i')) {
    format = 'BinarySI'
    const power = 1024n ** BigInt(BINARY_SUFFIXES.indexOf(suffix as 'Ki'))
    magnitude = ceilDivide(digits * power * NANO, 10n ** BigInt(fraction.length))
    if (magnitude > MAX_NANO) magnitude = MAX_NANO
    if (magnitude > 0n && magnitude < NANO) format = 'DecimalSI'
  } else {
    format = exponentText === undefined ? 'DecimalSI' : 'DecimalExponent'
    const exponent = exponentText === undefined ? DECIMAL_SUFFIXES.get(suffix)! : Number(exponentText.slice(1))
    magnitude = scaled(digits, exponent - fraction.length + 9)
  }
  return { nano: negative ? -magnitude : magnitude, format }
}

/** `digits * 10^exponent`, rounded away from zero. Exponents that only a hostile author writes are cut. */
function scaled(digits: bigint, exponent: number): bigint {
  if (digits === 0n) return 0n
  if (exponent > 60) return MAX_NANO
  if (exponent >= 0) return digits * 10n ** BigInt(exponent)
  if (-exponent > digits.toString().length) return 1n
  return ceilDivide(digits, 10n ** BigInt(-exponent))
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}

export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0'
  const negative = nano < 0n
  const magnitude = negative ? -nano : nano
  const binary = format === 'BinarySI' && magnitude >= 1024n * NANO && magnitude % NANO === 0n
  const text = binary ? formatBinary(magnitude / NANO) : formatDecimal(magnitude, format === 'DecimalExponent')
  return negative ? `-${text}` : text
}

function formatBinary(value: bigint): string {
  let mantissa = value
  let power = 0
  while (mantissa % 1024n === 0n && power < BINARY_SUFFIXES.length - 1) {
    mantissa /= 1024n
    power++
  }
  return `${mantissa}${BINARY_SUFFIXES[power]}`
}

function formatDecimal(nano: bigint, asExponent: boolean): string {
  let mantissa = nano
  let exponent = -9
  const largest = asExponent ? Infinity : 18
  while (mantissa % 1000n === 0n && exponent < largest) {
    mantissa /= 1000n
    exponent += 3
  }
  if (asExponent) return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`
  return `${mantissa}${DECIMAL_SUFFIX_BY_EXPONENT.get(exponent)}`
}

/** The one spelling of a quantity. Throws QuantitySyntaxError. */
export function canonicalQuantity(text: string): string {
  return PLAIN.test(text) ? text : formatQuantity(parseQuantity(text))
}

/** Negative, zero or positive, like a comparison function of `sort`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0
}

/** The sum keeps the format of the first, unless that is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format }
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano - b.nano, format: a.nano === 0n ? b.format : a.format }
}
