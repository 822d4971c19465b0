/**
 * Which objects a list, a watch or a deletion of many is about.
 *
 * Labels, names and the fields of the index are judged without the document; only what is left is read. So a watch of one
 * Secret among ten thousand reads one.
 */
import { badRequest } from '../../machinery/status.ts'
import {
  matchesFields,
  parseFieldSelector,
  parseLabelSelector,
  type FieldRequirement,
  type LabelSelector,
} from '../../machinery/selectors.ts'
import type { Resource } from '../../machinery/shape.ts'
import type { Index, Range } from '../../storage/store.ts'
import type { Core, Request } from './core.ts'
import { indexedFields, isCut, readField } from './index-of.ts'
import { placeOf } from './keys.ts'
import type { Stored } from './versions.ts'

export interface Selection {
  /** True when every object matches. */
  readonly everything: boolean
  /** False when the object cannot match. */
  readonly matchesIndex: (key: string, index: Index) => boolean
  /** A value that every matching object has in its name, its labels or the fields of its index; undefined when none is sure. */
  readonly mentions: string | undefined
  /** Absent when `matchesIndex` has the last word. */
  readonly matchesDocument: ((stored: Stored) => boolean) | undefined
}

/** Throws ApiError 400 for a selector that cannot be read, or a field that the kind does not select by. */
export function selectionOf(
  core: Core,
  { resource, served }: Request,
  options: { readonly labelSelector?: string; readonly fieldSelector?: string } | undefined,
): Selection {
  const labels = parseLabelSelector(options?.labelSelector ?? '')
  const fields = parseFieldSelector(options?.fieldSelector ?? '')
  checkSupported(resource, fields)
  const indexed = indexedFields(resource, served.custom !== undefined)
  const isIndexed = ({ field, value }: FieldRequirement): boolean =>
    isPlace(field) || (indexed.has(field) && !isCut(value))
  const left = fields.filter((requirement) => !isIndexed(requirement))
  return {
    everything: labels.everything && fields.length === 0,
    mentions: mentionedBy(labels, fields.filter(isIndexed)),
    matchesIndex: indexMatcher(resource, labels, fields.filter(isIndexed)),
    matchesDocument:
      left.length === 0
        ? undefined
        : (stored) => {
            const { object } = core.versions.view(served, stored)
            return matchesFields(left, (field) => readField(object, resource.selectableFields[field]!))
          },
  }
}

function indexMatcher(
  resource: Resource,
  labels: LabelSelector,
  fields: readonly FieldRequirement[],
): (key: string, index: Index) => boolean {
  if (fields.length === 0) return labels.everything ? () => true : (_, index) => labels.matches(index.labels)
  return (key, index) => {
    if (!labels.matches(index.labels)) return false
    const place = placeOf(resource, key)
    return matchesFields(fields, (field) => {
      if (field === 'metadata.name') return place.name
      return field === 'metadata.namespace' ? place.namespace : index.fields?.[field]
    })
  }
}

/** The longest is the rarest: a uid rather than a type. */
function mentionedBy(labels: LabelSelector, fields: readonly FieldRequirement[]): string | undefined {
  const ofLabels = labels.requirements.flatMap(({ operator, values }) =>
    operator === 'In' && values.length === 1 ? [...values] : [],
  )
  // An object's namespace stands in its key otherwise than as a value.
  const ofFields = fields.filter(({ field, operator }) => operator === '=' && field !== 'metadata.namespace')
  const values = [...ofLabels, ...ofFields.map(({ value }) => value)].filter((value) => value !== '')
  return values.sort((a, b) => b.length - a.length)[0]
}

/** For a read of the store. */
export function rangeOf({ everything, matchesIndex, mentions }: Selection): Pick<Range, 'match' | 'mentions'> {
  return everything ? {} : { match: matchesIndex, ...(mentions !== undefined && { mentions }) }
}

const isPlace = (field: string): boolean => field === 'metadata.name' || field === 'metadata.namespace'

function checkSupported(resource: Resource, fields: readonly FieldRequirement[]): void {
  for (const { field } of fields) {
    if (isPlace(field) || Object.hasOwn(resource.selectableFields, field)) continue
    throw badRequest(`field label not supported: ${field}`)
  }
}

/** The name that `metadata.name=X` asks for: such a list counts as one for that name in RBAC. */
export function selectedName(fieldSelector: string | undefined): string | undefined {
  if (!fieldSelector?.includes('metadata.name')) return undefined
  return parseFieldSelector(fieldSelector).find(({ field, operator }) => field === 'metadata.name' && operator === '=')
    ?.value
}
