/**
 * What a request asks for, read from method and path alone: upstream's RequestInfo.
 *
 * `GET /apis/apps/v1/namespaces/shop/deployments/web/status` is `get` of a target; `GET /version` is a path that is no
 * resource. Whether the resource exists is not asked here: authorization comes first.
 */
import type { Target } from '../../machinery/call.ts'
import { badRequest, methodNotSupported, routeNotFound } from '../../machinery/status.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

export type Route =
  | { readonly type: 'resource'; readonly verb: Verb; readonly target: Target; readonly watchedName?: string }
  | { readonly type: 'path'; readonly verb: string; readonly path: string }

/** Subresources of namespaces; anything else behind `/namespaces/NAME/` is a resource in that namespace. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize'])

/** `query` decides between list and watch. Throws ApiError for a path that can be nothing. */
export function routeOf(method: string, path: string, query: URLSearchParams | undefined): Route {
  const parts = splitPath(path)
  const isCore = parts[0] === 'api'
  const start = isCore ? 2 : 3
  if ((!isCore && parts[0] !== 'apis') || parts.length <= start) return { type: 'path', verb: pathVerb(method), path }
  const group = isCore ? '' : parts[1]!
  const version = parts[start - 1]!
  const isLegacyWatch = parts[start] === 'watch' && parts.length > start + 1
  const target = targetOf(group, version, parts, isLegacyWatch ? start + 1 : start)
  if (isLegacyWatch) return legacyWatch(method, target)
  return { type: 'resource', verb: verbOf(method, target, query), target }
}

function splitPath(path: string): string[] {
  let end = path.length
  while (end > 1 && path.charCodeAt(end - 1) === 47) end--
  const parts = path.slice(1, end).split('/')
  if (!path.includes('%')) return parts
  try {
    return parts.map((part) => decodeURIComponent(part))
  } catch {
    throw badRequest(`the path ${JSON.stringify(path)} has an invalid percent escape`)
  }
}

function targetOf(group: string, version: string, parts: readonly string[], start: number): Target {
  let at = start
  let namespace: string | undefined
  const isInNamespace =
    parts[at] === 'namespaces' && parts.length > at + 2 && !NAMESPACE_SUBRESOURCES.has(parts[at + 2]!)
  if (isInNamespace) {
    namespace = parts[at + 1]!
    at += 2
  }
  if (parts.length > at + 3) throw routeNotFound()
  const resource = parts[at]!
  const name = parts[at + 1]
  const subresource = parts[at + 2]
  if (resource === '' || name === '' || namespace === '' || subresource === '') throw routeNotFound()
  return {
    group,
    version,
    resource,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(subresource !== undefined && { subresource }),
  }
}

function verbOf(method: string, target: Target, query: URLSearchParams | undefined): Verb {
  const isNamed = target.name !== undefined
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (isNamed) return 'get'
      return method === 'GET' && query !== undefined && isTrue(query.get('watch')) ? 'watch' : 'list'
    case 'POST':
      if (!isNamed || target.subresource !== undefined) return 'create'
      break
    case 'PUT':
      if (isNamed) return 'update'
      break
    case 'PATCH':
      if (isNamed) return 'patch'
      break
    case 'DELETE':
      return isNamed ? 'delete' : 'deletecollection'
  }
  throw methodNotSupported(target, method)
}

/** `/api/v1/watch/namespaces/NS/pods/NAME`, which old clients still use. */
function legacyWatch(method: string, target: Target): Route {
  if (method !== 'GET') throw methodNotSupported(target, method)
  const { name, ...collection } = target
  if (target.subresource !== undefined) throw routeNotFound()
  return { type: 'resource', verb: 'watch', target: collection, ...(name !== undefined && { watchedName: name }) }
}

/** Verbs of paths that are no resource are the lower-cased methods. */
function pathVerb(method: string): string {
  return method === 'HEAD' ? 'get' : method.toLowerCase()
}

/** As Go's ParseBool reads a query parameter; upstream takes a bare `watch` (an empty value) for true. */
export function isTrue(value: string | null): boolean {
  return (
    value === '1' ||
    value === 'true' ||
    value === 't' ||
    value === 'T' ||
    value === 'TRUE' ||
    value === 'True' ||
    value === ''
  )
}
