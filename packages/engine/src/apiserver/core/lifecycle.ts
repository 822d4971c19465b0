/**
 * Nothing new where deletion has begun: NamespaceLifecycle, and its like for CRDs.
 *
 * The check runs in the same turn of the event loop as the decision of the write. Between the two no deletion can begin,
 * so a container's controller, which looks once the deletion is durable, sees everything that was let in.
 */
import { ApiError, forbidden, notFound } from '../../machinery/status.ts'
import type { Core, Request } from './core.ts'
import { CUSTOM_RESOURCE_DEFINITIONS, namespaceKey } from './keys.ts'

/** Throws ApiError 403, 404 or 405 when nothing may be created there. */
export function checkOpen(core: Core, request: Request, name: string): void {
  const { resource, served, target } = request
  const { custom } = served
  if (custom && (custom.terminating || core.closing.has(CUSTOM_RESOURCE_DEFINITIONS + custom.name))) {
    throw new ApiError(405, 'MethodNotAllowed', 'create not allowed while custom resource definition is terminating', {
      ...(resource.group !== '' && { group: resource.group }),
      kind: resource.resource,
    })
  }
  const { namespace } = target
  if (!resource.namespaced || namespace === undefined) return
  const key = namespaceKey(namespace)
  const entry = core.store.get(key)
  if (!entry) throw notFound({ group: '', resource: 'namespaces' }, namespace)
  if (core.closing.has(key) || entry.index.fields?.['status.phase'] === 'Terminating')
    throw terminating(request, name, namespace)
}

function terminating({ resource }: Request, name: string, namespace: string): ApiError {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const plain = forbidden(resource, name, why)
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  }
  return new ApiError(plain.code, plain.reason, plain.message, { ...plain.details, causes: [cause] })
}
