/** What a CustomResourceDefinition must say, and what it may leave out. Texts follow apiextensions' `validation`. */
import { equalJson, isObject, type Json, type JsonObject } from '../../base/json.ts'
import { compileJsonPath } from '../jsonpath.ts'
import { dns1035LabelProblems, dnsSubdomainProblems } from '../names.ts'
import { invalidValue, requiredValue, tooMany, unsupportedValue } from '../problems.ts'
import { compileSchema } from '../schema/structural.ts'
import type { SchemaNode } from '../schema/node.ts'
import type { FieldProblem } from '../status.ts'

/** The CRD with `names.singular`, `names.listKind` and `conversion` filled in. */
export function crdDefaults(crd: JsonObject): JsonObject {
  const spec = crd['spec']
  if (!isObject(spec)) return crd
  const names = spec['names']
  const strategy = isObject(spec['conversion']) ? spec['conversion']['strategy'] : undefined
  return {
    ...crd,
    spec: {
      ...spec,
      ...(isObject(names) && { names: namesWithDefaults(names) }),
      conversion: { ...(spec['conversion'] as JsonObject | undefined), strategy: strategy ?? 'None' },
    },
  }
}

function namesWithDefaults(names: JsonObject): JsonObject {
  const { kind } = names
  if (typeof kind !== 'string' || kind === '') return names
  return { ...names, singular: names['singular'] || kind.toLowerCase(), listKind: names['listKind'] || `${kind}List` }
}

/** Problems of a CRD that has its defaults; `old` is the stored one on update. `loadSchemaEngines(crd)` must have run. */
export function validateCrd(crd: JsonObject, old?: JsonObject): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  const spec = crd['spec']
  if (!isObject(spec)) return [requiredValue('spec')]
  groupProblems(crd, spec, problems)
  namesProblems(spec, problems)
  if (spec['scope'] !== 'Cluster' && spec['scope'] !== 'Namespaced') {
    if (spec['scope'] === undefined || spec['scope'] === '') problems.push(requiredValue('spec.scope'))
    else problems.push(unsupportedValue('spec.scope', spec['scope'], ['Cluster', 'Namespaced']))
  }
  if (spec['preserveUnknownFields'] === true) {
    const why = 'must be false; put x-kubernetes-preserve-unknown-fields: true into the schema instead'
    problems.push(invalidValue('spec.preserveUnknownFields', true, why))
  }
  conversionProblems(spec, problems)
  versionsProblems(spec, problems)
  storedVersionsProblems(crd, spec, problems)
  if (old) changeProblems(crd, old, problems)
  return problems
}

const textAt = (object: Json | undefined, key: string): string => {
  const value = isObject(object) ? object[key] : undefined
  return typeof value === 'string' ? value : ''
}
const listAt = (object: Json | undefined, key: string): readonly Json[] => {
  const value = isObject(object) ? object[key] : undefined
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

const PROTECTED_GROUP = /(?:^|\.)(?:k8s\.io|kubernetes\.io)$/
const APPROVAL = 'api-approved.kubernetes.io'

function groupProblems(crd: JsonObject, spec: JsonObject, problems: FieldProblem[]): void {
  const group = textAt(spec, 'group')
  if (group === '') problems.push(requiredValue('spec.group'))
  else if (!group.includes('.')) {
    problems.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'))
  } else for (const why of dnsSubdomainProblems(group)) problems.push(invalidValue('spec.group', group, why))
  const name = textAt(crd['metadata'], 'name')
  if (name !== `${textAt(spec['names'], 'plural')}.${group}`) {
    problems.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'))
  }
  const metadata = crd['metadata']
  if (
    PROTECTED_GROUP.test(group) &&
    textAt(isObject(metadata) ? metadata['annotations'] : undefined, APPROVAL) === ''
  ) {
    const why = `protected groups must have approval annotation "${APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111`
    problems.push(requiredValue(`metadata.annotations[${APPROVAL}]`, why))
  }
}

function namesProblems(spec: JsonObject, problems: FieldProblem[]): void {
  const { names } = spec
  const judge = (path: string, name: string) =>
    problems.push(...dns1035LabelProblems(name).map((why) => invalidValue(path, name, why)))
  for (const field of ['plural', 'singular'] as const) {
    const name = textAt(names, field)
    if (name === '') problems.push(requiredValue(`spec.names.${field}`))
    else judge(`spec.names.${field}`, name)
  }
  for (const field of ['kind', 'listKind'] as const) {
    const name = textAt(names, field)
    if (name === '') problems.push(requiredValue(`spec.names.${field}`))
    for (const why of name === '' ? [] : dns1035LabelProblems(name.toLowerCase())) {
      const text = `may have mixed case, but should otherwise match: ${why}`
      problems.push(invalidValue(`spec.names.${field}`, name, text))
    }
  }
  if (textAt(names, 'kind') !== '' && textAt(names, 'kind') === textAt(names, 'listKind')) {
    const why = 'kind and listKind may not be the same'
    problems.push(invalidValue('spec.names.listKind', textAt(names, 'listKind'), why))
  }
  for (const field of ['shortNames', 'categories'] as const) {
    for (const [i, name] of listAt(names, field).entries()) {
      if (typeof name === 'string') judge(`spec.names.${field}[${i}]`, name)
      else problems.push(invalidValue(`spec.names.${field}[${i}]`, name, 'must be a string'))
    }
  }
}

function conversionProblems(spec: JsonObject, problems: FieldProblem[]): void {
  const path = 'spec.conversion.strategy'
  const strategy = textAt(spec['conversion'], 'strategy')
  if (strategy === 'Webhook') {
    const why =
      'this server does not call conversion webhooks; use strategy None with versions that share one schema, or serve a single version'
    problems.push(invalidValue(path, strategy, why))
  } else if (strategy === '') problems.push(requiredValue(path))
  else if (strategy !== 'None') problems.push(unsupportedValue(path, strategy, ['None']))
}

function versionsProblems(spec: JsonObject, problems: FieldProblem[]): void {
  const versions = listAt(spec, 'versions')
  if (versions.length === 0) {
    problems.push(requiredValue('spec.versions', 'must specify at least one version'))
    return
  }
  const names = versions.map((version) => textAt(version, 'name'))
  if (new Set(names).size < names.length) {
    problems.push(invalidValue('spec.versions', names, 'must contain unique version names'))
  }
  const stored = versions.filter((version) => isObject(version) && version['storage'] === true)
  if (stored.length !== 1) {
    problems.push(invalidValue('spec.versions', names, 'must have exactly one version marked as storage version'))
  }
  for (const [i, version] of versions.entries()) {
    const path = `spec.versions[${i}]`
    if (isObject(version)) versionProblems(version, path, problems)
    else problems.push(invalidValue(path, version, 'must be an object'))
  }
}

function versionProblems(version: JsonObject, path: string, problems: FieldProblem[]): void {
  const name = textAt(version, 'name')
  if (name === '') problems.push(requiredValue(`${path}.name`))
  else problems.push(...dns1035LabelProblems(name).map((why) => invalidValue(`${path}.name`, name, why)))
  const warning = textAt(version, 'deprecationWarning')
  if (warning !== '' && version['deprecated'] !== true) {
    problems.push(invalidValue(`${path}.deprecationWarning`, warning, 'can only be set for deprecated versions'))
  }
  const schema = isObject(version['schema']) ? version['schema']['openAPIV3Schema'] : undefined
  let root: SchemaNode | undefined
  if (isObject(schema)) {
    const compiled = compileSchema(schema, { path: `${path}.schema.openAPIV3Schema` })
    problems.push(...compiled.problems)
    root = compiled.schema?.root
  } else problems.push(requiredValue(`${path}.schema.openAPIV3Schema`, 'schemas are required'))
  for (const [i, column] of listAt(version, 'additionalPrinterColumns').entries()) {
    columnProblems(column, `${path}.additionalPrinterColumns[${i}]`, problems)
  }
  scaleProblems(version['subresources'], `${path}.subresources.scale`, problems)
  selectableProblems(listAt(version, 'selectableFields'), root, `${path}.selectableFields`, problems)
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const COLUMN_FORMATS = ['binary', 'byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

function columnProblems(column: Json, path: string, problems: FieldProblem[]): void {
  if (textAt(column, 'name') === '') problems.push(requiredValue(`${path}.name`))
  const type = textAt(column, 'type')
  if (type === '') problems.push(requiredValue(`${path}.type`))
  else if (!COLUMN_TYPES.includes(type)) problems.push(unsupportedValue(`${path}.type`, type, COLUMN_TYPES))
  const format = textAt(column, 'format')
  if (format !== '' && !COLUMN_FORMATS.includes(format)) {
    problems.push(unsupportedValue(`${path}.format`, format, COLUMN_FORMATS))
  }
  const jsonPath = textAt(column, 'jsonPath')
  if (jsonPath === '') problems.push(requiredValue(`${path}.jsonPath`))
  else problems.push(...pathProblems(jsonPath, `${path}.jsonPath`))
}

function pathProblems(jsonPath: string, path: string): FieldProblem[] {
  if (!jsonPath.startsWith('.') && !jsonPath.startsWith('[')) {
    return [invalidValue(path, jsonPath, 'must start with . or [')]
  }
  try {
    compileJsonPath(jsonPath)
    return []
  } catch (error) {
    return [invalidValue(path, jsonPath, (error as Error).message)]
  }
}

function scaleProblems(subresources: Json | undefined, path: string, problems: FieldProblem[]): void {
  const scale = isObject(subresources) ? subresources['scale'] : undefined
  if (!isObject(scale)) return
  const judge = (field: string, roots: readonly string[], required: boolean) => {
    const value = textAt(scale, field)
    const at = `${path}.${field}`
    if (value === '') {
      if (required) problems.push(requiredValue(at))
      return
    }
    const found = pathProblems(value, at)
    const fields = found.length === 0 ? compileJsonPath(value).fields : undefined
    if (found.length > 0) problems.push(...found)
    else if (!fields || fields.length < 2 || !roots.includes(fields[0]!)) {
      const where = roots.map((root) => `.${root}`).join(' or ')
      problems.push(invalidValue(at, value, `should be a json path under ${where}`))
    }
  }
  judge('specReplicasPath', ['spec'], true)
  judge('statusReplicasPath', ['status'], true)
  judge('labelSelectorPath', ['status', 'spec'], false)
}

const MAX_SELECTABLE_FIELDS = 8

function selectableProblems(
  listed: readonly Json[],
  root: SchemaNode | undefined,
  path: string,
  problems: FieldProblem[],
): void {
  if (listed.length > MAX_SELECTABLE_FIELDS) problems.push(tooMany(path, listed.length, MAX_SELECTABLE_FIELDS))
  for (const [i, field] of listed.entries()) {
    const jsonPath = textAt(field, 'jsonPath')
    const at = `${path}[${i}].jsonPath`
    if (jsonPath === '') {
      problems.push(requiredValue(at))
      continue
    }
    const found = pathProblems(jsonPath, at)
    problems.push(...found)
    if (found.length > 0 || !root) continue
    const { fields } = compileJsonPath(jsonPath)
    if (!fields || fields.length === 0) problems.push(invalidValue(at, jsonPath, 'must be a simple path of fields'))
    else if (fields[0] === 'metadata') {
      problems.push(invalidValue(at, jsonPath, 'must not point to fields in metadata'))
    } else {
      const leaf = fields.reduce<SchemaNode | undefined>((node, name) => node?.properties.get(name), root)
      if (!leaf) problems.push(invalidValue(at, jsonPath, 'does not refer to a valid field'))
      else if (leaf.type !== 'string' && leaf.type !== 'integer' && leaf.type !== 'boolean') {
        const why = `must point to a field of type string, boolean or integer`
        problems.push(invalidValue(at, jsonPath, why))
      }
    }
  }
}

function storedVersionsProblems(crd: JsonObject, spec: JsonObject, problems: FieldProblem[]): void {
  const names = new Set(listAt(spec, 'versions').map((version) => textAt(version, 'name')))
  for (const [i, version] of listAt(crd['status'], 'storedVersions').entries()) {
    if (typeof version !== 'string' || names.has(version)) continue
    const why = `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`
    problems.push(invalidValue(`status.storedVersions[${i}]`, version, why))
  }
}

function isEstablished(crd: JsonObject): boolean {
  return listAt(crd['status'], 'conditions').some(
    (item) => textAt(item, 'type') === 'Established' && textAt(item, 'status') === 'True',
  )
}

/** Objects lie under the group and plural, and clients know the kind: these cannot change below them. */
function changeProblems(crd: JsonObject, old: JsonObject, problems: FieldProblem[]): void {
  const spec = crd['spec'] as JsonObject
  const before = (old['spec'] ?? {}) as JsonObject
  const fixed: (readonly [string, Json | undefined, Json | undefined])[] = [
    ['spec.group', spec['group'], before['group']],
    ['spec.names.plural', textAt(spec['names'], 'plural'), textAt(before['names'], 'plural')],
  ]
  if (isEstablished(old)) {
    fixed.push(['spec.scope', spec['scope'], before['scope']])
    fixed.push(['spec.names.kind', textAt(spec['names'], 'kind'), textAt(before['names'], 'kind')])
  }
  for (const [path, next, previous] of fixed) {
    if (!equalJson(next, previous)) problems.push(invalidValue(path, next, 'field is immutable'))
  }
}
