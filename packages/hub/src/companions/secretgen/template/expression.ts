/**
 * Paths in texts: `prefix-$(.creds.data.password)-suffix`, where the first name is that of an input. A path is kubectl's JSONPath, and one that
 * finds nothing is an error: an empty password is worse than none. `{.creds.data.password}` stands for the same.
 *
 * Errors quote what the template says and never what was found.
 */
import { stringifyJson, type Json, type JsonObject } from '@larder/engine/base/json'
import { compileJsonPath, JsonPathSyntaxError } from '@larder/engine/machinery/jsonpath'

export class TemplateError extends Error {}

/** Throws TemplateError. */
export function render(text: string, inputs: JsonObject): string {
  let rendered = ''
  for (let at = 0; at < text.length;) {
    const opening = /^(?:\$\(|\{(?=\s*[.$]))/.exec(text.slice(at))?.[0]
    if (opening === undefined) {
      rendered += text[at++]!
      continue
    }
    const start = at + opening.length
    const end = closing(text, start, opening === '{' ? '{}' : '()')
    rendered += evaluate(text.slice(start, end), inputs)
    at = end + 1
  }
  return rendered
}

/** Whether it depends on one of these inputs. */
export function mentions(text: string, inputs: readonly string[]): boolean {
  return inputs.some((name) => text.includes(`.${name}`) || text.includes(`'${name}'`) || text.includes(`"${name}"`))
}

/** Where the bracket ends that is open at `start`; brackets in quotes do not count. */
function closing(text: string, start: number, [open, close]: string): number {
  let depth = 1
  let quote: string | undefined
  for (let at = start; at < text.length; at++) {
    const character = text[at]!
    if (quote !== undefined) {
      if (character === '\\') at++
      else if (character === quote) quote = undefined
    } else if (character === '"' || character === "'") quote = character
    else if (character === open) depth++
    else if (character === close && --depth === 0) return at
  }
  throw new TemplateError(`${text.slice(start)} has no end`)
}

function evaluate(source: string, inputs: JsonObject): string {
  const path = source.trim()
  // The value of the inner path would be the outer one, and would be quoted when it is wrong.
  if (path.includes('$(')) throw new TemplateError(`${path} is a path within a path, which is not done`)
  const found = allOf(path, inputs)
  if (found.length === 0) throw new TemplateError(`${missingIn(path, inputs)} is not found`)
  return found.map(textOf).join(' ')
}

function allOf(path: string, inputs: JsonObject): readonly Json[] {
  try {
    return compileJsonPath(path, { descent: true }).all(inputs)
  } catch (error) {
    if (!(error instanceof JsonPathSyntaxError)) throw error
    throw new TemplateError(error.message, { cause: error })
  }
}

const SEGMENT = /\.[^.[\]]+|\[(?:'[^']*'|"[^"]*"|[^\]'"]|'[^']*')*\]/g

/** The first part of the path that is not there. */
function missingIn(path: string, inputs: JsonObject): string {
  let so = ''
  for (const [segment] of path.matchAll(SEGMENT)) {
    so += segment
    if (readable(so) && allOf(so, inputs).length === 0) return segment.replace(/^\./, '')
  }
  return path
}

function readable(path: string): boolean {
  try {
    compileJsonPath(path, { descent: true })
    return true
  } catch (error) {
    if (!(error instanceof JsonPathSyntaxError)) throw error
    return false
  }
}

const textOf = (value: Json) => (typeof value === 'string' ? value : stringifyJson(value))
