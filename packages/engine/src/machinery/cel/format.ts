/** `string.format` of CEL's strings extension: `%s %d %f %e %b %o %x %X`, a precision for `%f` and `%e`. */
import { Duration } from '@marcbachmann/cel-js/evaluator'
import { formatQuantity } from '../quantity.ts'
import { CelQuantity } from './equality.ts'

const CLAUSE = /%(?:\.([0-9]{1,3}))?(.?)/gs

/** Throws on a clause that does not fit its argument, too few arguments, and unknown clauses. */
export function formatText(format: string, args: readonly unknown[]): string {
  let next = 0
  return format.replaceAll(CLAUSE, (_clause, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%'
    if (next >= args.length) throw new Error(`index ${next} out of range`)
    return formatClause(verb, args[next++], precision === undefined ? 6 : Number(precision))
  })
}

function formatClause(verb: string, value: unknown, precision: number): string {
  switch (verb) {
    case 's':
      return textOf(value)
    case 'd':
      if (typeof value === 'bigint' || typeof value === 'number') return String(value)
      break
    case 'f':
      if (typeof value === 'number' || typeof value === 'bigint') return Number(value).toFixed(Math.min(precision, 100))
      break
    case 'e':
      if (typeof value === 'number' || typeof value === 'bigint') {
        return Number(value)
          .toExponential(Math.min(precision, 100))
          .replace(/e([+-])(\d)$/, 'e$10$2')
      }
      break
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0'
      if (typeof value === 'bigint') return value.toString(2)
      break
    case 'o':
      if (typeof value === 'bigint') return value.toString(8)
      break
    case 'x':
    case 'X': {
      const hex = hexOf(value)
      if (hex !== undefined) return verb === 'X' ? hex.toUpperCase() : hex
      break
    }
    default:
      throw new Error(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)
  }
  throw new Error(`error during formatting: clause %${verb} does not take this type`)
}

function hexOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return value.toString(16)
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  if (!(bytes instanceof Uint8Array)) return undefined
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item)).join(', ')}]`
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${textOf(key)}: ${textOf(item)}`)
    return `{${entries.sort().join(', ')}}`
  }
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, 'Z')
  if (value instanceof Duration) return `${Number(value.seconds) + value.nanos / 1e9}s`
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (value instanceof CelQuantity) return formatQuantity(value.value)
  return String(value)
}
