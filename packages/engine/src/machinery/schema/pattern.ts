/**
 * Regular expressions of schemas and rules: RE2, found anywhere in the text, over code points, in linear time.
 *
 * JavaScript's own engine is never used for them. It refuses `(?i)`, `\A`, `(?P<n>x)`, reads `\s` and `.` differently, and
 * backtracks: `(a+)+$` on thirty letters would stop the server. Telling the patterns apart on which both agree took more code
 * than it saved time: re2js loads in 6 ms (once a schema has a pattern) and needs 1 to 2 us for a usual match.
 */
import type { RE2JS } from 're2js'

export interface Pattern {
  readonly source: string
  test(text: string): boolean
}

let re2: typeof RE2JS | undefined

/** Must have been awaited before a pattern is compiled. */
export async function loadRe2(): Promise<void> {
  re2 ??= (await import('re2js')).RE2JS
}

/** Throws RE2's syntax error, or that `loadRe2` was not awaited. */
export function compileRe2(source: string): RE2JS {
  if (!re2) throw new Error('loadRe2() must be awaited before patterns are compiled')
  return re2.compile(source)
}

/** Throws RE2's own syntax error when the pattern is none. */
export function compilePattern(source: string): Pattern {
  const compiled = compileRe2(source)
  return { source, test: (text) => compiled.test(text) }
}
