/** The rows of `--values-schema`: a key for each value that has no parts; parts stand behind dots. */
import { isObject, type Json } from '@larder/engine/base/json'

export type SchemaRow = readonly [key: string, fallback: string, type: string, description: string]

export async function schemaRows(schema: Json | undefined): Promise<readonly SchemaRow[]> {
  const { stringify } = await import('yaml')
  const shown = (value: Json | undefined): string => {
    const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
    return value === undefined || value === null || isEmpty ? '' : stringify(value).trimEnd().replaceAll('\n', '; ')
  }
  const rowsOf = (node: Json | undefined, prefix: string): readonly SchemaRow[] => {
    const properties = isObject(node) ? node['properties'] : undefined
    if (!isObject(properties)) return []
    return Object.entries(properties).flatMap(([name, one]): readonly SchemaRow[] => {
      const key = `${prefix}${name}`
      const inner = rowsOf(one, `${key}.`)
      if (inner.length > 0 || !isObject(one)) return inner
      const { default: fallback, type, description } = one
      return [
        [
          key,
          shown(fallback),
          String(type ?? ''),
          typeof description === 'string' ? description.replaceAll(/\s+/g, ' ').trim() : '',
        ],
      ]
    })
  }
  return rowsOf(schema, '')
}
