/** The YAML documents of files, as objects of Kubernetes. */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import type { Budget } from '../budget.ts'
import { isYaml, type Files } from '../fetch/files.ts'
import { configProblem, isConfig } from '../deploy/config.ts'
import { Failed } from '../report.ts'
import { NoYaml, parseYaml } from './yaml.ts'

export interface ParsedDocument {
  readonly file: string
  readonly value: Json
}

/** In the order of files and documents; empty ones are left out. Texts of a parser may quote what it read, so errors say the place alone. */
export async function parseDocuments(files: Files, budget: Budget): Promise<readonly ParsedDocument[]> {
  const found: ParsedDocument[] = []
  for (const [file, content] of files) {
    if (!isYaml(file)) continue
    try {
      for (const value of await parseYaml(content, budget, `Templating dir: ${file}`)) found.push({ file, value })
    } catch (error) {
      if (!(error instanceof NoYaml)) throw error
      const line = error.line === undefined ? '' : `:${error.line}`
      throw new Failed(`Templating dir: ${file}${line} is no YAML: ${error.code}`, { cause: error })
    }
  }
  return found
}

/** With lists taken apart. Throws `Failed` for what is no object of Kubernetes; a configuration of kapp is none, and stays. */
export function manifestsOf(documents: readonly ParsedDocument[]): readonly JsonObject[] {
  return documents.flatMap(({ file, value }) => {
    const items = isObject(value) && value['kind'] === 'List' ? value['items'] : undefined
    const each = Array.isArray(items) ? (items as readonly Json[]) : [value]
    return each.map((one) => {
      if (isObject(one) && isConfig(one)) {
        const problem = configProblem(one)
        if (problem !== undefined) throw new Failed(`Templating dir: ${file}: Config of kapp: ${problem}`)
        return one
      }
      const metadata = isObject(one) ? one['metadata'] : undefined
      const isManifest =
        isObject(one) && typeof one['apiVersion'] === 'string' && typeof one['kind'] === 'string' && isObject(metadata)
      if (!isManifest || typeof metadata['name'] !== 'string')
        throw new Failed(`Templating dir: a document of ${file} lacks apiVersion, kind or metadata.name`)
      for (const field of isSecret(one) ? ['data', 'stringData'] : []) {
        const texts = one[field] ?? {}
        if (!isObject(texts))
          throw new Failed(`Templating dir: ${file}: Secret ${metadata['name']}: ${field} must be a map of texts`)
      }
      return one
    })
  })
}

const isSecret = (object: JsonObject): boolean => object['kind'] === 'Secret' && object['apiVersion'] === 'v1'
