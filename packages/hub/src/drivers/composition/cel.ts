/** CEL as recipes have it: what an expression reads, what it gives, and values on their way in and out. */
import { Environment, Optional, type ASTNode } from '@marcbachmann/cel-js'
import { isRecord, type Json } from '@larder/kit'

/** What may be read, by name: `parameters`, `instance`, and the resources by their id. */
export type Words = Readonly<Record<string, unknown>>

export interface Expression {
  /** In the recipe: `resources[2].template.spec.subnetIDs`. */
  readonly path: string
  readonly source: string
  readonly ast: ASTNode
  readonly run: (words: Words) => unknown
}

/** Says why an expression has no value, without what it read: that may be a secret. */
export class NoValue extends Error {
  override readonly name = 'NoValue'
  readonly expression: Expression
  /** It may have one later: a field that it reads is not there. */
  readonly isMissing: boolean
  /** The word that stands for nothing. */
  readonly unknown: string | undefined

  constructor(expression: Expression, code: string, unknown?: string) {
    const isMissing = MISSING.has(code)
    super(`\${${expression.source}} ${isMissing ? 'has no value yet' : `cannot be computed (${code})`}`)
    this.expression = expression
    this.isMissing = isMissing
    this.unknown = unknown
  }
}

const MISSING: ReadonlySet<string> = new Set(['no_such_key', 'index_out_of_bounds', 'unknown_variable'])

const OPTIONS = { enableOptionalTypes: true, homogeneousAggregateLiterals: false } as const
const NOT_UTF8 = 'the value is no UTF-8 text'

/** Without words: those are registered by who checks, and free for who computes. */
export function environment(unlistedVariablesAreDyn: boolean): Environment {
  return new Environment({ ...OPTIONS, unlistedVariablesAreDyn })
    .registerFunction('decodeBase64(string): string', (value: string) => {
      const bytes = Buffer.from(value, 'base64')
      if (!bytes.equals(Buffer.from(bytes.toString('utf8')))) throw new Error(NOT_UTF8)
      return bytes.toString('utf8')
    })
    .registerFunction('encodeBase64(string): string', (value: string) => Buffer.from(value).toString('base64'))
    .registerFunction('toJson(dyn): string', (value: unknown) => JSON.stringify(jsonOf(value)))
}

const computing = environment(true)

/** Throws a ParseError of cel-js. */
export function parseExpression(source: string, path: string): Expression {
  const parsed = computing.parse(source)
  return {
    path,
    source,
    ast: parsed.ast,
    run: (words) => parsed(words) as unknown,
  }
}

/** Throws NoValue. Nothing of what it has read is in the error. */
export function compute(expression: Expression, words: Words): unknown {
  try {
    return expression.run(words)
  } catch (error) {
    const { code, node } = error as { readonly code?: unknown; readonly node?: ASTNode }
    const unknown = code === 'unknown_variable' && typeof node?.args === 'string' ? node.args : undefined
    throw new NoValue(expression, typeof code === 'string' ? code : 'failed', unknown)
  }
}

/** Whole numbers become ints, as an API's schema would have them. */
export function celOf(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(celOf)
  if (!isRecord(value as Json)) return value
  return Object.fromEntries(Object.entries(value as object).map(([name, field]) => [name, celOf(field)]))
}

/** Undefined for null and for an optional that is empty: the field is left out then. Throws on what JSON has no place for. */
export function jsonOf(value: unknown): Json | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'bigint') return safe(value)
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value instanceof Optional) return value.hasValue() ? jsonOf(value.value()) : undefined
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.flatMap((item) => jsonOf(item) ?? [])
  const entries = value instanceof Map ? [...value] : isPlain(value) ? Object.entries(value) : undefined
  if (!entries) throw new TypeError('the result is no JSON')
  return Object.fromEntries(
    entries.flatMap(([name, field]) => {
      const json = jsonOf(field)
      return json === undefined ? [] : [[String(name), json] as const]
    }),
  )
}

const safe = (value: bigint): Json => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value) as null)

/** Every `id` of an expression with the field by which it is read, `undefined` where it is read whole. */
export function readsOf(ast: ASTNode): readonly { readonly word: string; readonly field: string | undefined }[] {
  const reads: { word: string; field: string | undefined }[] = []
  const visit = (node: unknown, field?: string): void => {
    if (Array.isArray(node)) {
      for (const item of node) visit(item)
      return
    }
    if (!isNode(node)) return
    if (node.op === 'id') {
      reads.push({ word: node.args as string, field })
      return
    }
    if (node.op === 'value') return
    const access = fieldAccess(node)
    if (access) visit(access.of, access.field)
    else if (Array.isArray(node.args)) for (const arg of node.args) visit(arg)
    else visit(node.args)
  }
  visit(ast)
  return reads
}

interface Node {
  readonly op: string
  readonly args: unknown
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'op' in value

/** `a.b`, `a.?b` and `a["b"]`. */
function fieldAccess({ op, args }: Node): { readonly of: unknown; readonly field: string } | undefined {
  if (!Array.isArray(args)) return undefined
  const [of, by] = args as readonly unknown[]
  if ((op === '.' || op === '.?') && typeof by === 'string') return { of, field: by }
  if (op !== '[]' && op !== '[?]') return undefined
  return isNode(by) && by.op === 'value' && typeof by.args === 'string' ? { of, field: by.args } : undefined
}
