/**
 * Names of custom resources must not meet those of others in their group: `kubectl get NAME` and the kind in a manifest must mean
 * one thing. Plurals, singulars and short names share one space, kinds and list kinds another, as upstream's naming controller has it.
 */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import type { Resource } from '../../machinery/shape.ts'
import type { Catalog } from './catalog.ts'

export interface NameConflict {
  /** Fields of `spec.names` that are taken. */
  readonly fields: readonly string[]
  readonly reason: string
  readonly message: string
}

const FIELDS = [
  ['plural', 'PluralConflict'],
  ['singular', 'SingularConflict'],
  ['shortNames', 'ShortNamesConflict'],
  ['kind', 'KindConflict'],
  ['listKind', 'ListKindConflict'],
] as const

/** `spec.names`, as the CRD asks for them. */
export function customNames(crd: JsonObject): JsonObject {
  const names = (crd['spec'] as JsonObject)['names']
  return isObject(names) ? names : {}
}

/** Undefined when all names are free. With several conflicts the last decides the reason, as upstream. */
export function nameConflicts(crd: JsonObject, catalog: Catalog): NameConflict | undefined {
  const name = String((crd['metadata'] as JsonObject)['name'])
  const group = (crd['spec'] as JsonObject)['group']
  const others = catalog.all().filter((one) => one.group === group && ownerOf(catalog, one) !== name)
  const taken = { resources: new Set(others.flatMap(resourceNames)), kinds: new Set(others.flatMap(kindNames)) }
  const names = customNames(crd)
  const found = FIELDS.flatMap(([field, reason]) => {
    const space = field === 'kind' || field === 'listKind' ? taken.kinds : taken.resources
    const text = valuesOf(names[field]).find((one) => space.has(one))
    return text === undefined ? [] : [{ field, reason, message: `${JSON.stringify(text)} is already in use` }]
  })
  const last = found.at(-1)
  if (!last) return undefined
  return {
    fields: found.map(({ field }) => field),
    reason: last.reason,
    message: found.map(({ message }) => message).join(', '),
  }
}

function ownerOf(catalog: Catalog, { group, version, resource }: Resource): string | undefined {
  return catalog.lookup(group, version, resource)?.custom?.name
}

const resourceNames = (one: Resource): string[] => [one.resource, one.singular, ...one.shortNames]
const kindNames = (one: Resource): string[] => [one.kind, one.listKind]

function valuesOf(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  return Array.isArray(value) ? value.map(String) : []
}
