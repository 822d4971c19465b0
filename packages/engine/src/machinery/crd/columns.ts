/** Table columns of custom resources: `Name` and what the CRD lists, or `Name` and `Age`. */
import { stringifyJson, type Json, type JsonObject } from '../../base/json.ts'
import { age } from '../age.ts'
import { compileJsonPath, type JsonPath } from '../jsonpath.ts'
import type { Column } from '../shape.ts'

export interface Cell {
  readonly column: Column
  read(object: JsonObject, nowMs: number): Json
}

const NAME: Cell = {
  column: { name: 'Name', type: 'string', format: 'name', description: 'Name of the object.', priority: 0 },
  read: (object) => (object['metadata'] as { name?: string } | undefined)?.name ?? null,
}

const AGE: JsonObject = {
  name: 'Age',
  type: 'date',
  description: 'Time since the object was created.',
  jsonPath: '.metadata.creationTimestamp',
}

/** `listed` is `additionalPrinterColumns`, already validated. */
export function columnsOf(listed: readonly JsonObject[] | undefined): readonly Cell[] {
  const columns = listed && listed.length > 0 ? listed : [AGE]
  return [NAME, ...columns.map((json) => cellOf(json))]
}

function cellOf(json: JsonObject): Cell {
  const text = (key: string) => (typeof json[key] === 'string' ? json[key] : '')
  const path = compileJsonPath(text('jsonPath'))
  const type = text('type')
  const priority = typeof json['priority'] === 'number' ? json['priority'] : 0
  return {
    column: { name: text('name'), type, format: text('format'), description: text('description'), priority },
    read: (object, nowMs) => readCell(path, type, object, nowMs),
  }
}

/** The first match in the column's type; a value of another type, or none, is an empty cell. */
function readCell(path: JsonPath, type: string, object: JsonObject, nowMs: number): Json {
  const value = path.first(object)
  if (value === undefined || value === null) return null
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : stringifyJson(value)
    case 'integer':
      if (typeof value === 'bigint') return value
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? age(value, nowMs) : null
    default:
      return null
  }
}
