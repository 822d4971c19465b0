/** What a claim may say, by the schema of its class and by what its plan fixes. */
import { isObject, stringifyJson, type Json, type JsonObject } from '@larder/engine/base/json'
import type { FieldProblem } from '@larder/engine/machinery/status'
import type { Class, Plan } from './class.ts'
import { checkValue, compileAt, describeProblem, type Checked } from './schema-check.ts'

const AT = 'spec.parameters'
const SCHEMA_AT = 'spec.parameters.openAPIV3Schema'

/**
 * All parameters of an instance: what the plan fixes, what the claim says, what the schema defaults. Problems name the field, the
 * value and what is allowed.
 */
export async function checkParameters(
  service: Class,
  plan: Plan | undefined,
  said: JsonObject,
): Promise<{ readonly parameters: JsonObject; readonly problems: readonly FieldProblem[] }> {
  const fixed = plan?.parameters ?? {}
  const forbidden = plan ? fixedFields(fixed, said, AT, plan.name) : []
  const all = overlay(said, fixed)
  const { value, problems } = await check(service, all)
  return { parameters: value, problems: [...forbidden, ...problems] }
}

async function check(service: Class, parameters: JsonObject): Promise<Checked> {
  const schema = service.spec.parameters?.openAPIV3Schema
  if (!schema) return { value: parameters, problems: [] }
  const compiled = await compileAt(schema, AT)
  // A class with an unusable schema is not ready and says so itself.
  if (!compiled.schema) return { value: parameters, problems: [] }
  const { value, problems } = checkValue(compiled.schema, parameters, AT)
  return { value, problems: problems.map((problem) => withValue(problem, parameters)) }
}

const SHOWN_LENGTH = 80

/** Kubernetes tells only which type a wrong value has; who wrote `"64"` for 64 sees it at once when shown the value. */
function withValue(problem: FieldProblem, parameters: JsonObject): FieldProblem {
  if (problem.reason !== 'FieldValueTypeInvalid') return problem
  const steps = problem.path.slice(AT.length).matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)
  let value: Json | undefined = parameters
  for (const [, field, index] of steps) {
    value = (value as Readonly<Record<string, Json>> | undefined)?.[field ?? index ?? '']
  }
  if (value === undefined) return problem
  const text = stringifyJson(value)
  const shown = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
  const types = /must be of type ([^:]+)/.exec(problem.detail)?.[1] ?? 'another type'
  return { ...problem, detail: `Invalid value: ${shown}: must be of type ${types}` }
}

/** Without a schema a class takes no parameters; what its plans fix goes to the driver all the same. */
export function unexpectedParameters(service: Class, said: JsonObject): readonly FieldProblem[] {
  if (service.spec.parameters?.openAPIV3Schema) return []
  return Object.keys(said).map((name) => ({
    path: `${AT}.${name}`,
    reason: 'FieldValueForbidden',
    detail: `Forbidden: class ${service.metadata.name} takes no parameters`,
  }))
}

/** Fields that the claim sets although the plan does, also to the same value: the plan may change it. */
function fixedFields(fixed: JsonObject, said: JsonObject, path: string, plan: string): FieldProblem[] {
  return Object.entries(fixed).flatMap(([name, value]): FieldProblem[] => {
    const mine = said[name]
    const at = `${path}.${name}`
    if (mine === undefined) return []
    if (isObject(value) && isObject(mine)) return fixedFields(value, mine, at, plan)
    const detail = `Forbidden: fixed to ${stringifyJson(value)} by plan ${plan}`
    return [{ path: at, reason: 'FieldValueForbidden', detail }]
  })
}

function overlay(below: JsonObject, above: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...below }
  for (const [name, value] of Object.entries(above)) {
    const old = merged[name]
    merged[name] = isObject(old) && isObject(value) ? overlay(old, value) : value
  }
  return merged
}

/** What is wrong with the schema of a class, or with what its plans fix, as sentences. */
export async function classSchemaProblems({ spec }: Class): Promise<readonly string[]> {
  const schema = spec.parameters?.openAPIV3Schema
  if (!schema) return []
  const own = await compileAt(schema, AT)
  if (!own.schema) {
    return own.problems.map(
      ({ path, detail }) =>
        `${path.replace(/^openAPIV3Schema\.properties\[spec\]\.properties\[parameters\]/, SCHEMA_AT)}: ${detail}`,
    )
  }
  const problems: string[] = []
  for (const [i, plan] of (spec.plans ?? []).entries()) {
    const at = `spec.plans[${i}].parameters`
    for (const problem of checkValue(own.schema, plan.parameters ?? {}, AT).problems) {
      // A plan need not fix everything.
      if (problem.reason === 'FieldValueRequired') continue
      problems.push(describeProblem({ ...problem, path: problem.path.replace(AT, at) }))
    }
  }
  return problems
}
