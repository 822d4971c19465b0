/**
 * `-o jsonpath=TEMPLATE`, as kubectl reads it: text, and in braces paths, quoted texts, and `range PATH` up to `end`.
 *
 *     {range .items[*]}{.metadata.name}{"\\t"}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}
 *
 * Several values of one path are joined by a space; texts are printed as they are, everything else as JSON; what is absent is
 * nothing. Outside of braces a template is plain text, also where somebody forgot them: that is kubectl's habit as well.
 */
import { stringifyJson, type Json } from '@larder/engine/base/json'
import { compileJsonPath, JsonPathSyntaxError, type JsonPath } from '@larder/engine/machinery/jsonpath'

type Node =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'value'; readonly path: JsonPath; readonly fromRoot: boolean }
  | { readonly type: 'range'; readonly path: JsonPath; readonly fromRoot: boolean; readonly body: Node[] }

export interface JsonPathTemplate {
  render(value: Json): string
}

const ACTION = /\{((?:[^'"{}]|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")*)\}/sy

/** Throws JsonPathSyntaxError. */
export function compileJsonPathTemplate(source: string): JsonPathTemplate {
  const nodes = parse(source)
  return { render: (value) => render(nodes, value, value) }
}

function parse(source: string): Node[] {
  const root: Node[] = []
  const open: Node[][] = [root]
  let at = 0
  while (at < source.length) {
    const brace = source.indexOf('{', at)
    if (brace !== at) open[0]!.push({ type: 'text', text: source.slice(at, brace < 0 ? undefined : brace) })
    if (brace < 0) break
    ACTION.lastIndex = brace
    const action = ACTION.exec(source)
    if (!action) throw new JsonPathSyntaxError(source, 'a brace is not closed')
    at = ACTION.lastIndex
    const word = action[1]!.trim()
    if (word === 'end') {
      if (open.length === 1) throw new JsonPathSyntaxError(source, 'there is no range for this end')
      open.shift()
      continue
    }
    const node = nodeOf(word)
    open[0]!.push(node)
    if (node.type === 'range') open.unshift(node.body)
  }
  if (open.length > 1) throw new JsonPathSyntaxError(source, 'a range has no end')
  return root
}

function nodeOf(word: string): Node {
  const quoted = /^(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")$/s.exec(word)
  if (quoted) return { type: 'text', text: unescape(quoted[1] ?? quoted[2]!) }
  const range = /^range\s+(.*)$/s.exec(word)
  if (range) return { type: 'range', ...pathOf(range[1]!), body: [] }
  return { type: 'value', ...pathOf(word) }
}

/** `$` is the whole, `@` the item of the range. */
function pathOf(text: string): { path: JsonPath; fromRoot: boolean } {
  const path = compileJsonPath(text.replace(/^@/, '').replace(/^$/, '.'), { descent: true })
  return { path, fromRoot: text.startsWith('$') }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
const unescape = (text: string) => text.replaceAll(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character)

function render(nodes: readonly Node[], value: Json, root: Json): string {
  return nodes
    .map((node) => {
      if (node.type === 'text') return node.text
      const found = node.path.all(node.fromRoot ? root : value)
      if (node.type === 'value') return found.map(textOf).join(' ')
      return found.map((item) => render(node.body, item, root)).join('')
    })
    .join('')
}

const textOf = (value: Json) => (typeof value === 'string' ? value : value === null ? '' : stringifyJson(value))
