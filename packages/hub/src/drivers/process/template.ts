/**
 * The placeholders of a recipe.
 *
 * - `${port.client}` is replaced by a value; a name without a value is an error that says where.
 * - `${parameter.maxmemory?}` may be missing: the line of a file, or the list item, that holds it is then left out.
 * - A list item that is one placeholder whose value is a list becomes several items: `${role.rules}`.
 * - `$${` is a literal `${`.
 *
 * Values: `instance.id`, `plan.name`, `host`, `port.NAME`, `parameter.PATH`, `engine.command`, `engine.folder` (where the
 * command is), `secret.NAME` (made up for the instance) and `secretSha256.NAME`, and while a credential is handled `credential.username`,
 * `credential.password`, `credential.passwordSha256`, `role.NAME`. Secrets are refused where others on the machine can read them: on command lines
 * and in the environment. There are no expressions and no loops: what needs those is a driver, not a recipe.
 */
import { invalid } from '@larder/kit'
import type { Json } from '@larder/kit'

export type TemplateValues = { readonly [k: string]: Json | undefined }

export interface Place {
  /** Where the template stands, for errors: `recipe.files[0].content`. */
  path: string
  /** Whether others on this machine may read the result. */
  readable: boolean
  /** Whether it is a statement, in which a quote would end what a value stands in. */
  statement?: boolean
}

const PLACEHOLDER = /(\$?)\$\{([^}]*)\}/g
const MISSING = Symbol('missing')

/** One text; undefined when an optional placeholder in it has no value. */
function renderOptional(template: string, values: TemplateValues, place: Place): string | undefined {
  let missing = false
  const rendered = template.replaceAll(PLACEHOLDER, (whole: string, escape: string, name: string) => {
    if (escape !== '') return whole.slice(1)
    const value = lookUp(name, values, place)
    if (value === MISSING) missing = true
    return value === MISSING ? '' : asText(value, name, place)
  })
  return missing ? undefined : rendered
}

export function render(template: string, values: TemplateValues, place: Place): string {
  return renderOptional(template, values, place) ?? ''
}

/** A file, line by line. */
export function renderLines(template: string, values: TemplateValues, place: Place): string {
  const lines = template.split('\n').map((line) => renderOptional(line, values, place))
  return lines.filter((line) => line !== undefined).join('\n')
}

export function renderList(templates: readonly string[], values: TemplateValues, place: Place): string[] {
  return templates.flatMap((template) => {
    const whole = /^\$\{([^}]*)\}$/.exec(template)
    const value = whole ? lookUp(whole[1] ?? '', values, place) : undefined
    if (Array.isArray(value)) return value.map((v: Json) => asText(v, whole?.[1] ?? '', place))
    const rendered = renderOptional(template, values, place)
    return rendered === undefined ? [] : [rendered]
  })
}

function lookUp(name: string, values: TemplateValues, place: Place): Json | typeof MISSING {
  const optional = name.endsWith('?')
  const path = optional ? name.slice(0, -1) : name
  if (place.readable && /^(secret|credential\.password)/.test(path)) {
    throw invalid(place.path, `${place.path} may not hold \${${path}}: others on this machine could read it`)
  }
  let value: Json | undefined = values as Json
  for (const part of path.split('.')) {
    const inner = value as { readonly [k: string]: Json } | null
    value = typeof inner === 'object' && inner !== null && Object.hasOwn(inner, part) ? inner[part] : undefined
  }
  if (value !== undefined && value !== null) return value
  if (optional) return MISSING
  throw invalid(place.path, `${place.path} names \${${path}}, which has no value`)
}

function asText(value: Json, name: string, place: Place): string {
  if (typeof value === 'object') {
    throw invalid(place.path, `${place.path} names \${${name}}, which is not one value`)
  }
  const text = String(value)
  // A line break in a parameter would let its author write further lines of the engine's configuration.
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    const path = name.replace(/\?$/, '').replace(/^parameter\./, 'parameters.')
    throw invalid(path, `${path} may not hold line breaks or control characters`)
  }
  if (place.statement && !/^[\w.-]*$/.test(text)) {
    throw invalid(place.path, `${place.path} may hold only letters, digits, _ . and - where \${${name}} stands`)
  }
  return text
}
