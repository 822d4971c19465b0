/**
 * PATCH with `application/apply-patch+yaml`: server-side apply.
 *
 * The configuration is laid over the stored object by machinery/apply, which also settles the owners; what comes of it takes the path
 * of every update, or of a creation where nothing is stored yet. Conflicts are found before admission, as upstream has it.
 */
import { isObject, type Json, type JsonObject } from '../../../base/json.ts'
import { applyConfig, withLastApplied, type Applied, type ApplyInput } from '../../../machinery/apply/apply.ts'
import { problemOfConfig } from '../../../machinery/apply/config.ts'
import { storedOwners, type Owner } from '../../../machinery/apply/owners.ts'
import type { ApplyType } from '../../../machinery/apply/types.ts'
import type { Call, WriteOptions } from '../../../machinery/call.ts'
import { asJson, formatApiVersion } from '../../../machinery/object.ts'
import { requiredValue } from '../../../machinery/problems.ts'
import type { Kind } from '../../../machinery/shape.ts'
import {
  ApiError,
  badRequest,
  conflict,
  invalid,
  isAlreadyExists,
  notFound,
  staleObject,
} from '../../../machinery/status.ts'
import type { Entry } from '../../../storage/store.ts'
import type { Result } from '../../api.ts'
import { metadataOf, namespaceOf } from '../body.ts'
import type { Core, Request } from '../core.ts'
import { keyOf } from '../keys.ts'
import { timestamp } from '../metadata.ts'
import { identityOf, scopeOf } from '../ownership.ts'
import { inTurn } from '../turns.ts'
import { createFrom } from './create.ts'
import { replace } from './update.ts'

/** Somebody creates it between our look and our creation, or deletes it again: beyond this they do nothing else. */
const ATTEMPTS = 5

export async function apply(core: Core, request: Request, call: Call & { verb: 'patch' }): Promise<Result> {
  const { resource, target } = request
  const config = readConfig(request, resource, resource.shape.ownership(), call)
  const key = keyOf(resource, target.namespace, target.name ?? '')
  for (let attempt = 1; ; attempt++) {
    const updated = await inTurn(core, resource, key, async () => {
      const entry = core.store.get(key)
      return entry && applyOver(core, request, entry, config, call.options)
    })
    if (updated) return updated
    try {
      return await applyNew(core, request, config, call.options)
    } catch (error) {
      if (!isAlreadyExists(error) || attempt >= ATTEMPTS) throw error
    }
  }
}

/** The body as a configuration of this kind. Throws ApiError 400, 422, or 500 (as upstream does) where the kind has no such field. */
export function readConfig(
  request: Request,
  kind: Kind,
  type: ApplyType,
  { body, options }: Call & { verb: 'patch' },
): JsonObject {
  if (options?.fieldManager === undefined) {
    const problem = requiredValue('fieldManager', 'is required for apply patch')
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [problem])
  }
  if (!isObject(body)) throw badRequest('an apply patch must be an object in YAML or JSON')
  checkKind(body, kind)
  const { metadata } = body
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) throw badRequest('metadata must be an object')
  const given = metadataOf(body)
  if (given['managedFields'] !== undefined && given['managedFields'] !== null) {
    throw badRequest('metadata.managedFields must be nil')
  }
  checkPlace(request, given)
  const problem = problemOfConfig(type, body)
  if (problem !== undefined) throw untyped(request, kind, problem)
  return body
}

function checkKind(body: JsonObject, { group, version, kind }: Kind): void {
  const expected = { apiVersion: formatApiVersion(group, version), kind }
  const { apiVersion = '', kind: given = '' } = body
  if (apiVersion === expected.apiVersion && given === kind) return
  throw badRequest(
    `invalid object type: apiVersion ${JSON.stringify(apiVersion)}, kind ${JSON.stringify(given)}; ` +
      `expected: apiVersion ${JSON.stringify(expected.apiVersion)}, kind ${JSON.stringify(kind)}`,
  )
}

function checkPlace(request: Request, metadata: JsonObject): void {
  namespaceOf(request, metadata)
  const { name = '' } = request.target
  const given = metadata['name'] ?? ''
  if (given === '' || given === name) return
  throw badRequest(`the name of the object (${String(given)}) does not match the name on the URL (${name})`)
}

/** Without a reason, as upstream's: it is an error of its decoder that nobody has given one. */
function untyped({ target }: Request, { group, version, kind }: Kind, problem: string): ApiError {
  const what = `${target.namespace ?? ''}/${target.name ?? ''}; ${group}/${version}, Kind=${kind}`
  return new ApiError(500, '', `failed to create typed patch object (${what}): ${problem}`)
}

function inputOf(
  core: Core,
  request: Request,
  config: JsonObject,
  options: WriteOptions | undefined,
  live: JsonObject | undefined,
): ApplyInput {
  const { resource, target } = request
  return {
    type: resource.shape.ownership(),
    live,
    owners: live ? storedOwners(metadataOf(live)) : [],
    config,
    identity: identityOf(request, options, 'Apply'),
    force: options?.force === true,
    time: timestamp(core.clock.now()),
    scope: scopeOf(resource, target.subresource),
  }
}

/** The caller holds the key's turn. */
function applyOver(
  core: Core,
  request: Request,
  entry: Entry,
  config: JsonObject,
  options: WriteOptions | undefined,
): Promise<Result> {
  const live = asJson(core.versions.view(request.served, entry).object)
  const input = inputOf(core, request, config, options, live)
  const applied = applyConfig(input)
  const body = withLastApplied(bodyOf(applied, config, live), config, input.identity)
  return replace(core, request, entry, body, options, { type: 'body' }, settled(applied.owners))
}

export const settled = (owners: readonly Owner[]) => ({ type: 'settled', owners }) as const

/** With what an apply does not touch, and the preconditions that the configuration sets. */
function bodyOf({ object }: Applied, config: JsonObject, live: JsonObject): JsonObject {
  const { name, namespace } = metadataOf(live)
  const { uid, resourceVersion } = metadataOf(config)
  const metadata: Record<string, Json> = { ...metadataOf(object) }
  for (const [field, value] of Object.entries({ name, namespace, uid, resourceVersion })) {
    if (value !== undefined) metadata[field] = value
  }
  return { ...object, apiVersion: live['apiVersion'] ?? '', kind: live['kind'] ?? '', metadata }
}

/** Rejects with AlreadyExists when somebody was faster. */
function applyNew(
  core: Core,
  request: Request,
  config: JsonObject,
  options: WriteOptions | undefined,
): Promise<Result> {
  const { resource, target } = request
  const { name = '' } = target
  if (target.subresource !== undefined) throw notFound(resource, name)
  checkNew(request, metadataOf(config), name)
  core.rbac.authorize(request.user, { ...target, verb: 'create' })
  const { owners } = applyConfig(inputOf(core, request, config, options, undefined))
  const { uid: _, resourceVersion: __, ...metadata } = metadataOf(config)
  return createFrom(core, request, { ...config, metadata: { ...metadata, name } }, options, settled(owners))
}

function checkNew({ resource }: Request, { uid, resourceVersion }: JsonObject, name: string): void {
  if (typeof uid === 'string' && uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
    throw conflict(resource, name, why)
  }
  if (typeof resourceVersion === 'string' && resourceVersion !== '' && resourceVersion !== '0') {
    throw staleObject(resource, name)
  }
}
