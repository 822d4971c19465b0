/**
 * Whose fields they are: `metadata.managedFields` between the verbs and the algorithm in machinery/apply.
 *
 * Every write names its manager: `fieldManager`, else the User-Agent up to its first `/`. An ordinary write takes what it changed, an
 * apply what it names (`verbs/apply.ts`). Owners stand in the stored document as they are shown. They are taken off while the
 * rest of an object is read, completed and judged, since no kind knows anything of them, and put back at the end.
 *
 * Upstream tells the owners before its strategies complete an object; here it is after, so that what a kind adds to a write (a
 * finalizer, a label) is its writer's and not nobody's.
 */
import { equalJson, type Json, type JsonObject } from '../../base/json.ts'
import { compareInScope, type Scope } from '../../machinery/apply/apply.ts'
import {
  ownersAfterUpdate,
  ownersAsJson,
  ownersBeforeWrite,
  storedOwners,
  type Identity,
  type Owner,
} from '../../machinery/apply/owners.ts'
import type { WriteOptions } from '../../machinery/call.ts'
import { formatApiVersion } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import { metadataOf } from './body.ts'
import type { Core, Request } from './core.ts'
import { timestamp } from './metadata.ts'

/** Upstream's limit of `fieldManager`, which a User-Agent is cut to. */
const MAX_MANAGER_BYTES = 128
const UNKNOWN = 'unknown'

/** How a write changes who owns what. */
export type Ownership =
  /** Its manager takes what it changed. `subresource` where that is not the target's: /scale writes its parent. */
  | { readonly type: 'update'; readonly subresource?: string }
  /** An apply has settled it already. */
  | { readonly type: 'settled'; readonly owners: readonly Owner[] }

export const UPDATE: Ownership = { type: 'update' }

export function managerOf({ context }: Request, options: WriteOptions | undefined): string {
  return options?.fieldManager ?? managerOfAgent(context.userAgent ?? '')
}

/** Clients are few and write often. Bounded, because anybody may make up a name. */
const managers = new Map<string, string>()
const MAX_MANAGERS = 1000

function managerOfAgent(userAgent: string): string {
  let manager = managers.get(userAgent)
  if (manager === undefined) {
    if (managers.size >= MAX_MANAGERS) managers.clear()
    managers.set(userAgent, (manager = readManager(userAgent)))
  }
  return manager
}

/** `kubectl/v1.33.2 (linux/amd64)` is `kubectl`. */
function readManager(userAgent: string): string {
  const slash = userAgent.indexOf('/')
  const name = (slash < 0 ? userAgent : userAgent.slice(0, slash)).replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '')
  if (name === '') return UNKNOWN
  if (Buffer.byteLength(name) <= MAX_MANAGER_BYTES) return name
  // A character that is cut in two decodes to U+FFFD.
  return Buffer.from(name)
    .subarray(0, MAX_MANAGER_BYTES)
    .toString()
    .replace(/\uFFFD$/, '')
}

export function identityOf(
  request: Request,
  options: WriteOptions | undefined,
  operation: Identity['operation'],
  subresource = request.target.subresource,
): Identity {
  const { group, version } = request.resource
  return {
    manager: managerOf(request, options),
    operation,
    apiVersion: formatApiVersion(group, version),
    ...(subresource !== undefined && { subresource }),
  }
}

/** The part of the object that the endpoint writes: see `isolate` in verbs/update.ts. */
export function scopeOf(resource: Resource, subresource: string | undefined): Scope {
  if (subresource === 'status' || subresource === 'approval') return 'status'
  return resource.subresources.some(({ name }) => name === 'status') ? 'all but status' : 'everything'
}

/** The owners of an object that is being created. `given` are those in its body. */
export function ownersOfNew(
  core: Core,
  request: Request,
  object: JsonObject,
  given: Json | undefined,
  options: WriteOptions | undefined,
): readonly Owner[] {
  const { resource } = request
  const before = given === undefined ? [] : ownersBeforeWrite([], given, undefined)
  const taken = compareInScope(resource.shape.ownership(), undefined, object, scopeOf(resource, undefined))
  return ownersAfterUpdate(before, taken, identityOf(request, options, 'Update'), timestamp(core.clock.now()))
}

/** An update, as far as it concerns owners. */
export interface Change {
  readonly old: JsonObject
  readonly object: JsonObject
  /** What the body says of them. */
  readonly given: Json | undefined
  /** But for its owners the object stays what it was. */
  readonly isSame: boolean
}

export function ownersOfUpdate(
  core: Core,
  request: Request,
  change: Change,
  options: WriteOptions | undefined,
  subresource: string | undefined,
): readonly Owner[] {
  const { resource, target } = request
  const before = ownersStarting(change.old, change.given, subresource)
  if (before.length === 0 || change.isSame) return before
  const scope = scopeOf(resource, target.subresource)
  const comparison = compareInScope(resource.shape.ownership(), change.old, change.object, scope)
  const identity = identityOf(request, options, 'Update', subresource)
  return ownersAfterUpdate(before, comparison, identity, timestamp(core.clock.now()))
}

function ownersStarting(old: JsonObject, given: Json | undefined, subresource: string | undefined): readonly Owner[] {
  const stored = storedOwners(metadataOf(old))
  // Whoever writes back what they read, which nearly everybody does, says nothing about owners.
  if (given === undefined || equalJson(given, ownersAsJson(stored))) return stored
  return ownersBeforeWrite(stored, given, subresource)
}

/** The object with these owners in place of those that it has. */
export function withOwners(object: JsonObject, owners: readonly Owner[]): JsonObject {
  if (owners.length === 0) return withoutOwners(object)
  return { ...object, metadata: { ...metadataOf(object), managedFields: ownersAsJson(owners) } }
}

export function withoutOwners(object: JsonObject): JsonObject {
  const metadata = metadataOf(object)
  if (metadata['managedFields'] === undefined) return object
  const { managedFields: _, ...rest } = metadata
  return { ...object, metadata: rest }
}

/** Whether somebody owns something else now. When they came to it is no difference: a write for that alone would repeat itself. */
export function isSameOwnership(a: readonly Owner[], b: readonly Owner[]): boolean {
  if (a === b) return true
  return equalJson(ownersAsJson(a.map(withoutTime)), ownersAsJson(b.map(withoutTime)))
}

function withoutTime(owner: Owner): Owner {
  const { time: _, ...rest } = owner
  return rest
}
