/** What a reason means or a field is for, from the declarations that the program carries: no server is asked. */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { API_VERSION, type Kind } from '../../model/kind.ts'
import { kinds } from '../../model/kinds.ts'
import { reasonInWords } from '../../model/reason-in-words.ts'
import { reasons, type Reason } from '../../model/reasons.ts'
import type { Run } from '../command.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { isKindName, kindNamed } from '../kinds.ts'
import { serialize } from '../print.ts'
import { renderTable } from '../table.ts'

export const run: Run = async ({ args, options }, terminal) => {
  const asked = args[0]!
  const reason = Object.keys(reasons).find((name) => name.toLowerCase() === asked.toLowerCase()) as Reason | undefined
  if (reason) {
    if (options.output === undefined) return terminal.out(reasonText(reason))
    return terminal.out(await serialize({ reason, ...reasons[reason] }, options.output))
  }
  const [first = '', ...path] = asked.split('.')
  if (!isKindName(first)) {
    throw new CommandFailed(EXIT.notFound, `"${asked}" is neither a reason nor a kind of Larder`, {
      why: `kinds are ${kinds.map((k) => k.singular).join(', ')}; reasons are listed in docs/reference/reasons.md`,
      next: 'larder explain claim, larder explain claim.spec, larder explain ClassNotFound',
    })
  }
  const kind = kindNamed(first)
  const schema = fieldAt(kind, path)
  terminal.out(options.output === undefined ? fieldText(kind, path, schema) : await serialize(schema, options.output))
}

function reasonText(name: Reason): string {
  const { meaning, who, heals, next } = reasonInWords(name)
  return `${name}: ${meaning}\n  who:   ${who}\n  heals: ${heals}\n  next:  ${next}\n`
}

const rootOf = (kind: Kind<unknown, unknown>): JsonObject => ({
  type: 'object',
  description: kind.description,
  required: ['spec'],
  properties: { spec: kind.spec.schema, status: kind.status.schema },
})

function fieldAt(kind: Kind<unknown, unknown>, path: readonly string[]): JsonObject {
  let schema = rootOf(kind)
  for (const [i, name] of path.entries()) {
    const fields = fieldsOf(schema)
    const next = fields[name.replace(/\[\]$/, '')]
    if (!isObject(next)) {
      const parent = [kind.singular, ...path.slice(0, i)].join('.')
      const there = Object.keys(fields)
      throw new CommandFailed(EXIT.notFound, `${parent} has no field ${name}`, {
        why: there.length === 0 ? `${parent} has no fields` : `its fields are ${there.join(', ')}`,
        next: `larder explain ${parent}`,
      })
    }
    schema = next
  }
  return schema
}

/** Of an object, of the items of a list, or of the values of a map. */
function fieldsOf(schema: JsonObject): JsonObject {
  const { properties, items, additionalProperties } = schema
  if (isObject(properties)) return properties
  if (isObject(items)) return fieldsOf(items)
  return isObject(additionalProperties) ? fieldsOf(additionalProperties) : {}
}

function fieldText(kind: Kind<unknown, unknown>, path: readonly string[], schema: JsonObject): string {
  const heading =
    path.length === 0 ? `${kind.kind} (${API_VERSION})` : `${[kind.singular, ...path].join('.')} (${typeOf(schema)})`
  const fields = Object.entries(fieldsOf(schema)).filter((entry): entry is [string, JsonObject] => isObject(entry[1]))
  const needed = requiredOf(schema)
  const rows = fields.map(([name, field]) => [
    `  ${name}`,
    `${typeOf(field)}${needed.includes(name) ? ', required' : ''}`,
    text(field['description']),
  ])
  const table = rows.length === 0 ? '' : `\n${renderTable(['  FIELD', 'TYPE', 'MEANING'], rows)}`
  return `${heading}\n${text(schema['description'])}\n${table}`
}

function requiredOf(schema: JsonObject): readonly Json[] {
  if (Array.isArray(schema['required'])) return schema['required'] as readonly Json[]
  return isObject(schema['items']) ? requiredOf(schema['items']) : []
}

function typeOf(field: JsonObject): string {
  if (Array.isArray(field['enum'])) return (field['enum'] as readonly Json[]).map(text).join('|')
  if (field['type'] === 'array') return `list of ${isObject(field['items']) ? typeOf(field['items']) : 'anything'}`
  if (isObject(field['additionalProperties'])) return `map of ${typeOf(field['additionalProperties'])}`
  if (field['format'] === 'date-time') return 'time'
  return text(field['type']) || 'anything'
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
