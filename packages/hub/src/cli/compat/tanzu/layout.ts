/** How `tanzu` prints: tables as in its documents, and `Name: value` lines. */
import type { Json, JsonObject } from '@larder/engine/base/json'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { CommandFailed, EXIT } from '../../failure.ts'
import { serialize, withoutOwners } from '../../print.ts'
import { tableWidths } from '../../table.ts'
import type { Terminal } from '../../terminal.ts'

/** A blank line; then each line two spaces in, two spaces between columns, and nothing behind the last word. */
export function tanzuTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return `\n${tableLines(headings, rows)}`
}

export function tableLines(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows]
  const widths = tableWidths(lines)
  return lines
    .map((cells) => `  ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd() + '\n')
    .join('')
}

/** The headings alone on standard output, and in words on standard error that there is nothing. */
export function printTable(
  terminal: Terminal,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  none: string,
): void {
  terminal.out(tanzuTable(headings, rows))
  if (rows.length === 0) terminal.note(`${none}\n`)
}

/** `wide` and nothing are tables; `json` is said whole. */
export function checkOutput(output: string | undefined, ...known: readonly ('wide' | 'json')[]): void {
  if (output !== undefined && !(known as readonly string[]).includes(output))
    throw new CommandFailed(EXIT.usage, `-o ${output} is not known here`, {
      next: known.map((each) => `-o ${each}`).join(', '),
    })
}

const printJson = async (value: Json, terminal: Terminal): Promise<void> => terminal.out(await serialize(value, 'json'))

export const printObject = (object: KubeObject, terminal: Terminal): Promise<void> =>
  printJson(asJson(withoutOwners(object)), terminal)

export const printList = (items: readonly KubeObject[], terminal: Terminal): Promise<void> =>
  printJson(
    { apiVersion: 'v1', kind: 'List', items: items.map((item) => asJson(withoutOwners(item))) } satisfies JsonObject,
    terminal,
  )

/** Values and what stands below them, two spaces further in. */
export type Lines = readonly (readonly [name: string, value: string | Lines])[]

export const keyLines = (lines: Lines, indent = ''): string =>
  lines
    .map(([name, value]) =>
      typeof value === 'string'
        ? `${indent}${name}: ${value}`.trimEnd() + '\n'
        : `${indent}${name}:\n${keyLines(value, `${indent}  `)}`,
    )
    .join('')
