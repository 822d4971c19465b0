/**
 * Values of a package: read from Secrets and files, laid one over the other, given the defaults of the package's schema and checked
 * against it. The validator is the API's own, so that one mistake reads the same everywhere.
 */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { checkValue, compileAt, describeProblem } from '../../../model/schema-check.ts'
import type { Budget } from '../budget.ts'
import { textsBeside, type Beside } from '../fetch/source.ts'
import { normalPath, type Files } from '../fetch/files.ts'
import type { ValuesSource } from '../kinds.ts'
import { Failed } from '../report.ts'
import { NoYaml, parseYaml } from './yaml.ts'

/** YAML texts, the later over the earlier, with names for errors. */
export async function readValues(
  sources: readonly ValuesSource[],
  { files, ...beside }: Beside & { readonly files: Files },
): Promise<readonly { readonly name: string; readonly text: string }[]> {
  const found: { name: string; text: string }[] = []
  for (const { secretRef, configMapRef, path, downwardAPI } of sources) {
    if (downwardAPI)
      throw new Failed('Reading values: valuesFrom.downwardAPI is not supported: say the values in a Secret')
    const source = secretRef ?? configMapRef
    if (source) {
      const what = `${secretRef ? 'Secret' : 'ConfigMap'} ${JSON.stringify(source.name)}`
      const texts = await textsBeside({ secretRef, configMapRef }, beside, {
        for: `Reading values: ${what}`,
        key: source.key,
      })
      const keys = source.key === undefined ? Object.keys(texts).sort() : [source.key]
      for (const key of keys) {
        const text = texts[key]
        if (text === undefined) throw new Failed(`Reading values: ${what} has no key ${JSON.stringify(key)}`)
        found.push({ name: `key ${key} of ${what}`, text })
      }
    } else if (path !== undefined) {
      const text = files.get(normalPath(path) ?? '')
      if (text === undefined) throw new Failed(`Reading values: there is no file ${path}`)
      beside.budget.take(Buffer.byteLength(text), `Reading values: ${path}`)
      found.push({ name: path, text })
    }
  }
  return found
}

export async function mergeValues(
  texts: readonly { readonly name: string; readonly text: string }[],
  budget: Budget,
): Promise<JsonObject> {
  let merged: JsonObject = {}
  for (const { name, text } of texts) {
    let documents: readonly Json[]
    try {
      documents = await parseYaml(text, budget, `Reading values: ${name}`)
    } catch (error) {
      if (!(error instanceof NoYaml)) throw error
      throw new Failed(`Reading values: ${name} is no YAML: ${error.code}`, { cause: error })
    }
    const [value = {}, ...more] = documents
    if (more.length > 0) throw new Failed(`Reading values: ${name} is no YAML: MULTIPLE_DOCS`)
    if (!isObject(value)) throw new Failed(`Reading values: ${name} is no map`)
    merged = over(merged, value)
  }
  return merged
}

function over(under: JsonObject, value: JsonObject): JsonObject {
  const entries = Object.entries(value).map(([key, one]) => {
    const below = under[key]
    return [key, isObject(below) && isObject(one) ? over(below, one) : one] as const
  })
  return { ...under, ...Object.fromEntries(entries) }
}

/** `values` with the defaults of the schema. Throws `Failed` with every field that is wrong; never with its value. */
export async function checkAgainst(schema: Json | undefined, values: JsonObject): Promise<JsonObject> {
  if (!isObject(schema)) return values
  const { schema: usable, problems } = await compileAt(structural(schema), 'values')
  if (!usable) throw new Failed(`valuesSchema.openAPIv3 cannot be used: ${problems.map(describeProblem).join('; ')}`)
  const checked = checkValue(usable, values, 'values')
  if (checked.problems.length === 0) return checked.value
  const useful = checked.problems.map(({ path, detail, why = detail }) => `${path}: ${why}`).join('\n')
  throw new Failed(`Values do not fit the schema of the package: ${useful.split('\n').join('; ')}`, { useful })
}

/**
 * OpenAPI lets more be said than a schema of Kubernetes: what has no type may be anything, and what does not forbid others allows them.
 * `additionalProperties: false` beside properties is what the validator does anyway.
 */
function structural(schema: JsonObject): JsonObject {
  const { additionalProperties, properties, items, title: _, example: __, ...rest } = schema
  const anything = { 'x-kubernetes-preserve-unknown-fields': true }
  const isOpen = isObject(properties) && additionalProperties !== false
  const type = rest['type'] ?? (isObject(properties) ? 'object' : undefined)
  return {
    ...rest,
    ...(type !== undefined && { type }),
    ...(type === undefined && anything),
    ...(isObject(properties) && { properties: mapValues(properties) }),
    ...(isOpen && anything),
    ...(!isObject(properties) && type === 'object' && additionalProperties !== false && freely(additionalProperties)),
    ...(type === 'array' && { items: isObject(items) ? structural(items) : anything }),
  }
}

const freely = (additional: Json | undefined): JsonObject =>
  isObject(additional) && Object.keys(additional).length > 0
    ? { additionalProperties: structural(additional) }
    : { 'x-kubernetes-preserve-unknown-fields': true }

const mapValues = (properties: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, isObject(one) ? structural(one) : structural({})]),
  )

/** Shorter ones are words that stand everywhere. */
const SHORTEST_SECRET = 4
const isLong = (text: string): boolean => text.length >= SHORTEST_SECRET

/** Every text and number among values, and every line of it, that may be secret. */
export function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [...[value].filter(isLong), ...linesOf(value)]
  if (typeof value === 'number' || typeof value === 'bigint') return [String(value)].filter(isLong)
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(textsIn)
  return isObject(value) ? Object.values(value).flatMap(textsIn) : []
}

/** As they are written: a number may be written in several ways. */
export const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(isLong)

/** Of a file that is secret as a whole, and need not be YAML: its lines, and what stands between spaces, quotes and signs. */
export const wordsOf = (text: string): readonly string[] => [
  ...linesOf(text),
  ...text.split(/\s+/).filter(isLong),
  ...text.split(/[\s"'`=:,;()[\]{}]+/).filter(isLong),
]
