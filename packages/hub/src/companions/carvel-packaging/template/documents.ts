/** The YAML documents of files, as objects of Kubernetes. */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { isYaml, type Files } from '../fetch/files.ts'
import { isConfig } from '../deploy/config.ts'
import { Failed } from '../report.ts'

export interface ParsedDocument {
  readonly file: string
  readonly value: Json
}

/** In the order of files and documents; empty ones are left out. Texts of a parser may quote what it read, so errors say the place alone. */
export async function parseDocuments(files: Files): Promise<readonly ParsedDocument[]> {
  const { parseAllDocuments } = await import('yaml')
  const found: ParsedDocument[] = []
  for (const [file, content] of files) {
    if (!isYaml(file)) continue
    for (const document of parseAllDocuments(content, { intAsBigInt: false, uniqueKeys: true })) {
      const [problem] = document.errors
      if (problem) throw new Failed(`Templating dir: ${file}${lineOf(problem)} is no YAML: ${problem.code}`)
      const value = document.toJS({ maxAliasCount: 100 }) as Json
      if (value !== null && value !== undefined) found.push({ file, value })
    }
  }
  return found
}

const lineOf = ({ linePos }: { readonly linePos?: readonly [{ readonly line: number }, ...unknown[]] }): string =>
  linePos === undefined ? '' : `:${linePos[0].line}`

/** With lists taken apart. Throws `Failed` for what is no object of Kubernetes; a configuration of kapp is none, and stays. */
export function manifestsOf(documents: readonly ParsedDocument[]): readonly JsonObject[] {
  return documents.flatMap(({ file, value }) => {
    const items = isObject(value) && value['kind'] === 'List' ? value['items'] : undefined
    const each = Array.isArray(items) ? (items as readonly Json[]) : [value]
    return each.map((one) => {
      if (isObject(one) && isConfig(one)) return one
      const metadata = isObject(one) ? one['metadata'] : undefined
      const isManifest =
        isObject(one) && typeof one['apiVersion'] === 'string' && typeof one['kind'] === 'string' && isObject(metadata)
      if (!isManifest || typeof metadata['name'] !== 'string')
        throw new Failed(`Templating dir: a document of ${file} lacks apiVersion, kind or metadata.name`)
      return one
    })
  })
}
