/** Writing to the store: the last step of every verb that changes something. */
import type { JsonObject } from '../../base/json.ts'
import { Document } from '../../machinery/document.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { staleObject, tooLarge } from '../../machinery/status.ts'
import { RevisionConflict, type Entry, type Index } from '../../storage/store.ts'
import type { Core, Request } from './core.ts'
import { indexOf } from './index-of.ts'
import { withoutOwners } from './ownership.ts'

/** The limit of a request body upstream; an object that grew beyond it by a patch could never be written back. */
const MAX_OBJECT_BYTES = 3 * 1024 * 1024

/** `object` is in its stored form. `expect` is the revision that it replaces, 0 for none. */
export async function put(
  core: Core,
  request: Request,
  key: string,
  object: JsonObject,
  expect: number,
): Promise<Entry> {
  const storage = core.catalog.storageOf(request.resource)
  const index: Index = indexOf(storage, request.served.custom !== undefined, object as unknown as KubeObject)
  return core.store.write({ type: 'put', key, expect, index, document: (revision) => seal(object, revision) })
}

/** Removes the key; watchers are told `object` as its last state. */
export function remove(core: Core, key: string, object: JsonObject, expect: number): Promise<Entry> {
  return core.store.write({ type: 'delete', key, expect, document: (revision) => seal(object, revision) })
}

/** The document of a revision. An object that only its owners make too large is kept without them, as upstream does. Throws ApiError 413. */
export function seal(object: JsonObject, revision: number): Document {
  const metadata = object['metadata'] as JsonObject
  const sealed = { ...object, metadata: { ...metadata, resourceVersion: String(revision) } }
  const document = Document.fromObject(sealed as unknown as KubeObject)
  if (document.bytes.length <= MAX_OBJECT_BYTES) return document
  if (metadata['managedFields'] === undefined) throw tooLarge(MAX_OBJECT_BYTES)
  return seal(withoutOwners(object), revision)
}

/** Writers of a key take turns, so a lost race means that somebody wrote past the API; the caller may read and try again. */
export function asApiError(error: unknown, request: Request, name: string): unknown {
  return error instanceof RevisionConflict ? staleObject(request.resource, name) : error
}
