/** Field problems in the words of apimachinery's `field.Error`, so that clients that match on them keep working. */
import { stringifyJson, type Json } from '../base/json.ts'
import type { FieldProblem } from './status.ts'

/** A value as error texts print it: strings quoted, numbers bare, the rest as JSON. */
export function formatValue(value: Json | undefined): string {
  return value === undefined ? '""' : stringifyJson(value)
}

export function invalidValue(path: string, value: Json | undefined, why: string): FieldProblem {
  const rest = why === '' ? '' : `: ${why}`
  const detail = `Invalid value: ${formatValue(value)}${rest}`
  return { path, reason: 'FieldValueInvalid', detail, why: `Invalid value${rest}` }
}

export function invalidType(path: string, value: Json | undefined, why: string): FieldProblem {
  return { ...invalidValue(path, value, why), reason: 'FieldValueTypeInvalid' }
}

export function requiredValue(path: string, why = ''): FieldProblem {
  return { path, reason: 'FieldValueRequired', detail: why === '' ? 'Required value' : `Required value: ${why}` }
}

export function unsupportedValue(path: string, value: Json | undefined, supported: readonly Json[]): FieldProblem {
  const list = supported.map((item) => (typeof item === 'string' ? JSON.stringify(item) : `"${formatValue(item)}"`))
  const rest = list.length > 0 ? `: supported values: ${list.join(', ')}` : ''
  const detail = `Unsupported value: ${formatValue(value)}${rest}`
  return { path, reason: 'FieldValueNotSupported', detail, why: `Unsupported value${rest}` }
}

export function duplicateValue(path: string, value: Json): FieldProblem {
  const detail = `Duplicate value: ${formatValue(value)}`
  return { path, reason: 'FieldValueDuplicate', detail, why: 'Duplicate value' }
}

export function forbiddenField(path: string, why: string): FieldProblem {
  return { path, reason: 'FieldValueForbidden', detail: `Forbidden: ${why}` }
}

export function tooLong(path: string, maxBytes: number): FieldProblem {
  return { path, reason: 'FieldValueTooLong', detail: `Too long: may not be more than ${maxBytes} bytes` }
}

export function tooMany(path: string, actual: number, max: number): FieldProblem {
  return { path, reason: 'FieldValueTooMany', detail: `Too many: ${actual}: must have at most ${max} items` }
}
