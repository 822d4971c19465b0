/** DELETE of one object: removes it, or marks it and leaves the rest to those whose finalizers it carries. */
import { equalJson, type JsonObject } from '../../../base/json.ts'
import type { Call, DeleteOptions } from '../../../machinery/call.ts'
import type { Document } from '../../../machinery/document.ts'
import { asJson, type KubeObject, type ObjectMeta } from '../../../machinery/object.ts'
import type { Resource } from '../../../machinery/shape.ts'
import { conflict, notFound, type Status } from '../../../machinery/status.ts'
import type { Entry } from '../../../storage/store.ts'
import type { Result } from '../../api.ts'
import { metadataOf } from '../body.ts'
import { admit } from '../checks.ts'
import { asApiError, put, remove } from '../commit.ts'
import type { Core, Request } from '../core.ts'
import { finalizersFor } from '../dependents.ts'
import { habitsOf } from '../habits.ts'
import { keyOf } from '../keys.ts'
import { timestamp } from '../metadata.ts'
import { inTurn } from '../turns.ts'
import { unsaved } from './create.ts'
import { isFinished } from './update.ts'

/** Core kinds whose deletion answers with the object: upstream's ReturnDeletedObject. */
const ANSWERS_WITH_OBJECT = new Set([
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
  'services',
])

export async function deleteObject(core: Core, request: Request, call: Call & { verb: 'delete' }): Promise<Result> {
  const { resource, target } = request
  const deleted = await deleteOne(core, request, target.namespace, target.name ?? '', call.options)
  if (!deleted.gone || (resource.group === '' && ANSWERS_WITH_OBJECT.has(resource.resource))) {
    return { type: 'object', resource, code: 200, document: core.versions.view(request.served, deleted) }
  }
  return { type: 'status', status: success(resource, target.name ?? '', deleted.document.object) }
}

export interface Deleted {
  /** False: it is marked and waits for its finalizers. */
  readonly gone: boolean
  readonly revision: number
  readonly document: Document
}

/** Throws ApiError 404, 409, or what refuses the deletion. */
export function deleteOne(
  core: Core,
  request: Request,
  namespace: string | undefined,
  name: string,
  options: DeleteOptions | undefined,
): Promise<Deleted> {
  const { resource } = request
  const key = keyOf(resource, namespace, name)
  return inTurn(core, resource, key, async () => {
    const entry = core.store.get(key)
    if (!entry) throw notFound(resource, name)
    checkPreconditions(resource, name, entry, options)
    habitsOf(resource).refuseDeletion?.(name)
    await admit(core, request, {
      verb: 'delete',
      old: core.versions.view(request.served, entry).object,
      dryRun: options?.dryRun === true,
    })
    return begin(core, request, entry, options).catch((error: unknown) => {
      throw asApiError(error, request, name)
    })
  })
}

async function begin(core: Core, request: Request, entry: Entry, options: DeleteOptions | undefined): Promise<Deleted> {
  const { resource } = request
  const object = asJson(entry.document.object)
  const isMarked = metadataOf(object)['deletionTimestamp'] !== undefined
  const told = withFinalizers(object, entry.document.object.metadata, options)
  const marked = isMarked ? told : mark(core, resource, told)
  if (isFinished(resource, marked)) {
    if (options?.dryRun) return { gone: true, revision: entry.revision, document: unsaved(object) }
    return { gone: true, ...documentOf(await remove(core, entry.key, object, entry.revision)) }
  }
  if (marked === object) return { gone: false, ...documentOf(entry) }
  if (options?.dryRun) return { gone: false, revision: entry.revision, document: unsaved(marked) }
  return { gone: false, ...documentOf(await putMarked(core, request, entry, marked)) }
}

/** With the finalizer that carries the policy; the object itself when that changes nothing. */
function withFinalizers(object: JsonObject, metadata: ObjectMeta, options: DeleteOptions | undefined): JsonObject {
  const before = metadata.finalizers ?? []
  const finalizers = finalizersFor(before, options?.propagationPolicy)
  if (equalJson(finalizers, before)) return object
  return { ...object, metadata: { ...metadataOf(object), finalizers } }
}

async function putMarked(core: Core, request: Request, entry: Entry, marked: JsonObject): Promise<Entry> {
  if (!habitsOf(request.resource).contains) return put(core, request, entry.key, marked, entry.revision)
  core.closing.add(entry.key)
  try {
    return await put(core, request, entry.key, marked, entry.revision)
  } finally {
    // From here on the stored object says so itself; after a failed write it stays open.
    core.closing.delete(entry.key)
  }
}

const documentOf = ({ revision, document }: Entry): { revision: number; document: Document } => ({ revision, document })

function mark(core: Core, resource: Resource, object: JsonObject): JsonObject {
  const metadata = metadataOf(object)
  const generation = metadata['generation']
  const marked = {
    ...object,
    metadata: {
      ...metadata,
      deletionTimestamp: timestamp(core.clock.now()),
      deletionGracePeriodSeconds: 0,
      ...(generation !== undefined && { generation: Number(generation) + 1 }),
    },
  }
  return habitsOf(resource).mark?.(marked, core) ?? marked
}

function checkPreconditions(resource: Resource, name: string, entry: Entry, options: DeleteOptions | undefined): void {
  const { uid, resourceVersion } = options?.preconditions ?? {}
  if (uid !== undefined && uid !== entry.index.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${entry.index.uid}). The object might have been deleted and then recreated`
    throw conflict(resource, name, why)
  }
  if (resourceVersion !== undefined && resourceVersion !== String(entry.revision)) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${entry.revision}). The object might have been modified`
    throw conflict(resource, name, why)
  }
}

function success(resource: Resource, name: string, { metadata }: KubeObject): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name,
      ...(resource.group !== '' && { group: resource.group }),
      kind: resource.resource,
      ...(metadata.uid !== undefined && { uid: metadata.uid }),
    },
  }
}
