/**
 * Placeholders in a recipe: `${parameter.size}`, `${instance.name}`, `${output.QueueURL}`.
 *
 * - A text that is one placeholder becomes its value, of whatever type: `${parameter.replicas}` is a number.
 * - In a longer text a value is written out; lists with commas, as CloudFormation takes them.
 * - `${parameter.size?}` may be missing: then the whole text is, and with it the field that holds it.
 * - `$${` is a literal `${`.
 */
import { invalid, isRecord } from '@larder/kit'
import type { Json } from '@larder/kit'

export type Values = { readonly [k: string]: Json | undefined }

const PLACEHOLDER = /(\$?)\$\{([^}]*)\}/g
const WHOLE = /^\$\{([^}]*)\}$/

/** Every text in it; undefined when that is missing. `path`: where it stands, for errors. */
export function render(template: Json, values: Values, path: string): Json | undefined {
  if (typeof template === 'string') return renderText(template, values, path)
  if (Array.isArray(template)) {
    const items = (template as readonly Json[]).map((item, i) => render(item, values, `${path}[${i}]`))
    return items.filter((item) => item !== undefined)
  }
  if (!isRecord(template)) return template
  const fields = Object.entries(template).map(([key, field]) => [key, render(field, values, `${path}.${key}`)] as const)
  return Object.fromEntries(fields.filter((field): field is readonly [string, Json] => field[1] !== undefined))
}

function renderText(template: string, values: Values, path: string): Json | undefined {
  const whole = WHOLE.exec(template)?.[1]
  if (whole !== undefined) return lookUp(whole, values, path)
  let missing = false
  const text = template.replaceAll(PLACEHOLDER, (placeholder: string, escape: string, name: string) => {
    if (escape !== '') return placeholder.slice(1)
    const value = lookUp(name, values, path)
    if (value === undefined) missing = true
    return value === undefined ? '' : asText(value, path)
  })
  return missing ? undefined : text
}

function lookUp(name: string, values: Values, path: string): Json | undefined {
  const isOptional = name.endsWith('?')
  let value: Json | undefined = values as Json
  for (const part of (isOptional ? name.slice(0, -1) : name).split('.')) {
    value = partOf(value, part)
  }
  if (value !== undefined && value !== null) return value
  if (isOptional) return undefined
  const parameter = /^parameter\.(.+)$/.exec(name)?.[1]
  if (parameter !== undefined)
    throw invalid(`parameters.${parameter}`, `parameters.${parameter} is required by ${path}`)
  throw invalid(path, `${path} names \${${name}}, which has no value`)
}

/** Items of a list are called by their number. */
function partOf(value: Json | undefined, part: string): Json | undefined {
  if (Array.isArray(value)) return (value as readonly Json[])[Number(part)]
  return isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined
}

export function asText(value: Json, path: string): string {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => asText(item, path)).join(',')
  if (typeof value === 'object' && value !== null) throw invalid(path, `${path} must be one value and not an object`)
  return String(value)
}

/** Of fields that are texts in the end, such as tags and keys of a Secret. */
export function renderTexts(
  templates: Readonly<Record<string, string>>,
  values: Values,
  path: string,
): Record<string, string> {
  const rendered = Object.entries(render(templates, values, path) as Readonly<Record<string, Json>>)
  return Object.fromEntries(rendered.map(([key, value]) => [key, asText(value, `${path}.${key}`)]))
}
