import type { Call } from '../../../machinery/call.ts'
import { notFound } from '../../../machinery/status.ts'
import type { Entry } from '../../../storage/store.ts'
import type { Result } from '../../api.ts'
import type { Core, Request } from '../core.ts'
import { keyOf } from '../keys.ts'
import { parseRevision, waitForRevision } from '../revisions.ts'

/** Throws ApiError 404. */
export async function get(core: Core, request: Request, call: Call & { verb: 'get' }): Promise<Result> {
  const revision = parseRevision(call.options?.resourceVersion)
  if (revision !== undefined && revision > core.store.revision) await waitForRevision(core.store, core.clock, revision)
  const { resource } = request
  return { type: 'object', resource, code: 200, document: core.versions.view(request.served, find(core, request)) }
}

/** The entry that the request names. Throws ApiError 404. */
export function find(core: Core, { resource, target }: Request): Entry {
  const name = target.name ?? ''
  const entry = core.store.get(keyOf(resource, target.namespace, name))
  if (!entry) throw notFound(resource, name)
  return entry
}
