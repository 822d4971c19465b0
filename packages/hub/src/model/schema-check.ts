/**
 * Checks values against schemas that are known only at run time: of classes, and of drivers. The same validator as the API's, so that
 * one mistake reads the same everywhere.
 */
import type { Json, JsonObject } from '@larder/engine/base/json'
import {
  compileSchema,
  loadSchemaEngines,
  type CompiledSchema,
  type StructuralSchema,
} from '@larder/engine/machinery/schema/structural'
import type { FieldProblem } from '@larder/engine/machinery/status'

/** `spec.parameters.colour: Unsupported value: "green": supported values: "red", "blue"` */
export const describeProblem = ({ path, detail }: FieldProblem): string => `${path}: ${detail}`

export interface Checked {
  /** With defaults, and without what the schema does not know. */
  readonly value: JsonObject
  readonly problems: readonly FieldProblem[]
}

/** Objects are shared and frozen, so that the same schema is compiled once as long as somebody holds it. */
const compiled = new WeakMap<object, Map<string, Promise<CompiledSchema>>>()

/** `path` is where the value stands in its object, `spec.parameters`: problems name fields from there. */
export function compileAt(schema: JsonObject, path: string): Promise<CompiledSchema> {
  let byPath = compiled.get(schema)
  if (!byPath) compiled.set(schema, (byPath = new Map()))
  let result = byPath.get(path)
  if (!result) byPath.set(path, (result = compile(nest(schema, path))))
  return result
}

async function compile(schema: JsonObject): Promise<CompiledSchema> {
  await loadSchemaEngines(schema)
  return compileSchema(schema, { isResource: false })
}

/** The schema of an object that has the value at `path`, so that the validator itself writes whole paths. */
const nest = (schema: JsonObject, path: string): JsonObject =>
  path.split('.').reduceRight<JsonObject>((inner, name) => ({ type: 'object', properties: { [name]: inner } }), schema)

export function checkValue(schema: StructuralSchema, value: JsonObject, path: string): Checked {
  const names = path.split('.')
  const whole = names.reduceRight<JsonObject>((inner, name) => ({ [name]: inner }), value)
  const normal = schema.normalize(whole)
  const unknown = normal.unknown.map((field): FieldProblem => ({
    path: field,
    reason: 'FieldValueForbidden',
    detail: `Forbidden: unknown field; allowed: ${allowedBeside(schema, field)}`,
  }))
  const inner = names.reduce<JsonObject>((object, name) => (object[name] ?? {}) as JsonObject, normal.value)
  const invalid = normal.problems.length > 0 ? [] : schema.validate(normal.value, undefined)
  return { value: inner, problems: [...unknown, ...normal.problems, ...invalid] }
}

/** The names that the schema knows in the object that holds `field`. */
function allowedBeside(schema: StructuralSchema, field: string): string {
  let node: StructuralSchema['root'] | undefined = schema.root
  for (const part of field.split('.').slice(0, -1)) {
    node = node?.properties.get(part.replace(/\[\d+\]$/, ''))
    if (part.endsWith(']')) node = node?.items
  }
  return [...(node?.properties.keys() ?? [])].sort().join(', ') || 'none'
}

/** Problems of a value against a schema of a driver, as sentences; also when the schema itself is unusable. */
export async function schemaProblems(schema: JsonObject, value: Json, path: string): Promise<readonly string[]> {
  const { schema: usable, problems } = await compileAt(schema, path)
  if (!usable)
    return problems.map((p) => `the driver's own schema for ${path} is not structural: ${describeProblem(p)}`)
  return checkValue(usable, value as JsonObject, path).problems.map(describeProblem)
}
