/** How one column of a table is declared: where its cell comes from, in JSON paths as far as those go. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { age } from '../age.ts'
import type { Column } from '../shape.ts'

export interface PrintedColumn extends Column {
  readonly cell: (object: JsonObject, nowMs: number) => Json
}

export type CellOf = (object: JsonObject, nowMs: number) => Json

/** The value at `spec.template.spec`; undefined when something on the way is missing. */
export function at(object: Json | undefined, path: string): Json | undefined {
  let value = object
  for (const key of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

export function textAt(object: Json | undefined, path: string, otherwise = ''): string {
  const value = at(object, path)
  return typeof value === 'string' && value !== '' ? value : otherwise
}

export function numberAt(object: Json | undefined, path: string): number {
  const value = at(object, path)
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0
}

export function listAt(object: Json | undefined, path: string): readonly Json[] {
  const value = at(object, path)
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

export function mapAt(object: Json | undefined, path: string): JsonObject {
  const value = at(object, path)
  return isObject(value) ? value : {}
}

export function textsAt(object: Json | undefined, path: string): readonly string[] {
  return listAt(object, path).filter((item): item is string => typeof item === 'string')
}

interface ColumnOptions {
  readonly type?: 'string' | 'integer' | 'boolean'
  /** Only with `-o wide`. */
  readonly wide?: boolean
  /** Instead of the path. */
  readonly says?: string
}

/** A column with the text at a path, or with what a function makes of the object. */
export function column(name: string, from: string | CellOf, options: ColumnOptions = {}): PrintedColumn {
  const { type = 'string', wide = false } = options
  return {
    name,
    type,
    format: '',
    description: options.says ?? (typeof from === 'string' ? `The field ${from}.` : ''),
    priority: wide ? 1 : 0,
    cell: typeof from === 'string' ? cellAt(from, type) : from,
  }
}

function cellAt(path: string, type: string): CellOf {
  if (type === 'integer') return (object) => numberAt(object, path)
  if (type === 'boolean') return (object) => at(object, path) === true
  return (object) => textAt(object, path)
}

export const integer = (name: string, from: string | CellOf, options: ColumnOptions = {}): PrintedColumn =>
  column(name, from, { ...options, type: 'integer' })

export const wide = (name: string, from: string | CellOf, says?: string): PrintedColumn =>
  column(name, from, { wide: true, ...(says !== undefined && { says }) })

export const NAME: PrintedColumn = {
  ...column('Name', 'metadata.name', { says: 'Name of the object, unique in its namespace.' }),
  format: 'name',
}

export const AGE: PrintedColumn = column('Age', ageOf('metadata.creationTimestamp'), {
  says: 'Time since the object was created.',
})

export const CREATED_AT: PrintedColumn = {
  ...column('Created At', (object) => textAt(object, 'metadata.creationTimestamp') || null, {
    says: 'When the object was created, RFC 3339 in UTC.',
  }),
  type: 'date',
}

/** The time since the timestamp at a path. */
export function ageOf(path: string, otherwise?: string): CellOf {
  return (object, nowMs) => {
    const timestamp = textAt(object, path)
    return timestamp === '' && otherwise !== undefined ? otherwise : age(timestamp, nowMs)
  }
}

export const NONE = '<none>'
export const UNSET = '<unset>'

/** `a,b,c + 2 more...` */
export function listed(items: readonly string[], most: number, otherwise: string, separator = ','): string {
  if (items.length === 0) return otherwise
  const text = items.slice(0, most).join(separator)
  return items.length > most ? `${text} + ${items.length - most} more...` : text
}
