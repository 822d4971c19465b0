/**
 * From a call to the verb that answers it. Authorization comes first: who may not know does not learn whether it exists,
 * neither the object nor the resource.
 */
import type { Call, Target } from '../../machinery/call.ts'
import { isApiError, methodNotSupported, routeNotFound } from '../../machinery/status.ts'
import type { CallContext, Result, User } from '../api.ts'
import type { Core, Request } from './core.ts'
import { ask } from './questions.ts'
import { selectedName } from './selection.ts'
import { callSubresource } from './subresources/subresources.ts'
import { create } from './verbs/create.ts'
import { deleteObject } from './verbs/delete.ts'
import { deleteCollection } from './verbs/deletecollection.ts'
import { get } from './verbs/get.ts'
import { list } from './verbs/list.ts'
import { patch } from './verbs/patch.ts'
import { update } from './verbs/update.ts'

const NOTHING: CallContext = {}

export function dispatch(core: Core, user: User, call: Call, context: CallContext = NOTHING): Promise<Result> {
  const fieldSelector =
    call.verb === 'list' || call.verb === 'deletecollection' ? call.options?.fieldSelector : undefined
  const authorized = requestOf(core, user, call.verb, call.target, fieldSelector, context)
  const request = call.options === undefined ? authorized : { ...authorized, options: { ...call.options } }
  if (request.target.subresource !== undefined) return callSubresource(core, request, call)
  const { answerer } = request.served
  if (answerer && call.verb === 'create') return ask(core, request, call, answerer)
  return answer(core, request, call)
}

function answer(core: Core, request: Request, call: Call): Promise<Result> {
  if (call.verb === 'get') return get(core, request, call)
  if (call.verb === 'list') return list(core, request, call)
  if (call.verb === 'create') return create(core, request, call)
  if (call.verb === 'update') return update(core, request, call)
  if (call.verb === 'patch') return patch(core, request, call)
  if (call.verb === 'delete') return deleteObject(core, request, call)
  return deleteCollection(core, request, call)
}

/** Throws ApiError 403, 404 or 405. */
export function requestOf(
  core: Core,
  user: User,
  verb: string,
  target: Target,
  fieldSelector: string | undefined,
  context: CallContext,
): Request {
  const { group, version, resource: plural, subresource } = target
  authorizeTarget(core, user, verb, target, readableName(fieldSelector))
  const served = core.catalog.lookup(group, version, plural)
  if (!served || !isPlaced(served.resource.namespaced, verb, target)) throw routeNotFound()
  const { resource } = served
  const verbs = subresource === undefined ? resource.verbs : subresourceVerbs(served.resource, subresource)
  if (!verbs.includes(verb)) throw methodNotSupported(resource, verb)
  return { user, served, resource, target, context }
}

/** Throws ApiError 403. `selected` is the name that a field selector asks for. */
export function authorizeTarget(
  { rbac }: Core,
  user: User,
  verb: string,
  target: Target,
  selected: string | undefined,
): void {
  const { group, resource, subresource, name = selected } = target
  // A namespace is in itself: who is bound to a role there may see it by name, as upstream has it.
  const isNamespace = group === '' && resource === 'namespaces'
  const namespace = isNamespace ? target.name : target.namespace
  rbac.authorize(user, { verb, group, resource, subresource, namespace, name })
}

/** The name that a field selector asks for. One that cannot be read names nothing; that it is wrong is said later, to who may ask. */
export function readableName(fieldSelector: string | undefined): string | undefined {
  try {
    return selectedName(fieldSelector)
  } catch (error) {
    if (isApiError(error, 'BadRequest')) return undefined
    throw error
  }
}

const OF_ONE = new Set(['get', 'update', 'patch', 'delete'])

/** Whether the target has a namespace and a name exactly where the resource wants them. */
function isPlaced(namespaced: boolean, verb: string, { namespace, name, subresource }: Target): boolean {
  const ofOne = OF_ONE.has(verb) || subresource !== undefined
  if (ofOne !== (name !== undefined && name !== '') && !(name !== undefined && verb === 'watch')) return false
  if (!namespaced) return namespace === undefined
  return namespace !== undefined || verb === 'list' || verb === 'watch'
}

function subresourceVerbs(resource: Request['resource'], subresource: string): readonly string[] {
  const found = resource.subresources.find(({ name }) => name === subresource)
  if (!found) throw routeNotFound()
  return found.verbs
}
