/**
 * PUT, and what PATCH ends in: an object replaces its predecessor.
 *
 * One path for the main resource and for `status`, `finalize` and `approval`: they differ in what is taken from the body
 * and what stays. A write that changes nothing is none: two controllers that correct each other would never rest.
 */
import { equalJson, type Json, type JsonObject } from '../../../base/json.ts'
import type { Call, WriteOptions } from '../../../machinery/call.ts'
import { asJson, type KubeObject } from '../../../machinery/object.ts'
import type { Resource } from '../../../machinery/shape.ts'
import { badRequest, conflict, invalid, notFound, staleObject } from '../../../machinery/status.ts'
import type { Entry } from '../../../storage/store.ts'
import type { Result } from '../../api.ts'
import { metadataOf, namespaceOf, normalized, readBody, type Origin } from '../body.ts'
import { admit, checkValid } from '../checks.ts'
import { asApiError, put, remove } from '../commit.ts'
import type { Core, Request } from '../core.ts'
import { habitsOf } from '../habits.ts'
import { keyOf } from '../keys.ts'
import { storedOwners, type Owner } from '../../../machinery/apply/owners.ts'
import { keptMetadata } from '../metadata.ts'
import { firstAdmitted, mutated } from '../mutation.ts'
import {
  isSameOwnership,
  ownersOfUpdate,
  UPDATE,
  withoutOwners,
  withOwners,
  type Change,
  type Ownership,
} from '../ownership.ts'
import { inTurn } from '../turns.ts'
import type { Stored } from '../versions.ts'
import { createFrom, hasStatus, unsaved } from './create.ts'

export async function update(core: Core, request: Request, call: Call & { verb: 'update' }): Promise<Result> {
  const { resource, target } = request
  const body = readBody(resource, call.body)
  const metadata = metadataOf(body)
  namespaceOf(request, metadata)
  const name = target.name ?? ''
  checkName(metadata['name'], name)
  const key = keyOf(resource, target.namespace, name)
  const result = await inTurn(core, resource, key, async () => {
    const entry = core.store.get(key)
    if (!entry) return undefined
    checkRevisionGiven(request, metadata, name)
    return replace(core, request, entry, body, call.options, { type: 'body' })
  })
  if (result) return result
  if (!resource.createOnUpdate || target.subresource !== undefined) throw notFound(resource, name)
  core.rbac.authorize(request.user, { ...target, verb: 'create' })
  return createFrom(core, request, call.body, call.options)
}

function checkName(given: Json | undefined, name: string): void {
  if (given === undefined || given === null || given === '') {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  }
  if (given !== name) {
    throw badRequest(`the name of the object (${String(given)}) does not match the name on the URL (${name})`)
  }
}

function checkRevisionGiven({ resource }: Request, metadata: JsonObject, name: string): void {
  if (resource.unconditionalUpdate || isGiven(metadata['resourceVersion'])) return
  throw invalid(resource, name, [
    {
      path: 'metadata.resourceVersion',
      reason: 'FieldValueInvalid',
      detail: 'Invalid value: 0x0: must be specified for an update',
    },
  ])
}

const isGiven = (value: Json | undefined): boolean =>
  value !== undefined && value !== null && value !== '' && value !== '0'

/** Writes `body` over the entry. The caller holds the key's turn. */
export async function replace(
  core: Core,
  request: Request,
  entry: Entry,
  body: JsonObject,
  options: WriteOptions | undefined,
  origin: Origin,
  ownership: Ownership = UPDATE,
): Promise<Result> {
  const { resource, served, target } = request
  const name = target.name ?? ''
  const old = asJson(core.versions.view(served, entry).object)
  checkPreconditions(request, metadataOf(body), metadataOf(old), entry, name)
  const given = await successor(core, request, body, old, options, origin)
  checkValid(request, given, old)
  const before = asJson(entry.document.object)
  const candidates = [...mutated(core, request, given, old), given].map((object) => {
    const stored = core.versions.toStored(resource, object)
    const isSame = isUnchanged(stored, before)
    const change = { old, object: given, given: metadataOf(body)['managedFields'], isSame }
    return { object, stored, isSame, owners: ownersAfter(core, request, change, options, ownership) }
  })
  const { stored, isSame, owners } = await firstAdmitted(core, request, candidates, ({ object, owners }) =>
    admit(core, request, {
      verb: 'update',
      ...(target.subresource !== undefined && { subresource: target.subresource }),
      object: withOwners(object, owners) as unknown as KubeObject,
      old: old as unknown as KubeObject,
      dryRun: options?.dryRun === true,
    }),
  )
  if (isSame && isSameOwnership(owners, storedOwners(metadataOf(before)))) return answer(core, request, entry)
  const counted = withOwners(withGeneration(resource, target.subresource, stored, before), owners)
  if (options?.dryRun) return answer(core, request, { revision: entry.revision, document: unsaved(counted) })
  try {
    const written = isFinished(resource, counted)
      ? await remove(core, entry.key, counted, entry.revision)
      : await put(core, request, entry.key, counted, entry.revision)
    return answer(core, request, written)
  } catch (error) {
    throw asApiError(error, request, name)
  }
}

function ownersAfter(
  core: Core,
  request: Request,
  change: Change,
  options: WriteOptions | undefined,
  ownership: Ownership,
): readonly Owner[] {
  if (ownership.type === 'settled') return ownership.owners
  const { subresource = request.target.subresource } = ownership
  return ownersOfUpdate(core, request, change, options, subresource)
}

function checkPreconditions(
  { resource }: Request,
  given: JsonObject,
  old: JsonObject,
  entry: Entry,
  name: string,
): void {
  const { uid, resourceVersion } = given
  if (isGiven(uid) && uid !== old['uid']) {
    const why = `Precondition failed: UID in precondition: ${String(uid)}, UID in object meta: ${String(old['uid'])}`
    throw conflict(resource, name, why)
  }
  if (isGiven(resourceVersion) && resourceVersion !== String(entry.revision)) throw staleObject(resource, name)
}

/** The object after the write, but for its generation. */
async function successor(
  core: Core,
  request: Request,
  body: JsonObject,
  old: JsonObject,
  options: WriteOptions | undefined,
  origin: Origin,
): Promise<JsonObject> {
  const { resource, target } = request
  const oldMetadata = metadataOf(old)
  const metadata = keptMetadata(metadataOf(body), oldMetadata)
  const read = normalized(request, { ...body, metadata }, options, origin)
  const isolated = isolate(resource, target.subresource, read, old)
  const habits = habitsOf(resource)
  const object = habits.update ? await habits.update(isolated, old, target.subresource, core) : isolated
  return withoutOwners(withoutRevision(object))
}

/** What was taken from the old object still carries the revision of the old write. */
function withoutRevision(object: JsonObject): JsonObject {
  const { resourceVersion, ...metadata } = metadataOf(object)
  return resourceVersion === undefined ? object : { ...object, metadata }
}

/** What the body may change: everything but `status` on the main resource, nothing but `status` on /status and /approval. */
function isolate(resource: Resource, subresource: string | undefined, object: JsonObject, old: JsonObject): JsonObject {
  if (subresource === 'status' || subresource === 'approval') {
    const { status: _, ...rest } = old
    return object['status'] === undefined ? rest : { ...rest, status: object['status'] }
  }
  if (subresource !== undefined || !hasStatus(resource)) return object
  const { status: _, ...rest } = object
  return old['status'] === undefined ? rest : { ...rest, status: old['status'] }
}

/** Compared without the revision and the owners, which the stored form carries and the new one does not yet. */
function isUnchanged(object: JsonObject, stored: JsonObject): boolean {
  const { resourceVersion: _, managedFields: __, ...metadata } = metadataOf(stored)
  return equalJson(object, { ...stored, metadata })
}

function withGeneration(
  resource: Resource,
  subresource: string | undefined,
  object: JsonObject,
  old: JsonObject,
): JsonObject {
  if (!resource.hasGeneration || subresource === 'status' || subresource === 'approval') return object
  const metadata = metadataOf(object)
  // Neither metadata counts, nor that the CRD has a new storage version since.
  const same = { metadata, apiVersion: object['apiVersion'] ?? '' }
  if (equalJson(object, { ...old, ...same })) return object
  return { ...object, metadata: { ...metadata, generation: Number(metadata['generation'] ?? 0) + 1 } }
}

/** Nothing keeps an object whose deletion has begun once its finalizers are gone. */
export function isFinished(resource: Resource, object: JsonObject): boolean {
  const { deletionTimestamp, finalizers } = metadataOf(object)
  if (deletionTimestamp === undefined) return false
  if (Array.isArray(finalizers) && finalizers.length > 0) return false
  return !habitsOf(resource).isHeld?.(object)
}

function answer(core: Core, request: Request, entry: Stored): Result {
  return { type: 'object', resource: request.resource, code: 200, document: core.versions.view(request.served, entry) }
}
