/** DELETE of a collection: every object that the selectors name, each as if it were deleted alone. */
import type { Call, DeleteOptions, ListOptions } from '../../../machinery/call.ts'
import { isNotFound, isConflict } from '../../../machinery/status.ts'
import type { Document } from '../../../machinery/document.ts'
import type { Entry } from '../../../storage/store.ts'
import type { Result } from '../../api.ts'
import type { Core, Request } from '../core.ts'
import { placeOf } from '../keys.ts'
import { deleteOne } from './delete.ts'
import { readPage } from './list.ts'

/** Deletions that share a commit. All at once would keep every document of a large collection in memory. */
const AT_ONCE = 100

export async function deleteCollection(
  core: Core,
  request: Request,
  call: Call & { verb: 'deletecollection' },
): Promise<Result> {
  const options = call.options ?? {}
  const page = await readPage(core, request, listOptionsOf(options))
  const documents: Document[] = []
  for (let i = 0; i < page.entries.length; i += AT_ONCE) {
    const batch = page.entries.slice(i, i + AT_ONCE).map((entry) => deleteSeen(core, request, entry, options))
    for (const document of await Promise.all(batch)) if (document) documents.push(document)
  }
  return { type: 'list', resource: request.resource, resourceVersion: String(core.store.revision), documents }
}

/** Undefined when somebody else was faster: gone, or made anew under the same name. */
async function deleteSeen(
  core: Core,
  request: Request,
  entry: Entry,
  options: DeleteOptions,
): Promise<Document | undefined> {
  const { namespace, name } = placeOf(request.resource, entry.key)
  try {
    const deleted = await deleteOne(core, request, namespace, name, {
      ...options,
      preconditions: { uid: entry.index.uid },
    })
    return core.versions.view(request.served, deleted)
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return undefined
    throw error
  }
}

function listOptionsOf(options: ListOptions): ListOptions {
  const { labelSelector, fieldSelector, limit, continue: token, resourceVersion, resourceVersionMatch } = options
  return {
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
    ...(limit !== undefined && { limit }),
    ...(token !== undefined && { continue: token }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(resourceVersionMatch !== undefined && { resourceVersionMatch }),
  }
}
