/**
 * Custom resources: what the API server knows of a kind that a CustomResourceDefinition declares.
 *
 * A CRD goes through `crdDefaults` (what its author left out), `validateCrd` (everything that would keep it from being served
 * as its author means, named by field) and `resourcesOfCrd` (one Resource for each served version). Engines that its
 * schemas need are loaded before, by `loadSchemaEngines(crd)`; then all three are synchronous.
 */
import { isObject, type Json, type JsonObject } from '../base/json.ts'
import type { ObjectType } from './apply/types.ts'
import { columnsOf, type Cell } from './crd/columns.ts'
import { componentsOf } from './crd/openapi.ts'
import { compileJsonPath } from './jsonpath.ts'
import { normalizeMetadata } from './metadata.ts'
import { ownershipOfResource } from './schema/ownership.ts'
import { compileSchema, type StructuralSchema } from './schema/structural.ts'
import type { Kind, Resource, Shape, Subresource } from './shape.ts'
import type { FieldProblem } from './status.ts'

export { loadSchemaEngines } from './schema/structural.ts'
export { crdDefaults, validateCrd } from './crd/definition.ts'

export interface CrdNames {
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly listKind: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

export interface CrdVersion {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly deprecated?: boolean
  readonly deprecationWarning?: string
  readonly schema?: { readonly openAPIV3Schema?: JsonObject }
  readonly subresources?: { readonly status?: JsonObject; readonly scale?: JsonObject }
  readonly additionalPrinterColumns?: readonly JsonObject[]
  readonly selectableFields?: readonly { readonly jsonPath: string }[]
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const SUBRESOURCE_VERBS = ['get', 'patch', 'update']

/**
 * One resource for each served version, the preferred first. The CRD has its defaults. With problems (which `validateCrd` tells
 * with more besides) there are no resources.
 */
export function resourcesOfCrd(crd: JsonObject): {
  readonly resources: readonly Resource[]
  readonly problems: readonly FieldProblem[]
} {
  const { group, names, scope, versions } = crd['spec'] as unknown as {
    group: string
    names: CrdNames
    scope: string
    versions: readonly CrdVersion[]
  }
  const problems: FieldProblem[] = []
  const storage = versions.find((version) => version.storage) ?? versions[0]!
  const resources: Resource[] = []
  for (const [i, version] of versions.entries()) {
    const json = version.schema?.openAPIV3Schema
    const compiled = compileSchema(json, { path: `spec.versions[${i}].schema.openAPIV3Schema` })
    if (!compiled.schema) {
      problems.push(...compiled.problems)
      continue
    }
    if (!version.served) continue
    const kind = { group, version: version.name, kind: names.kind }
    const subresources = subresourcesOf(kind, version)
    resources.push({
      ...kind,
      resource: names.plural,
      singular: names.singular,
      listKind: names.listKind,
      namespaced: scope === 'Namespaced',
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      verbs: VERBS,
      subresources,
      shape: customShape(kind, names, version, compiled.schema),
      storage: { group, version: storage.name, resource: names.plural },
      hasGeneration: true,
      unconditionalUpdate: false,
      createOnUpdate: false,
      selectableFields: selectableFieldsOf(version),
      ...(version.deprecated && {
        deprecated: version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated`,
      }),
    })
  }
  if (problems.length > 0) return { resources: [], problems }
  resources.sort((a, b) => compareVersions(a.version, b.version))
  return { resources, problems }
}

function subresourcesOf(kind: Kind, version: CrdVersion): readonly Subresource[] {
  const { status, scale } = version.subresources ?? {}
  const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
  return [
    ...(isObject(status) ? [{ name: 'status', kind, verbs: SUBRESOURCE_VERBS }] : []),
    ...(isObject(scale) ? [{ name: 'scale', kind: scaleKind, verbs: SUBRESOURCE_VERBS }] : []),
  ]
}

function selectableFieldsOf(version: CrdVersion): Readonly<Record<string, readonly string[]>> {
  const paths = (version.selectableFields ?? []).map(({ jsonPath }) => compileJsonPath(jsonPath).fields ?? [])
  return Object.fromEntries(paths.map((fields) => [fields.join('.'), fields]))
}

function customShape(kind: Kind, names: CrdNames, version: CrdVersion, schema: StructuralSchema): Shape {
  const cells: readonly Cell[] = columnsOf(version.additionalPrinterColumns)
  let ownership: ObjectType | undefined
  const components = componentsOf(kind, names.listKind, version.schema?.openAPIV3Schema ?? {})
  return {
    normalize(object) {
      const { value, unknown, problems } = schema.normalize(object)
      const metadata = normalizeMetadata(value['metadata'])
      return {
        object: { ...value, metadata: metadata.metadata },
        unknown: [...unknown, ...metadata.unknown],
        problems: [...problems, ...metadata.problems],
      }
    },
    validate: (object, old) => schema.validate(object, old),
    ownership: () => (ownership ??= ownershipOfResource(schema.root)),
    columns: cells.map(({ column }) => column),
    row: (object: JsonObject, nowMs: number): readonly Json[] => cells.map((cell) => cell.read(object, nowMs)),
    schemaName: components.name,
    schemas: () => components.schemas(),
  }
}

const VERSION = /^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?$/
const STAGES = ['alpha', 'beta', undefined]

/** Kubernetes order: `v2, v1, v2beta1, v1beta2, v1alpha1`, then other names by the alphabet. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [VERSION.exec(a), VERSION.exec(b)]
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : Number(a > b)
  return (
    STAGES.indexOf(right[2]) - STAGES.indexOf(left[2]) ||
    Number(right[1]) - Number(left[1]) ||
    Number(right[3] ?? 0) - Number(left[3] ?? 0)
  )
}
