/**
 * The step `values`: in the texts of documents `$(values.cache.nodes)` stands for a value. A text that is nothing else becomes the value,
 * a number say, or a list; within a text it becomes words, and `$(string(values.cache.nodes))` is words everywhere. Anything else between
 * brackets stays as it is, because SecretTemplates write theirs the same way. A key that is a variable is taken for what is in its map.
 * A document that is there only sometimes says when:
 *
 *     metadata: {name: $(values.namespace), annotations: {larder.dev/when: $(values.createNamespace)}}
 *
 * There is no more to it, no loops and no functions: what needs them is a Class with a recipe, of which a package makes an instance.
 *
 * Rejected: a template language of our own. Packages that need one have ytt, and those that must do without have CEL in their Class.
 */
import { isObject, stringifyJson, type Json, type JsonObject } from '@larder/engine/base/json'
import type { Budget } from '../budget.ts'
import { Failed } from '../report.ts'
import type { ParsedDocument } from './documents.ts'

const VARIABLE = /\$\((?:values((?:\.[A-Za-z0-9_-]+)*)|string\(values((?:\.[A-Za-z0-9_-]+)*)\))\)/g

/** A document stays where this is true, or not there. */
const WHEN = 'larder.dev/when'

export function fillIn(
  documents: readonly ParsedDocument[],
  values: JsonObject,
  budget: Budget,
): readonly ParsedDocument[] {
  return documents.flatMap(({ file, value }) => {
    const { when, document } = withoutWhen(filled(value, { file, values, budget }))
    return when ? [{ file, value: document }] : []
  })
}

function withoutWhen(document: Json): { readonly when: boolean; readonly document: Json } {
  const metadata = isObject(document) ? document['metadata'] : undefined
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined
  if (!isObject(document) || !isObject(metadata) || !isObject(annotations) || !(WHEN in annotations))
    return { when: true, document }
  const { [WHEN]: when, ...others } = annotations
  const { annotations: _, ...rest } = metadata
  const kept = Object.keys(others).length === 0 ? rest : { ...rest, annotations: others }
  return { when: when === true || when === 'true', document: { ...document, metadata: kept } }
}

interface Filling {
  readonly file: string
  readonly values: JsonObject
  readonly budget: Budget
}

function filled(value: Json, filling: Filling): Json {
  if (typeof value === 'string') return filledText(value, filling)
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => filled(item, filling))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => {
      const name = key.startsWith('$(') ? filledText(key, filling) : key
      return isObject(name) ? Object.entries(name) : [[String(name), filled(one, filling)]]
    }),
  )
}

function filledText(text: string, filling: Filling): Json {
  const [whole] = text.matchAll(VARIABLE)
  if (whole?.[0] === text && whole[1] !== undefined) return lookUp(whole[1], filling)
  return text.replaceAll(VARIABLE, (_, path: string | undefined, asText: string | undefined) => {
    const value = lookUp(path ?? asText ?? '', filling)
    return typeof value === 'string' ? value : stringifyJson(value)
  })
}

function lookUp(path: string, { file, values, budget }: Filling): Json {
  const names = path.split('.').slice(1)
  let value: Json | undefined = values
  for (const name of names) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  if (value === undefined) throw new Failed(`Templating dir: ${file} asks for values${path}, which nobody has set`)
  budget.takeJson(value, `Templating dir: ${file} with values${path} in it`)
  return value
}
