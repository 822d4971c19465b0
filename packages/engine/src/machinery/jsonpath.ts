/**
 * The simple JSONPath of printer columns, selectable fields and `kubectl -o jsonpath`: `.spec.x`, `['a.b']`, `.a\.b`, `[0]`, `[-1]`,
 * `[1:3]`, `[*]`, `.*`, `[?(@.type=="Ready")]`. A leading `$` and surrounding braces are allowed.
 *
 * Recursive descent (`..name`) is there for whoever asks for it: kubectl's templates know it, columns and selectable fields must not.
 * Left out: unions, scripts. A path that uses what is left out is refused when it is compiled.
 */
import { equalJson, isObject, type Json } from '../base/json.ts'

export interface JsonPath {
  readonly source: string
  /** The names, when the path is nothing but fields: `['spec', 'color']`. */
  readonly fields: readonly string[] | undefined
  all(value: Json): readonly Json[]
  first(value: Json): Json | undefined
}

export class JsonPathSyntaxError extends Error {
  constructor(path: string, why: string) {
    super(`invalid JSONPath ${JSON.stringify(path)}: ${why}`)
    this.name = 'JsonPathSyntaxError'
  }
}

type Step = (values: readonly Json[]) => readonly Json[]

/** `descent` allows `..`. Throws JsonPathSyntaxError. */
export function compileJsonPath(source: string, options: { readonly descent?: boolean } = {}): JsonPath {
  const { steps, fields } = new PathReader(source, options.descent ?? false).read()
  const all = (value: Json) => steps.reduce<readonly Json[]>((values, step) => step(values), [value])
  return { source, fields, all, first: (value) => all(value)[0] }
}

const each =
  (pick: (value: Json) => readonly Json[]): Step =>
  (values) =>
    values.flatMap((value) => pick(value))

const fieldStep = (name: string): Step =>
  each((value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]!] : []))

/** A value and everything in it, from the outside in. */
const descendants = (value: Json): readonly Json[] => [
  value,
  ...(Array.isArray(value) ? (value as readonly Json[]) : isObject(value) ? Object.values(value) : []).flatMap(
    descendants,
  ),
]

const everyStep = each((value) => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []))

const sliceStep = (start: number | undefined, end: number | undefined): Step =>
  each((value) => (Array.isArray(value) ? value.slice(start, end) : []))

const indexStep = (index: number): Step =>
  each((value) => {
    const item: Json | undefined = Array.isArray(value) ? (value.at(index) as Json | undefined) : undefined
    return item === undefined ? [] : [item]
  })

const NAME = /^(?:\\.|[^.[\]\\\s(){}'"$@*?,:])+/
const QUOTED = /^\[\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*\]/
const INDEX = /^\[\s*(-?\d+)\s*\]/
const SLICE = /^\[\s*(-?\d+)?\s*:\s*(-?\d+)?\s*\]/
const EVERY = /^(?:\[\s*\*\s*\]|\.\*)/
const FILTER = /^\[\s*\?\s*\(\s*@((?:[^'"()]|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")*?)\s*\)\s*\]/
const COMPARISON = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.+)$/s

class PathReader {
  readonly #source: string
  readonly #descent: boolean
  #rest: string

  constructor(source: string, descent: boolean) {
    this.#source = source
    this.#descent = descent
    const braced = /^\{(.*)\}$/s.exec(source.trim())
    this.#rest = (braced ? braced[1]! : source).trim().replace(/^\$/, '')
  }

  read(): { steps: Step[]; fields: string[] | undefined } {
    const steps: Step[] = []
    let fields: string[] | undefined = []
    // `{.}` and an empty relative path are the value itself.
    if (this.#rest === '.') return { steps, fields }
    while (this.#rest !== '') {
      if (this.#descent && this.#rest.startsWith('..')) {
        steps.push(each(descendants))
        fields = undefined
        // What follows is an ordinary step, `.name` or `[0]`, of each of them.
        this.#rest = this.#rest.slice(1)
      }
      const name = this.#field()
      if (name !== undefined) {
        steps.push(fieldStep(name))
        fields?.push(name)
        continue
      }
      fields = undefined
      steps.push(this.#subscript())
    }
    return { steps, fields }
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    const match = pattern.exec(this.#rest)
    if (!match) return undefined
    this.#rest = this.#rest.slice(match[0].length)
    return match
  }

  #field(): string | undefined {
    const quoted = this.#take(QUOTED)
    if (quoted) return (quoted[1] ?? quoted[2]!).replaceAll(/\\(.)/g, '$1')
    if (!this.#rest.startsWith('.') || this.#rest.startsWith('.*')) return undefined
    if (this.#rest.startsWith('.[')) this.#rest = this.#rest.slice(1)
    if (this.#rest.startsWith('[')) return this.#field()
    this.#rest = this.#rest.slice(1)
    const name = this.#take(NAME)
    if (!name)
      throw this.#error(
        this.#rest === '' ? 'a name is missing at the end' : `a name is missing before ${JSON.stringify(this.#rest)}`,
      )
    return name[0].replaceAll(/\\(.)/g, '$1')
  }

  #subscript(): Step {
    if (this.#take(EVERY)) return everyStep
    const index = this.#take(INDEX)
    if (index) return indexStep(Number(index[1]))
    const slice = this.#take(SLICE)
    if (slice) return sliceStep(optionalNumber(slice[1]), optionalNumber(slice[2]))
    const filter = this.#take(FILTER)
    if (filter) return this.#filter(filter[1]!)
    throw this.#error(`cannot read ${JSON.stringify(this.#rest)}`)
  }

  #filter(condition: string): Step {
    const comparison = COMPARISON.exec(condition)
    const path = compileJsonPath((comparison ? comparison[1]! : condition).trim())
    if (!comparison) return each((value) => elementsOf(value).filter((item) => path.all(item).length > 0))
    const literal = this.#literal(comparison[3]!.trim())
    const operator = comparison[2]!
    return each((value) =>
      elementsOf(value).filter((item) => {
        const found = path.first(item)
        return found !== undefined && compares(found, operator, literal)
      }),
    )
  }

  #literal(text: string): Json {
    const quoted = /^'((?:\\.|[^'\\])*)'$|^"((?:\\.|[^"\\])*)"$/s.exec(text)
    if (quoted) return (quoted[1] ?? quoted[2]!).replaceAll(/\\(.)/g, '$1')
    if (text === 'true' || text === 'false') return text === 'true'
    if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text)
    throw this.#error(`${text} is no literal: quote texts`)
  }

  #error(why: string): JsonPathSyntaxError {
    return new JsonPathSyntaxError(this.#source, why)
  }
}

const optionalNumber = (text: string | undefined) => (text === undefined ? undefined : Number(text))
const elementsOf = (value: Json): readonly Json[] => (Array.isArray(value) ? value : [])

function compares(left: Json, operator: string, right: Json): boolean {
  if (operator === '==') return equalJson(left, right)
  if (operator === '!=') return !equalJson(left, right)
  const sameKind = typeof left === typeof right || (typeof left === 'bigint' && typeof right === 'number')
  if (!sameKind || typeof right === 'object' || left === null || typeof left === 'object') return false
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}
