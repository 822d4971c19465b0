/** YAML of people whom nobody has to trust: counted before it is parsed, and what its aliases stand for after it. */
import type { Json } from '@larder/engine/base/json'
import type { Document } from 'yaml'
import type { Budget } from '../budget.ts'

/** A text is none. Says the code of a problem and its line, and nothing of the text, which may be secret. */
export class NoYaml extends Error {
  override readonly name = 'NoYaml'
  readonly code: string
  readonly line: number | undefined
  constructor(code: string, line: number | undefined) {
    super(code)
    this.code = code
    this.line = line
  }
}

/** The documents of a text, without empty ones. Rejects with `NoYaml`, and with `Failed` that names `what` for what is too large. */
export async function parseYaml(text: string, budget: Budget, what: string): Promise<readonly Json[]> {
  await budget.takeYaml(text, what)
  const { LineCounter, parseAllDocuments } = await import('yaml')
  const lineCounter = new LineCounter()
  const found: Json[] = []
  // The parser compares each key with all before it: too slow for a map of many.
  for (const document of parseAllDocuments(text, { intAsBigInt: false, uniqueKeys: false, lineCounter })) {
    const [problem] = document.errors
    if (problem) throw new NoYaml(problem.code, problem.linePos?.[0].line)
    const twice = await secondKey(document)
    if (twice !== undefined) throw new NoYaml('DUPLICATE_KEY', lineCounter.linePos(twice).line)
    const value = toJson(document)
    if (value === null || value === undefined) continue
    budget.takeJson(value, what)
    found.push(value)
  }
  return found
}

/** An alias of nothing is no error of the document yet, and neither is one of too much. */
function toJson(document: Document): Json | undefined {
  try {
    return document.toJS({ maxAliasCount: 100 }) as Json | undefined
  } catch (error) {
    // It quotes the alias, which may be a password that begins with a star: it goes no further, not as a cause either.
    if (error instanceof ReferenceError) throw new NoYaml('BAD_ALIAS', undefined)
    throw error
  }
}

/** Where a key stands that its map has already. */
async function secondKey(document: Document): Promise<number | undefined> {
  const { isScalar, visit } = await import('yaml')
  let found: number | undefined
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value)) found ??= key.range?.[0] ?? 0
        seen.add(key.value)
      }
      return found === undefined ? undefined : visit.BREAK
    },
  })
  return found
}
