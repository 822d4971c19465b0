/**
 * Label and field selectors, as written in URLs and in objects.
 *
 * The empty text selects everything; an absent text (`undefined` in list options) is for the caller to read as the empty
 * one. In objects, `{}` selects everything while an absent selector selects nothing: `labelSelectorOf(undefined)`.
 * Grammar and texts follow apimachinery's `labels.Parse`, also where they are odd: `a in (,)` holds the value ''.
 */
import { labelValueProblems, qualifiedNameProblems } from './names.ts'
import { badRequest } from './status.ts'

export type LabelOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[]
  /** True when every object matches. */
  readonly everything: boolean
  matches(labels: Readonly<Record<string, string>> | undefined): boolean
}

const NO_LABELS: Readonly<Record<string, string>> = {}
const INTEGER = /^[+-]?[0-9]+$/

function meets(requirement: LabelRequirement, labels: Readonly<Record<string, string>>): boolean {
  const { key, operator, values } = requirement
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
    case 'Lt':
      break
  }
  return value !== undefined && compares(value, operator, values[0]!)
}

function compares(value: string, operator: 'Gt' | 'Lt', limit: string): boolean {
  if (!INTEGER.test(value)) return false
  const [left, right] = [BigInt(value.replace('+', '')), BigInt(limit.replace('+', ''))]
  return operator === 'Gt' ? left > right : left < right
}

function selectorOf(requirements: readonly LabelRequirement[]): LabelSelector {
  return {
    requirements,
    everything: requirements.length === 0,
    matches: (labels) => requirements.every((requirement) => meets(requirement, labels ?? NO_LABELS)),
  }
}

const NOTHING: LabelSelector = { requirements: [], everything: false, matches: () => false }

/** Texts `a=b,c!=d,e in (f,g),!h`. Throws ApiError 400. */
export function parseLabelSelector(text: string): LabelSelector {
  return selectorOf(new LabelParser(text).parse())
}

interface SelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

/** A `metav1.LabelSelector` of an object. Absent selects nothing, `{}` everything. Throws ApiError 400. */
export function labelSelectorOf(selector: SelectorObject | undefined | null): LabelSelector {
  if (selector === undefined || selector === null) return NOTHING
  const requirements: LabelRequirement[] = []
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) requirements.push(require(key, 'In', [value]))
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist') {
      throw badRequest(`"${operator}" is not a valid label selector operator`)
    }
    requirements.push(require(key, operator, values ?? []))
  }
  return selectorOf(requirements)
}

/** Checks one requirement as upstream's `NewRequirement`. */
function require(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const reasons: string[] = []
  const add = (path: string, value: string, why: string) => reasons.push(`${path}: Invalid value: ${value}: ${why}`)
  const keyProblems = qualifiedNameProblems(key)
  if (keyProblems.length > 0) add('key', JSON.stringify(key), keyProblems.join('; '))
  const list = `[${values.map((value) => JSON.stringify(value)).join(',')}]`
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    add('values', list, "for 'in', 'notin' operators, values set can't be empty")
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    add('values', list, 'values set must be empty for exists and does not exist')
  }
  if ((operator === 'Gt' || operator === 'Lt') && (values.length !== 1 || !INTEGER.test(values[0]!))) {
    add('values', list, "for 'Gt', 'Lt' operators, the value must be an integer")
  }
  for (const [i, value] of values.entries()) {
    const problems = labelValueProblems(value)
    if (problems.length > 0) add(`values[${i}][${key}]`, JSON.stringify(value), problems.join('; '))
  }
  if (reasons.length === 1) throw badRequest(`unable to parse requirement: ${reasons[0]}`)
  if (reasons.length > 1) throw badRequest(`unable to parse requirement: [${reasons.join(', ')}]`)
  return { key, operator, values }
}

type Token = 'identifier' | 'in' | 'notin' | '(' | ')' | ',' | '!' | '=' | '==' | '!=' | '>' | '<' | 'end'

const LEXEME = /[ \t\r\n]*(==|!=|[(),!=<>]|[^ \t\r\n(),!=<>]+|$)/y

function lex(text: string): { token: Token; literal: string }[] {
  const tokens: { token: Token; literal: string }[] = []
  for (LEXEME.lastIndex = 0; ;) {
    const literal = LEXEME.exec(text)![1]!
    if (literal === '') return [...tokens, { token: 'end', literal: '' }]
    const known = /^(?:in|notin|==|!=|[(),!=<>])$/.test(literal)
    tokens.push({ token: known ? (literal as Token) : 'identifier', literal })
  }
}

const OPERATORS: Partial<Record<Token, LabelOperator>> = {
  in: 'In',
  notin: 'NotIn',
  '=': 'In',
  '==': 'In',
  '!=': 'NotIn',
  '>': 'Gt',
  '<': 'Lt',
}

class LabelParser {
  readonly #tokens: { token: Token; literal: string }[]
  #at = 0

  constructor(text: string) {
    this.#tokens = lex(text)
  }

  /** `in` and `notin` are words like others wherever no operator is expected. */
  #peek(): { token: Token; literal: string } {
    const next = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]!
    return next.token === 'in' || next.token === 'notin' ? { token: 'identifier', literal: next.literal } : next
  }

  #next(): { token: Token; literal: string } {
    const next = this.#peek()
    this.#at++
    return next
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const start = this.#peek()
      if (start.token === 'end') return requirements
      if (start.token !== 'identifier' && start.token !== '!') {
        throw badRequest(`found '${start.literal}', expected: !, identifier, or 'end of string'`)
      }
      requirements.push(this.#requirement())
      const after = this.#next()
      if (after.token === 'end') return requirements
      if (after.token !== ',') throw badRequest(`found '${after.literal}', expected: ',' or 'end of string'`)
      const begin = this.#peek()
      if (begin.token !== 'identifier' && begin.token !== '!') {
        throw badRequest(`found '${begin.literal}', expected: identifier after ','`)
      }
    }
  }

  #requirement(): LabelRequirement {
    let key = this.#next()
    const negated = key.token === '!'
    if (negated) key = this.#next()
    if (key.token !== 'identifier') throw unparsable(key.literal, 'identifier')
    const problems = qualifiedNameProblems(key.literal)
    if (problems.length > 0) {
      throw badRequest(
        `unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key.literal)}: ${problems.join('; ')}`,
      )
    }
    if (negated) return require(key.literal, 'DoesNotExist', [])
    const after = this.#peek().token
    if (after === 'end' || after === ',') return require(key.literal, 'Exists', [])
    const sign = this.#tokens[this.#at++]!
    const operator = OPERATORS[sign.token]
    if (!operator) throw unparsable(sign.literal, 'in, notin, =, ==, !=, gt, lt')
    const isSet = sign.token === 'in' || sign.token === 'notin'
    return require(key.literal, operator, isSet ? this.#set() : [this.#exact()])
  }

  #exact(): string {
    const { token } = this.#peek()
    if (token === 'end' || token === ',') return ''
    const value = this.#next()
    if (value.token !== 'identifier') throw unparsable(value.literal, 'identifier')
    return value.literal
  }

  #set(): string[] {
    const open = this.#next()
    if (open.token !== '(') throw badRequest(`unable to parse requirement: found '${open.literal}' expected: '('`)
    const values = new Set<string>()
    for (let first = true; ; first = false) {
      const item = this.#next()
      if (item.token === ')' && first) break
      if (item.token === 'identifier') {
        values.add(item.literal)
        const after = this.#next()
        if (after.token === ')') break
        if (after.token !== ',') throw unparsable(after.literal, "',' or ')'")
        if (this.#peek().token !== ')') continue
        this.#next()
        values.add('')
        break
      }
      if (item.token !== ',') throw unparsable(item.literal, "',', ')' or identifier")
      values.add('')
      if (this.#peek().token === ')') {
        this.#next()
        break
      }
    }
    return [...values].sort()
  }
}

const unparsable = (literal: string, expected: string) =>
  badRequest(`unable to parse requirement: found '${literal}', expected: ${expected}`)

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/**
 * Texts `a=b,c!=d`; `\` escapes `\`, `,` and `=` in values. Empty terms are skipped: the empty text gives no requirement.
 * Which fields exist is the resource's business. Throws ApiError 400.
 */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  const requirements: FieldRequirement[] = []
  for (const term of splitTerms(text)) {
    if (term === '') continue
    const sign = operatorOf(term)
    if (!sign) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    const value = unescapeValue(term.slice(sign.at + sign.length), text)
    requirements.push({ field: term.slice(0, sign.at), operator: sign.operator, value })
  }
  return requirements
}

function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === ',') {
      terms.push(text.slice(start, i))
      start = i + 1
    }
  }
  return [...terms, text.slice(start)]
}

/** The first operator of a term. Upstream tries `!=` and `==` before `=` at each place and does not look at escapes. */
function operatorOf(term: string): { at: number; length: number; operator: '=' | '!=' } | undefined {
  for (let at = 0; at < term.length; at++) {
    if (term.startsWith('!=', at)) return { at, length: 2, operator: '!=' }
    if (term.startsWith('==', at)) return { at, length: 2, operator: '=' }
    if (term[at] === '=') return { at, length: 1, operator: '=' }
  }
  return undefined
}

function unescapeValue(value: string, selector: string): string {
  let out = ''
  for (let i = 0; i < value.length; i++) {
    const c = value[i]!
    if (c === ',' || c === '=') {
      throw badRequest(
        `unable to parse field selector '${selector}': invalid field selector: unescaped character in value: ${c}`,
      )
    }
    if (c !== '\\') {
      out += c
      continue
    }
    const escaped = value[++i]
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
      throw badRequest(`invalid field selector: invalid escape sequence: \\${escaped ?? ''}`)
    }
    out += escaped
  }
  return out
}

/** Whether an object's fields meet the requirements; a field that the object lacks reads as ''. */
export function matchesFields(
  requirements: readonly FieldRequirement[],
  fieldOf: (field: string) => string | undefined,
): boolean {
  return requirements.every(({ field, operator, value }) => ((fieldOf(field) ?? '') === value) === (operator === '='))
}
