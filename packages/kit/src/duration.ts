const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** For the schema of a recipe's field that holds a duration. */
export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$'

/** Milliseconds of `250ms`, `2s`, `1m30s`; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * (UNITS_MS[unit ?? ''] ?? 0)
  }
  return totalMs
}
