/** Equality and order of CEL values, across ints and doubles. */
import type { Environment } from '@marcbachmann/cel-js'
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import type { Quantity } from '../quantity.ts'
import { Cidr, IpAddress } from './addresses.ts'

/** A quantity as a value with a type of its own. */
export class CelQuantity {
  readonly value: Quantity
  constructor(value: Quantity) {
    this.value = value
  }
}

/** Values with an order become numbers or texts; undefined: no order. */
function orderOf(value: unknown): bigint | number | string | undefined {
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'string') return value
  if (typeof value === 'boolean') return Number(value)
  if (value instanceof UnsignedInt) return value.valueOf()
  if (value instanceof Date) return value.getTime()
  if (value instanceof Duration) return value.seconds * 1_000_000_000n + BigInt(value.nanos)
  if (value instanceof CelQuantity) return value.value.nano
  return undefined
}

export function celEquals(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => celEquals(item, b[i]))
  }
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false
    return [...a].every(([key, item]) => b.has(key) && celEquals(item, b.get(key)))
  }
  if (a instanceof IpAddress || a instanceof Cidr) {
    return b instanceof Object && a.constructor === b.constructor && a.toString() === b.toString()
  }
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i])
  }
  const [left, right] = [orderOf(a), orderOf(b)]
  // A text never equals a number, whatever JavaScript's == would say.
  if (left === undefined || right === undefined) return false
  return (typeof left === 'string') === (typeof right === 'string') && left == right
}

/** Negative, zero or positive. Throws when the values have no order. */
export function celCompare(a: unknown, b: unknown): number {
  const [left, right] = [orderOf(a), orderOf(b)]
  if (left === undefined || right === undefined || (typeof left === 'string') !== (typeof right === 'string')) {
    throw new TypeError('the values cannot be compared')
  }
  return left < right ? -1 : left > right ? 1 : 0
}

/** Registers `==`; cel-js derives `!=` from it. */
export function registerEquality(environment: Environment, signature: string): void {
  environment.registerOperator(`${signature}: bool`, celEquals)
}
