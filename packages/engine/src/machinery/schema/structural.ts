/**
 * Structural schemas: the schemas of CustomResourceDefinitions, compiled once to prune, complete and judge objects.
 *
 * ```ts
 * await loadSchemaEngines(openAPIV3Schema)
 * const { schema, problems } = compileSchema(openAPIV3Schema)
 * const { value, unknown } = schema.normalize({ spec: { size: 3, foo: 1 } })  // unknown: ['spec.foo']
 * schema.validate(value, undefined)  // spec.size: Invalid value: 3: spec.size in body should be ...
 * ```
 *
 * The same validator runs in the API server, the CLI and the browser, so nothing here is Node's own. The RE2 and CEL engines are
 * loaded by the first schema that needs them; compiling itself is synchronous, so that a CRD is served within its own write.
 *
 * Rejected: ajv. It differs in formats, regular expressions, error texts, null and integers, and can neither prune nor ratchet.
 */
import { freezeJson, type Json, type JsonObject } from '../../base/json.ts'
import { invalidValue } from '../problems.ts'
import type { FieldProblem } from '../status.ts'
import type { SchemaNode } from './node.ts'
import { normalizeObject, normalizeValue, type Findings } from './normalize.ts'
import { loadRe2 } from './pattern.ts'
import { readSchema } from './read.ts'
import { compileCheck, runCheck } from './validate.ts'

export interface StructuralSchema {
  readonly root: SchemaNode
  /** Unknown fields and meaningless nulls dropped, defaults filled in. Idempotent; the argument stays as it is. */
  normalize(value: JsonObject): {
    readonly value: JsonObject
    readonly unknown: readonly string[]
    readonly problems: readonly FieldProblem[]
  }
  /** `old` is the stored object on update: unchanged parts are not judged again. */
  validate(value: JsonObject, old: JsonObject | undefined): readonly FieldProblem[]
}

export interface SchemaOptions {
  /** Where the schema stands in its CRD, for problems. */
  readonly path?: string
  /** A resource keeps `apiVersion`, `kind` and `metadata` without declaring them; true unless said otherwise. */
  readonly isResource?: boolean
}

export type CompiledSchema =
  | { readonly schema: StructuralSchema; readonly problems: readonly [] }
  | { readonly schema: undefined; readonly problems: readonly FieldProblem[] }

let rulesModule: typeof import('../cel/rules.ts') | undefined

/** Loads what compiling this schema (or a CRD that holds it) needs. Cheap when it is loaded already. */
export async function loadSchemaEngines(schema: Json | undefined): Promise<void> {
  const hasRules = hasKey(schema, 'x-kubernetes-validations')
  if (hasRules || hasKey(schema, 'pattern')) await loadRe2()
  if (hasRules) rulesModule ??= await import('../cel/rules.ts')
}

/** `loadSchemaEngines` must have been awaited. Never throws for what the schema says: that is in `problems`. */
export function compileSchema(schema: Json | undefined, options: SchemaOptions = {}): CompiledSchema {
  const { path = 'openAPIV3Schema', isResource = true } = options
  const problems: FieldProblem[] = []
  const root = readSchema(schema, path, problems)
  if (problems.length === 0) completeDefaults(root, problems)
  const hasRules = problems.length === 0 && hasKey(schema, 'x-kubernetes-validations')
  if (hasRules && !rulesModule)
    throw new Error('loadSchemaEngines() must be awaited before schemas with rules are compiled')
  const checkRules = hasRules ? rulesModule!.compileRules(root, isResource, problems) : undefined
  if (problems.length > 0) return { schema: undefined, problems }
  const check = compileCheck(root)
  return {
    problems: [],
    schema: {
      root,
      normalize(value) {
        const findings: Findings = { unknown: [], problems: [] }
        return { value: normalizeObject(value, root, '', findings, isResource), ...findings }
      },
      validate(value, old) {
        const found = runCheck(check, value, old)
        // Rules may rely on what the schema promises.
        return found.length > 0 || !checkRules ? found : checkRules(value, old)
      },
    },
  }
}

function hasKey(value: Json | undefined, key: string): boolean {
  if (value === null || typeof value !== 'object') return false
  if (!Array.isArray(value) && Object.hasOwn(value, key)) return true
  return Object.values(value).some((item: Json) => hasKey(item, key))
}

/** Children first, so that a default may leave out what has a default itself. Defaults must be known and valid. */
function completeDefaults(node: SchemaNode, problems: FieldProblem[]): void {
  for (const child of node.properties.values()) completeDefaults(child, problems)
  if (node.items) completeDefaults(node.items, problems)
  if (node.additional && node.additional !== true) completeDefaults(node.additional, problems)
  const defaulted: (readonly [string, Json])[] = []
  for (const [name, child] of node.properties) if (child.default !== undefined) defaulted.push([name, child.default])
  node.defaulted = defaulted
  if (node.default === undefined) return
  const findings: Findings = { unknown: [], problems: [] }
  const at = `${node.at}.default`
  const completed = normalizeValue(node.default, node, at, findings)
  for (const field of findings.unknown)
    problems.push(invalidValue(at, node.default, `must not have unknown field ${field}`))
  compileCheck(node)(completed, at, undefined, problems)
  node.default = freezeJson(completed)
}
