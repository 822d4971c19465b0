/** Query parameters, and the options that a DELETE carries in its body, read and checked. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import type { DeleteOptions, ListOptions, PatchType, WatchOptions, WriteOptions } from '../../machinery/call.ts'
import { type ApiError, badRequest, type FieldProblem, invalid } from '../../machinery/status.ts'
import { isTrue } from './request.ts'

export type Query = URLSearchParams | undefined

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions' | 'ListOptions'

const MAX_FIELD_MANAGER_BYTES = 128
const FIELD_VALIDATION = ['Ignore', 'Warn', 'Strict'] as const
const PROPAGATION_POLICIES = ['Background', 'Foreground', 'Orphan'] as const

function invalidOptions(kind: OptionsKind, problems: readonly FieldProblem[]): ApiError {
  return invalid({ group: 'meta.k8s.io', kind }, '', problems)
}

function notSupported(path: string, value: unknown, supported: readonly string[]): FieldProblem {
  const list = supported.map((s) => JSON.stringify(s)).join(', ')
  return {
    path,
    reason: 'FieldValueNotSupported',
    detail: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
  }
}

/** Options of create, update and patch. Throws ApiError 422 naming the parameter. */
export function writeOptions(
  query: Query,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  patchType?: PatchType,
): WriteOptions | undefined {
  if (!query) return undefined
  const problems: FieldProblem[] = []
  const dryRun = dryRunOf(query.getAll('dryRun'), problems)
  const fieldManager = query.get('fieldManager') ?? ''
  checkFieldManager(fieldManager, problems)
  const fieldValidation = query.get('fieldValidation') ?? ''
  if (fieldValidation !== '' && !isOneOf(FIELD_VALIDATION, fieldValidation)) {
    problems.push(notSupported('fieldValidation', fieldValidation, FIELD_VALIDATION))
  }
  const force = query.has('force') ? isTrue(query.get('force')) : undefined
  if (force !== undefined && kind === 'PatchOptions' && patchType !== 'application/apply-patch+yaml') {
    problems.push({
      path: 'force',
      reason: 'FieldValueForbidden',
      detail: 'Forbidden: may not be specified for non-apply patch',
    })
  }
  if (problems.length > 0) throw invalidOptions(kind, problems)
  return {
    ...(dryRun && { dryRun }),
    ...(fieldManager !== '' && { fieldManager }),
    ...(isOneOf(FIELD_VALIDATION, fieldValidation) && { fieldValidation }),
    ...(force !== undefined && { force }),
  }
}

function checkFieldManager(value: string, problems: FieldProblem[]): void {
  if (Buffer.byteLength(value) > MAX_FIELD_MANAGER_BYTES) {
    problems.push({
      path: 'fieldManager',
      reason: 'FieldValueTooLong',
      detail: `Too long: may not be more than ${MAX_FIELD_MANAGER_BYTES} bytes`,
    })
  }
  if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(value)) {
    problems.push({
      path: 'fieldManager',
      reason: 'FieldValueInvalid',
      detail: `Invalid value: ${JSON.stringify(value)}: should only contain printable characters`,
    })
  }
}

function dryRunOf(values: readonly string[], problems: FieldProblem[]): boolean {
  const asked = values.filter((value) => value !== '')
  const unknown = asked.filter((value) => value !== 'All')
  for (const value of unknown) problems.push(notSupported('dryRun', [value], ['All']))
  return asked.length > 0
}

export function listOptions(query: Query): ListOptions | undefined {
  if (!query) return undefined
  refuseInitialEvents(query)
  const limit = wholeNumber(query, 'limit')
  return { ...strings(query, LIST_STRINGS), ...(limit !== undefined && limit > 0 && { limit }) }
}

export function watchOptions(query: Query, watchedName: string | undefined): WatchOptions {
  const options = query ? watchQuery(query) : {}
  if (watchedName === undefined) return options
  const byName = `metadata.name=${watchedName}`
  return { ...options, fieldSelector: options.fieldSelector ? `${options.fieldSelector},${byName}` : byName }
}

function watchQuery(query: URLSearchParams): WatchOptions {
  const timeoutSeconds = wholeNumber(query, 'timeoutSeconds')
  return {
    ...strings(query, WATCH_STRINGS),
    ...(query.has('sendInitialEvents') && { sendInitialEvents: isTrue(query.get('sendInitialEvents')) }),
    ...(query.has('allowWatchBookmarks') && { allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')) }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  }
}

function refuseInitialEvents(query: URLSearchParams): void {
  if (!query.has('sendInitialEvents')) return
  const detail = 'Forbidden: sendInitialEvents is forbidden for list'
  throw invalidOptions('ListOptions', [{ path: 'sendInitialEvents', reason: 'FieldValueForbidden', detail }])
}

const LIST_STRINGS = ['labelSelector', 'fieldSelector', 'continue', 'resourceVersion', 'resourceVersionMatch'] as const
const WATCH_STRINGS = ['labelSelector', 'fieldSelector', 'resourceVersion', 'resourceVersionMatch'] as const

function strings<K extends string>(query: URLSearchParams, names: readonly K[]): { [P in K]?: string } {
  const found: { [P in K]?: string } = {}
  for (const name of names) {
    const value = query.get(name)
    if (value !== null && value !== '') found[name] = value
  }
  return found
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    throw badRequest(`the query parameter ${name} must be a whole number, not ${JSON.stringify(text)}`)
  }
  return value
}

/** Options of delete and deletecollection: the body's, else the query's. Throws ApiError 400 or 422. */
export function deleteOptions(query: Query, body: JsonObject | undefined): DeleteOptions | undefined {
  const from = body ?? (query && deleteQuery(query))
  if (!from) return undefined
  if (body && body['kind'] !== undefined && body['kind'] !== 'DeleteOptions') {
    throw badRequest(`the body of a delete must be of kind DeleteOptions, not ${JSON.stringify(body['kind'])}`)
  }
  const problems: FieldProblem[] = []
  const dryRunValues = [...(query?.getAll('dryRun') ?? []), ...(body ? stringList(body, 'dryRun') : [])]
  const dryRun = dryRunOf(dryRunValues, problems)
  const propagationPolicy = propagationOf(from, problems)
  const grace = from['gracePeriodSeconds'] ?? undefined
  if (grace !== undefined && (typeof grace !== 'number' || !Number.isInteger(grace))) {
    throw badRequest('gracePeriodSeconds must be a whole number')
  }
  const preconditions = preconditionsOf(from['preconditions'])
  if (problems.length > 0) throw invalidOptions('DeleteOptions', problems)
  return {
    ...(dryRun && { dryRun }),
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(preconditions && { preconditions }),
  }
}

function deleteQuery(query: URLSearchParams): JsonObject {
  const grace = wholeNumber(query, 'gracePeriodSeconds')
  const policy = query.get('propagationPolicy')
  return {
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...(policy !== null && policy !== '' && { propagationPolicy: policy }),
    ...(query.has('orphanDependents') && { orphanDependents: isTrue(query.get('orphanDependents')) }),
  }
}

function stringList(body: JsonObject, field: string): string[] {
  const value = body[field] ?? []
  if (!Array.isArray(value) || value.some((item: Json) => typeof item !== 'string')) {
    throw badRequest(`${field} must be a list of strings`)
  }
  return value as string[]
}

function propagationOf(from: JsonObject, problems: FieldProblem[]): DeleteOptions['propagationPolicy'] {
  const policy = from['propagationPolicy'] ?? undefined
  const orphan = from['orphanDependents'] ?? undefined
  if (policy !== undefined && orphan !== undefined) {
    problems.push({
      path: 'propagationPolicy',
      reason: 'FieldValueInvalid',
      detail: `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
    })
  }
  if (policy === undefined) return orphan === undefined ? undefined : orphan === true ? 'Orphan' : 'Background'
  if (typeof policy === 'string' && isOneOf(PROPAGATION_POLICIES, policy)) return policy
  problems.push(notSupported('propagationPolicy', policy, PROPAGATION_POLICIES))
  return undefined
}

function preconditionsOf(value: Json | undefined): DeleteOptions['preconditions'] {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw badRequest('preconditions must be an object')
  const { uid, resourceVersion } = value
  for (const part of [uid, resourceVersion]) {
    if (part !== undefined && part !== null && typeof part !== 'string') {
      throw badRequest('preconditions.uid and preconditions.resourceVersion must be strings')
    }
  }
  return {
    ...(typeof uid === 'string' && { uid }),
    ...(typeof resourceVersion === 'string' && { resourceVersion }),
  }
}

function isOneOf<T extends string>(values: readonly T[], value: string): value is T {
  return (values as readonly string[]).includes(value)
}
