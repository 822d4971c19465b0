/** Objects and texts with `${ CEL }` in them. A text that is one expression gives its value, any other text. `$${` is `${`. */
import type { Json } from '@larder/kit'
import { compute, jsonOf, NoValue, parseExpression, type Expression, type Words } from './cel.ts'

export type Template =
  | { readonly is: 'literal'; readonly path: string; readonly value: Json }
  | { readonly is: 'value'; readonly path: string; readonly expression: Expression }
  | { readonly is: 'text'; readonly path: string; readonly parts: readonly (string | Expression)[] }
  | { readonly is: 'list'; readonly path: string; readonly items: readonly Template[] }
  | { readonly is: 'record'; readonly path: string; readonly fields: readonly (readonly [string, Template])[] }

/** `at` is the place of the text with the mistake. */
export type Mistake = (at: string, message: string) => void

export function parseTemplate(value: Json, path: string, mistake: Mistake): Template {
  if (Array.isArray(value)) {
    const items = value.map((item: Json, i) => parseTemplate(item, `${path}[${i}]`, mistake))
    return { is: 'list', path, items }
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(
      ([name, field]) => [name, parseTemplate(field, `${path}.${name}`, mistake)] as const,
    )
    return { is: 'record', path, fields }
  }
  return typeof value === 'string' ? parseText(value, path, mistake) : { is: 'literal', path, value }
}

function parseText(text: string, path: string, mistake: Mistake): Template {
  const parts: (string | Expression)[] = []
  let rest = 0
  for (;;) {
    const begin = text.indexOf('${', rest)
    if (begin < 0) break
    if (text[begin - 1] === '$') {
      parts.push(`${text.slice(rest, begin - 1)}\${`)
      rest = begin + 2
      continue
    }
    const end = endOf(text, begin + 2)
    if (end === undefined) {
      mistake(path, '${ has no } that ends it')
      return { is: 'literal', path, value: text }
    }
    if (begin > rest) parts.push(text.slice(rest, begin))
    const expression = tryParse(text.slice(begin + 2, end).trim(), path, mistake)
    if (!expression) return { is: 'literal', path, value: text }
    parts.push(expression)
    rest = end + 1
  }
  if (rest < text.length) parts.push(text.slice(rest))
  if (parts.every((part) => typeof part === 'string')) return { is: 'literal', path, value: parts.join('') }
  const [only] = parts
  if (parts.length === 1 && typeof only === 'object') return { is: 'value', path, expression: only }
  return { is: 'text', path, parts }
}

/** Undefined, and told, when it cannot be read. */
export function tryParse(source: string, path: string, mistake: Mistake): Expression | undefined {
  try {
    return parseExpression(source, path)
  } catch (error) {
    mistake(path, `\${${source}}: ${summaryOf(error)}`)
    return undefined
  }
}

/** Without the picture of the source that cel-js draws below its first line. */
export function summaryOf(error: unknown): string {
  const { summary, message } = error as { readonly summary?: string; readonly message?: string }
  return summary ?? message ?? 'cannot be read'
}

/** Where the brace is that closes: CEL has maps in braces, and braces in its strings. */
function endOf(text: string, from: number): number | undefined {
  let depth = 0
  let quote: string | undefined
  for (let i = from; i < text.length; i++) {
    const c = text[i]
    if (quote !== undefined) {
      if (c === '\\') i++
      else if (c === quote) quote = undefined
    } else if (c === '"' || c === "'") quote = c
    else if (c === '{') depth++
    else if (c === '}' && depth-- === 0) return i
  }
  return undefined
}

export function expressionsOf(template: Template): readonly Expression[] {
  switch (template.is) {
    case 'literal':
      return []
    case 'value':
      return [template.expression]
    case 'text':
      return template.parts.filter((part) => typeof part === 'object')
    case 'list':
      return template.items.flatMap(expressionsOf)
    case 'record':
      break
  }
  return template.fields.flatMap(([, field]) => expressionsOf(field))
}

/** Undefined: an expression that is the whole of it gave null. Throws NoValue. */
export function render(template: Template, words: Words): Json | undefined {
  switch (template.is) {
    case 'literal':
      return template.value
    case 'value':
      return resultOf(template.expression, words)
    case 'text':
      return template.parts.map((part) => (typeof part === 'string' ? part : textOf(part, words))).join('')
    case 'list':
      return template.items.flatMap((item) => {
        const value = render(item, words)
        return value === undefined ? [] : [value]
      })
    case 'record':
      break
  }
  return Object.fromEntries(
    template.fields.flatMap(([name, field]) => {
      const value = render(field, words)
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}

function resultOf(expression: Expression, words: Words): Json | undefined {
  const value = compute(expression, words)
  try {
    return jsonOf(value)
  } catch {
    throw new NoValue(expression, 'no_json')
  }
}

function textOf(expression: Expression, words: Words): string {
  const value = resultOf(expression, words)
  if (value === undefined) throw new NoValue(expression, 'no_such_key')
  if (typeof value === 'object') throw new NoValue(expression, 'no_text')
  return String(value)
}
