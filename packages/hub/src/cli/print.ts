/** How objects are shown: in columns, by name, or whole as JSON, YAML or through a template. */
import type { Json, JsonObject } from '@larder/engine/base/json'
import { stringifyJson } from '@larder/engine/base/json'
import { age } from '@larder/engine/machinery/age'
import { compileJsonPath, JsonPathSyntaxError } from '@larder/engine/machinery/jsonpath'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import type { Kind, PrinterColumn } from '../model/kind.ts'
import { CommandFailed, EXIT } from './failure.ts'
import { renderTable, tableWidths } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface ShownColumn {
  readonly heading: string
  /** Only with `-o wide`. */
  readonly wide?: boolean
  readonly cell: (object: KubeObject, now: number) => string
}

export interface PrintOptions {
  /** `claim` of `larder.dev`, for `-o name`. */
  readonly type: { readonly singular: string; readonly group: string }
  readonly columns: readonly ShownColumn[]
  /** `json`, `yaml`, `name`, `wide`, `jsonpath=TEMPLATE`, or nothing for a table. */
  readonly output: string | undefined
  readonly withNamespace: boolean
  /** Print a list even for one object, as kubectl does for a collection. */
  readonly list: boolean
}

const JSONPATH = 'jsonpath='

/** Whether `-o` asks for columns. */
export const isTable = (output: string | undefined): boolean => output === undefined || output === 'wide'

export async function printObjects(
  objects: readonly KubeObject[],
  options: PrintOptions,
  terminal: Terminal,
): Promise<void> {
  const { type, output } = options
  if (isTable(output)) {
    terminal.out(renderTable(headingsOf(options), objects.map(rowOf(options, terminal))))
  } else if (output === 'name') {
    const kind = type.group === '' ? type.singular : `${type.singular}.${type.group}`
    for (const object of objects) terminal.out(`${kind}/${object.metadata.name}\n`)
  } else {
    const plain = output?.startsWith(JSONPATH) ? objects : objects.map(withoutOwners)
    terminal.out(await serialize(options.list ? asList(plain) : asJson(plain[0]!), output))
  }
}

/** Prints what comes later under what was printed: rows of a table get no second heading. */
export function printsMore(
  first: readonly KubeObject[],
  options: PrintOptions,
  terminal: Terminal,
): (object: KubeObject) => Promise<void> {
  if (!isTable(options.output)) return (object) => printObjects([object], { ...options, list: false }, terminal)
  const row = rowOf(options, terminal)
  const headings = headingsOf(options)
  const widths = tableWidths([headings, ...first.map(row)])
  return (object) => {
    terminal.out(renderTable(row(object), [], widths))
    return Promise.resolve()
  }
}

/** What is no object of Kubernetes, `larder status` for instance; nothing for `output` is the caller's own. */
export async function serialize(value: Json, output: string | undefined): Promise<string> {
  if (output === 'json') return `${indent(value)}\n`
  if (output === 'yaml') {
    const { stringify } = await import('yaml')
    return stringify(value)
  }
  if (output?.startsWith(JSONPATH)) return await throughTemplate(value, output.slice(JSONPATH.length))
  throw new CommandFailed(EXIT.usage, `-o ${output ?? ''} is not known here`, {
    next: '-o json, yaml, jsonpath=TEMPLATE; for objects also name or wide',
  })
}

async function throughTemplate(value: Json, template: string): Promise<string> {
  const { compileJsonPathTemplate } = await import('./jsonpath-template.ts')
  try {
    return compileJsonPathTemplate(template).render(value)
  } catch (error) {
    if (!(error instanceof JsonPathSyntaxError)) throw error
    throw new CommandFailed(EXIT.usage, error.message, { next: "-o jsonpath='{.metadata.name}'", cause: error })
  }
}

/** `JSON.stringify` indents but refuses bigints; a list or object without them is by far the usual case. */
function indent(value: Json): string {
  try {
    return JSON.stringify(value, null, 2)
  } catch {
    return stringifyJson(value)
  }
}

/** Who owns which field would be most of what is shown, and is rarely meant. A template that names it gets it. */
export function withoutOwners(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & { managedFields?: Json }
  return { ...object, metadata }
}

function asList(objects: readonly KubeObject[]): JsonObject {
  return { apiVersion: 'v1', kind: 'List', items: objects.map(asJson) }
}

const shown = ({ columns, output }: PrintOptions) => columns.filter((c) => output === 'wide' || !c.wide)

const headingsOf = (options: PrintOptions): string[] => [
  ...(options.withNamespace ? ['NAMESPACE'] : []),
  ...shown(options).map((c) => c.heading),
]

const rowOf =
  (options: PrintOptions, terminal: Terminal) =>
  (object: KubeObject): string[] => [
    ...(options.withNamespace ? [object.metadata.namespace ?? ''] : []),
    ...shown(options).map((c) => c.cell(object, terminal.now())),
  ]

/** The columns that `kubectl get` shows as well. */
export const columnsOf = (kind: Kind<unknown, unknown>): readonly ShownColumn[] => [
  { heading: 'NAME', cell: ({ metadata }) => metadata.name },
  ...kind.columns.map((column) => ({
    heading: column.name.toUpperCase(),
    wide: column.wide ?? false,
    cell: (object: KubeObject, now: number) => cell(object, column, now),
  })),
]

function cell(object: KubeObject, column: PrinterColumn, now: number): string {
  const value = compileJsonPath(column.jsonPath).first(asJson(object))
  if (value === undefined || value === null) return ''
  if (column.type === 'date') return age(String(value), now)
  return typeof value === 'object' ? stringifyJson(value) : String(value)
}
