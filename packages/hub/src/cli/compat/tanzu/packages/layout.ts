/** How these commands print: a title, a blank line, and columns that are two spaces apart; `-` where there is nothing. */
import { tableWidths } from '../../../table.ts'
import type { Terminal } from '../../../terminal.ts'

export function printTitled(
  terminal: Terminal,
  title: string,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  terminal.out(`${title}\n\n${lines([headings, ...sorted(rows)])}`)
}

/** A line for each heading, as of one object. */
export function printTransposed(
  terminal: Terminal,
  facts: readonly (readonly [heading: string, value: string])[],
): void {
  const rows = facts.flatMap(([heading, value]) =>
    shown(value)
      .trimEnd()
      .split('\n')
      .map((line, i) => [i === 0 ? heading : '', line]),
  )
  terminal.out(lines(rows))
}

const shown = (cell: string): string => (cell === '' ? '-' : cell)

function lines(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell, i) => (i === 0 ? cell : shown(cell))))
  const widths = tableWidths(cells)
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** By the first column, then by the second. */
const sorted = (rows: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  rows.toSorted((a, b) => order(a[0], b[0]) || order(a[1], b[1]))

const order = (a = '', b = ''): number => (a === b ? 0 : a < b ? -1 : 1)

export const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 3)}...` : text
