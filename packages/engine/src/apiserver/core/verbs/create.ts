/** POST to a collection, and PUT of an absent object where the kind allows it. */
import type { Json, JsonObject } from '../../../base/json.ts'
import type { Call, WriteOptions } from '../../../machinery/call.ts'
import { Document } from '../../../machinery/document.ts'
import type { KubeObject } from '../../../machinery/object.ts'
import type { Resource } from '../../../machinery/shape.ts'
import { alreadyExists, ApiError } from '../../../machinery/status.ts'
import { RevisionConflict, type Entry } from '../../../storage/store.ts'
import type { Result } from '../../api.ts'
import { metadataOf, namespaceOf, normalized, readBody } from '../body.ts'
import { admit, checkValid } from '../checks.ts'
import { put } from '../commit.ts'
import type { Core, Request } from '../core.ts'
import { habitsOf } from '../habits.ts'
import { keyOf } from '../keys.ts'
import { checkOpen } from '../lifecycle.ts'
import { newMetadata } from '../metadata.ts'
import { firstAdmitted, mutated } from '../mutation.ts'
import { ownersOfNew, UPDATE, withOwners, type Ownership } from '../ownership.ts'
import { inTurn } from '../turns.ts'

/** Upstream tries a generated name as often before it gives up. */
const NAME_ATTEMPTS = 8
/** What is left of 63 characters behind the suffix. */
const MAX_GENERATED_BASE = 58
/** Kinds that take a status at creation although they have a subresource for it: kubelets register with theirs. */
const KEEPS_STATUS = new Set(['nodes'])

export function create(core: Core, request: Request, call: Call & { verb: 'create' }): Promise<Result> {
  return createFrom(core, request, call.body, call.options)
}

export async function createFrom(
  core: Core,
  request: Request,
  body: Json,
  options: WriteOptions | undefined,
  ownership: Ownership = UPDATE,
): Promise<Result> {
  const draft = readBody(request.resource, body)
  const given = metadataOf(draft)
  checkNoRevision(given)
  const name = textOf(given['name'])
  const base = textOf(given['generateName'])
  if (name !== '' || base === '') return createNamed(core, request, { draft, name, ownership }, options)
  for (let attempt = 1; ; attempt++) {
    const generated = base.slice(0, MAX_GENERATED_BASE) + core.ids.suffix()
    try {
      return await createNamed(core, request, { draft, name: generated, ownership }, options)
    } catch (error) {
      const taken = error instanceof ApiError && error.reason === 'AlreadyExists' && error.details?.name === generated
      if (!taken || attempt >= NAME_ATTEMPTS) throw error
    }
  }
}

interface Creation {
  readonly draft: JsonObject
  readonly name: string
  readonly ownership: Ownership
}

async function createNamed(
  core: Core,
  request: Request,
  { draft, name, ownership }: Creation,
  options: WriteOptions | undefined,
): Promise<Result> {
  const { resource } = request
  const namespace = namespaceOf(request, metadataOf(draft))
  if (name !== '') checkOpen(core, request, name)
  const key = keyOf(resource, namespace, name)
  return inTurn(core, resource, key, async () => {
    const given = await complete(core, request, draft, { name, namespace }, options)
    const owners =
      ownership.type === 'settled'
        ? ownership.owners
        : ownersOfNew(core, request, given, metadataOf(draft)['managedFields'], options)
    const object = await firstAdmitted(core, request, [...mutated(core, request, given, undefined), given], (object) =>
      admit(core, request, {
        verb: 'create',
        object: withOwners(object, owners) as unknown as KubeObject,
        dryRun: options?.dryRun === true,
      }),
    )
    const existing = core.store.get(key)
    if (existing) throw taken(resource, name, existing)
    checkOpen(core, request, name)
    const stored = withOwners(core.versions.toStored(resource, object), owners)
    if (options?.dryRun) return answer(core, request, { revision: core.store.revision, document: unsaved(stored) })
    try {
      return answer(core, request, await put(core, request, key, stored, 0))
    } catch (error) {
      if (error instanceof RevisionConflict) throw alreadyExists(resource, name)
      throw error
    }
  })
}

/** The whole object, as valid as it is going to be. */
async function complete(
  core: Core,
  request: Request,
  draft: JsonObject,
  at: { readonly name: string; readonly namespace: string | undefined },
  options: WriteOptions | undefined,
): Promise<JsonObject> {
  const { resource } = request
  const metadata = newMetadata(metadataOf(draft), { ...at, hasGeneration: resource.hasGeneration }, core)
  const whole = withoutStatus(resource, { ...draft, metadata })
  const read = normalized(request, whole, options, { type: 'body' })
  const habits = habitsOf(resource)
  const object = habits.create ? await habits.create(read, core) : read
  checkValid(request, object, undefined)
  return object
}

function withoutStatus(resource: Resource, object: JsonObject): JsonObject {
  if (object['status'] === undefined || !hasStatus(resource) || KEEPS_STATUS.has(resource.resource)) return object
  const { status: _, ...rest } = object
  return rest
}

export function hasStatus(resource: Resource): boolean {
  return resource.subresources.some(({ name }) => name === 'status')
}

function checkNoRevision(metadata: JsonObject): void {
  const revision = textOf(metadata['resourceVersion'])
  if (revision !== '' && revision !== '0') {
    throw new ApiError(500, 'InternalError', 'resourceVersion should not be set on objects to be created')
  }
}

function taken(resource: Resource, name: string, existing: Entry): ApiError {
  const plain = alreadyExists(resource, name)
  const isLeaving = existing.document.object.metadata.deletionTimestamp !== undefined
  return isLeaving
    ? new ApiError(plain.code, plain.reason, `object is being deleted: ${plain.message}`, plain.details)
    : plain
}

function answer(core: Core, request: Request, entry: { revision: number; document: Document }): Result {
  return { type: 'object', resource: request.resource, code: 201, document: core.versions.view(request.served, entry) }
}

/** What a dry run shows: an object that has no revision, since it is nowhere. */
export function unsaved(object: JsonObject): Document {
  return Document.fromObject(object as unknown as KubeObject)
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
