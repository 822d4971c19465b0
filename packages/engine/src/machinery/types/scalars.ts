/** One scalar of the type table as it would be stored: checked, and in the one spelling the API uses. */
import { stringifyJson, type Json } from '../../base/json.ts'
import type { FieldProblem } from '../status.ts'
import { canonicalQuantity } from '../quantity.ts'
import { formatMicroTime, formatTime, isZeroTime, parseTime } from '../time.ts'
import type { Scalar } from './types.ts'

/** Why a value is no value of its type; the caller adds the path. */
export type Fault = Omit<FieldProblem, 'path'>
export type ScalarResult = { readonly value: Json | undefined; readonly fault?: Fault }

const MAX_INT32 = 2147483647
const MIN_INT32 = -2147483648
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

type Leaf = Exclude<Scalar, `schema${string}`>

const READERS: Readonly<Record<Leaf, (value: Json) => ScalarResult>> = {
  string: (value) => (typeof value === 'string' ? { value } : wrongType(value, 'string')),
  bool: (value) => (typeof value === 'boolean' ? { value } : wrongType(value, 'boolean')),
  int32: (value) => integer(value, true),
  int64: (value) => integer(value, false),
  double: (value) => (typeof value === 'number' || typeof value === 'bigint' ? { value } : wrongType(value, 'number')),
  bytes,
  time: (value) => time(value, false),
  microtime: (value) => time(value, true),
  quantity,
  intorstring: (value) => (typeof value === 'string' ? { value } : integer(value, true)),
  raw: (value) => ({ value }),
}

/** `value` undefined without a fault: the value means "absent". Schemas in places of CRDs are no scalars here. */
export function normalizeScalar(scalar: Leaf, value: Json): ScalarResult {
  return READERS[scalar](value)
}

export function wrongType(value: Json, expected: string): ScalarResult {
  return {
    value: undefined,
    fault: {
      reason: 'FieldValueTypeInvalid',
      detail: `Invalid value: "${typeName(value)}": must be of type ${expected}`,
    },
  }
}

/** Names the type and never shows the value: it may be a secret. */
function typeName(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'bigint') return 'integer'
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value
}

function unreadable(detail: string): ScalarResult {
  return { value: undefined, fault: { reason: 'FieldValueInvalid', detail } }
}

function integer(value: Json, narrow: boolean): ScalarResult {
  if (typeof value === 'bigint') {
    return narrow ? unreadable(`Invalid value: ${value}: must fit into 32 bits`) : { value }
  }
  if (typeof value !== 'number' || !Number.isInteger(value)) return wrongType(value, 'integer')
  if (narrow ? value > MAX_INT32 || value < MIN_INT32 : !Number.isSafeInteger(value)) {
    return unreadable(`Invalid value: ${value}: must fit into ${narrow ? 32 : 64} bits`)
  }
  return { value: value === 0 ? 0 : value }
}

function bytes(value: Json): ScalarResult {
  if (typeof value !== 'string') return wrongType(value, 'string')
  const text = value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, '') : value
  if (!BASE64.test(text)) return unreadable('Invalid value: "string": must be base64 encoded')
  return { value: text.endsWith('=') ? Buffer.from(text, 'base64').toString('base64') : text }
}

function time(value: Json, precise: boolean): ScalarResult {
  if (typeof value !== 'string') return wrongType(value, 'string')
  const moment = parseTime(value)
  if (!moment) return unreadable(`Invalid value: ${JSON.stringify(value)}: must be a time like 2006-01-02T15:04:05Z`)
  if (isZeroTime(moment.seconds)) return { value: undefined }
  return { value: precise ? formatMicroTime(moment.seconds, moment.micros) : formatTime(moment.seconds) }
}

function quantity(value: Json): ScalarResult {
  const text = typeof value === 'number' || typeof value === 'bigint' ? stringifyJson(value) : value
  if (typeof text !== 'string') return wrongType(value, 'string')
  try {
    return { value: canonicalQuantity(text.trim()) }
  } catch (error) {
    return unreadable(`Invalid value: ${JSON.stringify(text)}: ${(error as Error).message}`)
  }
}
