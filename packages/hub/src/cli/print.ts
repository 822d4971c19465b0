/** How objects are shown: the columns of their kind, or whole as JSON or YAML. */
import type { Json, JsonObject } from '@larder/engine/base/json'
import { stringifyJson } from '@larder/engine/base/json'
import { age } from '@larder/engine/machinery/age'
import { compileJsonPath } from '@larder/engine/machinery/jsonpath'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import type { Kind, PrinterColumn } from '../model/kind.ts'
import { CommandFailed, EXIT } from './failure.ts'
import { renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface PrintOptions {
  readonly kind: Kind<unknown, unknown>
  /** `json`, `yaml`, `name`, `wide`, or nothing for a table. */
  readonly output: string | undefined
  readonly withNamespace: boolean
  /** Print a list even for one object, as kubectl does for a collection. */
  readonly list: boolean
}

export async function printObjects(
  objects: readonly KubeObject[],
  options: PrintOptions,
  terminal: Terminal,
): Promise<void> {
  const { kind, output } = options
  switch (output) {
    case undefined:
    case 'table':
    case 'wide':
      terminal.out(objectTable(objects, options, terminal.now()))
      return
    case 'name':
      for (const object of objects) terminal.out(`${kind.singular}.${kind.group}/${object.metadata.name}\n`)
      return
    case 'json':
    case 'yaml':
      terminal.out(await serialize(options.list ? asList(objects) : asJson(objects[0]!), output))
      return
    default:
      throw new CommandFailed(EXIT.usage, `-o ${output} is not known here`, { next: '-o json, yaml, name or wide' })
  }
}

export async function serialize(value: Json, format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return `${indent(value)}\n`
  const { stringify } = await import('yaml')
  return stringify(value)
}

/** `JSON.stringify` indents but refuses bigints; a list or object without them is by far the usual case. */
function indent(value: Json): string {
  try {
    return JSON.stringify(value, null, 2)
  } catch {
    return stringifyJson(value)
  }
}

function asList(objects: readonly KubeObject[]): JsonObject {
  return { apiVersion: 'v1', kind: 'List', items: objects.map(asJson) }
}

function objectTable(objects: readonly KubeObject[], options: PrintOptions, now: number): string {
  const columns = options.kind.columns.filter((c) => options.output === 'wide' || !c.wide)
  const headings = [
    ...(options.withNamespace ? ['NAMESPACE'] : []),
    'NAME',
    ...columns.map((c) => c.name.toUpperCase()),
  ]
  const rows = objects.map((object) => [
    ...(options.withNamespace ? [object.metadata.namespace ?? ''] : []),
    object.metadata.name,
    ...columns.map((column) => cell(object, column, now)),
  ])
  return renderTable(headings, rows)
}

function cell(object: KubeObject, column: PrinterColumn, now: number): string {
  const value = compileJsonPath(column.jsonPath).first(asJson(object))
  if (value === undefined || value === null) return ''
  if (column.type === 'date') return age(String(value), now)
  return typeof value === 'object' ? stringifyJson(value) : String(value)
}
