/** The list of resources that another server answers with, read with the care that a stranger's answer needs. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import type { DiscoveredResource } from '../discovery.ts'

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const textsOf = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((one: Json): one is string => typeof one === 'string') : []

/** The resources of an APIResourceList, each with its subresources; undefined when it is none. */
export function resourcesOfList(
  list: Json,
  of: { readonly group: string; readonly version: string },
): readonly DiscoveredResource[] | undefined {
  if (!isObject(list) || list['kind'] !== 'APIResourceList' || !Array.isArray(list['resources'])) return undefined
  const entries = list['resources'].filter(
    (one: Json): one is JsonObject => isObject(one) && textOf(one['name']) !== '',
  )
  const subresources = entries.filter(({ name }) => textOf(name).includes('/'))
  return entries
    .filter((one) => !subresources.includes(one))
    .map((entry) => {
      const name = textOf(entry['name'])
      return {
        ...of,
        resource: name,
        singular: textOf(entry['singularName']),
        kind: textOf(entry['kind']),
        namespaced: entry['namespaced'] === true,
        verbs: textsOf(entry['verbs']),
        shortNames: textsOf(entry['shortNames']),
        categories: textsOf(entry['categories']),
        subresources: subresources
          .filter((one) => textOf(one['name']).startsWith(`${name}/`))
          .map((one) => ({
            name: textOf(one['name']).slice(name.length + 1),
            kind: {
              group: textOf(one['group']) || of.group,
              version: textOf(one['version']) || of.version,
              kind: textOf(one['kind']),
            },
            verbs: textsOf(one['verbs']),
          })),
      }
    })
}
