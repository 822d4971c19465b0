export const tableWidths = (lines: readonly (readonly string[])[]): readonly number[] =>
  (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))

/** Rows under headings, kubectl's way: three spaces between columns, no lines, headings in capitals. */
export function renderTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  widths = tableWidths([headings, ...rows]),
): string {
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('   ')
      .trimEnd()
  return [headings, ...rows].map((cells) => `${line(cells)}\n`).join('')
}
