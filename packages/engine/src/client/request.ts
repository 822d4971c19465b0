/** A call as it is written in HTTP. */
import type { Call, Target, WatchOptions } from '../machinery/call.ts'
import type { Json } from '../base/json.ts'

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With the query. */
  readonly path: string
  readonly contentType?: string
  readonly body?: Json
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>

const JSON_TYPE = 'application/json'

export function pathOf({ group, version, namespace, resource, name, subresource }: Target): string {
  const parts = group === '' ? ['api', version] : ['apis', group, version]
  if (namespace !== undefined) parts.push('namespaces', namespace)
  for (const part of [resource, name, subresource]) if (part !== undefined) parts.push(part)
  return `/${parts.map((part) => encodeURIComponent(part)).join('/')}`
}

function withQuery(path: string, query: Query): string {
  const pairs: string[] = []
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) pairs.push(`${key}=${encodeURIComponent(value)}`)
  }
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}

function writeQuery({ dryRun, ...rest }: Query): Query {
  return { ...rest, ...(dryRun === true && { dryRun: 'All' }) }
}

export function httpCallOf(call: Call): HttpCall {
  const path = pathOf(call.target)
  const query: Query = { ...call.options } as Query
  switch (call.verb) {
    case 'create':
      return { method: 'POST', path: withQuery(path, writeQuery(query)), contentType: JSON_TYPE, body: call.body }
    case 'update':
      return { method: 'PUT', path: withQuery(path, writeQuery(query)), contentType: JSON_TYPE, body: call.body }
    case 'patch': {
      const { patchType, body } = call
      return { method: 'PATCH', path: withQuery(path, writeQuery(query)), contentType: patchType, body }
    }
    case 'delete':
    case 'deletecollection':
      return deletion(path, call.options)
    case 'get':
    case 'list':
    default:
      return { method: 'GET', path: withQuery(path, query) }
  }
}

function deletion(path: string, options: Extract<Call, { verb: 'deletecollection' }>['options'] = {}): HttpCall {
  const { dryRun, gracePeriodSeconds, propagationPolicy, preconditions, ...selection } = options
  const body = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(dryRun === true && { dryRun: ['All'] }),
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy !== undefined && { propagationPolicy }),
    ...(preconditions !== undefined && { preconditions: { ...preconditions } }),
  }
  return { method: 'DELETE', path: withQuery(path, selection), contentType: JSON_TYPE, body }
}

export function watchPathOf(target: Target, options: WatchOptions): string {
  return withQuery(pathOf(target), { watch: true, ...options })
}
