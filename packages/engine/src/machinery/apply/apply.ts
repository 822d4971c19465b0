/**
 * Server-side apply: a manager says how part of an object should be, and owns what it said.
 *
 * The configuration is laid over the live object. What the manager owned and no longer names goes, unless somebody else owns it.
 * What it changes and others own is a conflict; with `force` they lose it. Nobody loses what stays equal: two managers that want
 * the same own it together.
 *
 *     const { object, owners } = applyConfig({ type, live, owners: [], config, identity, force: false, time, scope })
 *
 * The API server calls it in `core/verbs/apply.ts` and, for every other write, `compareInScope` and `ownersAfterUpdate` in
 * `core/ownership.ts`. The type comes from `types/ownership.ts` for built-in kinds, from `schema/ownership.ts` for custom ones.
 *
 * Pure: what the object's kind makes of the result (defaults, validation, what a subresource may not touch) comes later. The
 * algorithm is that of structured-merge-diff. Left out: conversion of owned fields between versions of a kind (ours name fields
 * alike in all versions), the translation of sets after a schema made a list atomic or granular, and the ownership of an empty list or
 * map that Go does not keep, which is nobody's here: two who apply it would be in conflict over nothing. The zero of a scalar that Go
 * does not keep is owned, as upstream: who said false is asked before it becomes true.
 */
import { equalJson, isObject, JsonSyntaxError, parseJson, stringifyJson, type JsonObject } from '../../base/json.ts'
import { ApiError, type StatusCause } from '../status.ts'
import { compare, isSame, type Comparison } from './compare.ts'
import { fieldsOfConfig, merge, prune } from './config.ts'
import { difference, intersection, isEmptySet, NO_FIELDS, pathsOf, union, type FieldSet } from './field-set.ts'
import {
  BEFORE_FIRST_APPLY,
  idOf,
  isOwner,
  ownerOf,
  sorted,
  withoutFields,
  type Identity,
  type Owner,
} from './owners.ts'
import { ownable, type ApplyType } from './types.ts'

/** The part of an object that an endpoint writes: `status` alone on /status, all but `status` where that endpoint exists. */
export type Scope = 'everything' | 'status' | 'all but status'

export interface ApplyInput {
  readonly type: ApplyType
  /** The stored object; undefined: the apply creates it. */
  readonly live: JsonObject | undefined
  readonly owners: readonly Owner[]
  readonly config: JsonObject
  readonly identity: Identity
  readonly force: boolean
  readonly time: string
  readonly scope: Scope
}

export interface Applied {
  /** `ownable`: without apiVersion, kind and the metadata of the server. */
  readonly object: JsonObject
  readonly owners: readonly Owner[]
}

const STATUS = 'f:status'

export function fieldsInScope(fields: FieldSet, scope: Scope): FieldSet {
  const status = fields[STATUS]
  if (scope === 'status') return status ? { [STATUS]: status } : NO_FIELDS
  if (scope === 'everything' || !status) return fields
  const { [STATUS]: _, ...rest } = fields
  return rest
}

/** What changed in the part that the endpoint writes. Both objects whole. */
export function compareInScope(
  type: ApplyType,
  before: JsonObject | undefined,
  after: JsonObject,
  scope: Scope,
): Comparison {
  const { added, modified, removed } = compare(type, before && ownable(before), ownable(after))
  return {
    added: fieldsInScope(added, scope),
    modified: fieldsInScope(modified, scope),
    removed: fieldsInScope(removed, scope),
  }
}

/** Throws ApiError 409 that names every contested field and its owner. */
export function applyConfig(input: ApplyInput): Applied {
  const { type, live, identity, scope, time } = input
  const config = ownable(input.config)
  const before = live ? ownable(live) : {}
  const owners = live ? knownOwners(input, live) : []
  const last = owners.find((owner) => isOwner(owner, identity))
  const others = owners.filter((owner) => owner !== last)
  const fields = fieldsInScope(fieldsOfConfig(type, config), scope)
  const merged = live ? merge(type, before, config) : config
  const owned = others.reduce((all, { fieldsV1 }) => union(all, fieldsV1), fields)
  const object = ((last && prune(type, merged, last.fieldsV1, owned, config)) ?? (last ? {} : merged)) as JsonObject
  const comparison = compareInScope(type, before, object, scope)
  const changed = union(comparison.modified, comparison.added)
  if (!input.force) refuseConflicts(input, others, changed)
  const left = withoutFields(others, union(changed, comparison.removed))
  const isUnchanged = last !== undefined && isSame(comparison) && isSameSet(last.fieldsV1, fields)
  const mine = isUnchanged ? { ...last, apiVersion: identity.apiVersion } : ownerOf(identity, fields, time)
  return { object, owners: sorted(isEmptySet(fields) ? left : [...left, mine]) }
}

const isSameSet = (a: FieldSet, b: FieldSet): boolean => equalJson(a, b)

/** An object that nobody has owned so far belongs to whoever made it. */
function knownOwners({ type, owners, identity, time, scope }: ApplyInput, live: JsonObject): readonly Owner[] {
  if (owners.length > 0) return owners
  const { added } = compareInScope(type, undefined, live, scope)
  const maker: Identity = { ...identity, manager: BEFORE_FIRST_APPLY, operation: 'Update' }
  return isEmptySet(added) ? [] : [ownerOf(maker, added, time)]
}

const CLIENT_SIDE = 'kubectl.kubernetes.io/last-applied-configuration'
const KUBECTL = 'kubectl'

function refuseConflicts(input: ApplyInput, others: readonly Owner[], changed: FieldSet): void {
  let contested = others
    .map((owner) => ({ owner, fields: intersection(owner.fieldsV1, changed) }))
    .filter(({ fields }) => !isEmptySet(fields))
  if (contested.length === 0) return
  const settled = input.identity.manager === KUBECTL ? fieldsOfClientSideApply(input) : NO_FIELDS
  contested = contested
    .map(({ owner, fields }) => ({ owner, fields: difference(fields, settled) }))
    .filter(({ fields }) => !isEmptySet(fields))
  if (contested.length > 0) throw conflictError(contested)
}

interface Contested {
  readonly owner: Owner
  readonly fields: FieldSet
}

function conflictError(contested: readonly Contested[]): ApiError {
  const ordered = [...contested].sort((a, b) => (idOf(a.owner) < idOf(b.owner) ? -1 : 1))
  const causes: StatusCause[] = []
  const lines: string[] = []
  for (const { owner, fields } of ordered) {
    const paths = pathsOf(fields)
    const name = describe(owner)
    lines.push(`conflicts with ${name}:`, ...paths.map((path) => `- ${path}`))
    for (const field of paths) {
      causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${name}`, field })
    }
  }
  const [first] = causes
  const message =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${first!.message}: ${first!.field}`
      : `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`
  return new ApiError(409, 'Conflict', message, { causes })
}

/** Without a time: kube-apiserver stopped telling it when it stopped being part of who a manager is. */
function describe({ manager, operation, apiVersion, subresource }: Owner): string {
  const name =
    JSON.stringify(manager) + (subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`)
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}

/** What `kubectl apply` set from the client's side and nobody has changed since: `kubectl apply --server-side` may take it over. */
function fieldsOfClientSideApply({ type, live }: ApplyInput): FieldSet {
  const config = live && lastApplied(live)
  if (!config) return NO_FIELDS
  const { added, modified, removed } = compare(type, ownable(config), ownable(live))
  return difference(fieldsOfConfig(type, ownable(config)), union(union(added, modified), removed))
}

function annotationsOf(object: JsonObject): JsonObject {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  return isObject(metadata['annotations']) ? metadata['annotations'] : {}
}

function lastApplied(object: JsonObject): JsonObject | undefined {
  const text = annotationsOf(object)[CLIENT_SIDE]
  if (typeof text !== 'string' || text === '') return undefined
  try {
    const config = parseJson(text)
    return isObject(config) ? config : undefined
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    // Anybody may write the annotation; what is no JSON settles nothing, and the conflict stands.
    return undefined
  }
}

/** Kept up for the day when `kubectl apply` works from the client's side again: else it would undo what was applied since. */
export function withLastApplied(
  object: JsonObject,
  config: JsonObject,
  { manager, subresource }: Identity,
): JsonObject {
  const annotations = annotationsOf(object)
  if (manager !== KUBECTL || subresource !== undefined || annotations[CLIENT_SIDE] === undefined) return object
  const metadata = isObject(config['metadata']) ? config['metadata'] : {}
  const { managedFields: _, ...rest } = metadata
  const { [CLIENT_SIDE]: __, ...others } = annotationsOf(config)
  const plain = { ...config, metadata: { ...rest, ...(rest['annotations'] !== undefined && { annotations: others }) } }
  const updated = { ...annotations, [CLIENT_SIDE]: `${stringifyJson(plain)}\n` }
  return { ...object, metadata: { ...(object['metadata'] as JsonObject), annotations: updated } }
}
