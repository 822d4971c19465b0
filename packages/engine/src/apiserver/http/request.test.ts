import { describe, expect, test } from 'vitest'
import { isApiError } from '../../machinery/status.ts'
import { routeOf } from './request.ts'

const route = (method: string, url: string) => {
  const [path, query] = url.split('?') as [string, string | undefined]
  return routeOf(method, path, query === undefined ? undefined : new URLSearchParams(query))
}

describe('a request for a resource', () => {
  test.each([
    ['GET', '/api/v1/pods', 'list', { resource: 'pods' }],
    ['GET', '/api/v1/pods?watch=true', 'watch', { resource: 'pods' }],
    ['GET', '/api/v1/pods?watch=1', 'watch', { resource: 'pods' }],
    ['GET', '/api/v1/pods?watch=false', 'list', { resource: 'pods' }],
    ['HEAD', '/api/v1/pods?watch=true', 'list', { resource: 'pods' }],
    ['HEAD', '/api/v1/namespaces/a/pods/p', 'get', { namespace: 'a', resource: 'pods', name: 'p' }],
    ['GET', '/api/v1/namespaces/a/pods/', 'list', { namespace: 'a', resource: 'pods' }],
    ['GET', '/api/v1/namespaces', 'list', { resource: 'namespaces' }],
    ['GET', '/api/v1/namespaces/a', 'get', { resource: 'namespaces', name: 'a' }],
    ['PUT', '/api/v1/namespaces/a/finalize', 'update', { resource: 'namespaces', name: 'a', subresource: 'finalize' }],
    ['PATCH', '/api/v1/namespaces/a/status', 'patch', { resource: 'namespaces', name: 'a', subresource: 'status' }],
    ['POST', '/api/v1/namespaces/a/pods', 'create', { namespace: 'a', resource: 'pods' }],
    [
      'POST',
      '/api/v1/namespaces/a/serviceaccounts/s/token',
      'create',
      { namespace: 'a', resource: 'serviceaccounts', name: 's', subresource: 'token' },
    ],
    ['DELETE', '/api/v1/namespaces/a/pods', 'deletecollection', { namespace: 'a', resource: 'pods' }],
    ['DELETE', '/api/v1/namespaces/a/pods/p', 'delete', { namespace: 'a', resource: 'pods', name: 'p' }],
    ['GET', '/api/v1/namespaces/a/pods/p%3Aq', 'get', { namespace: 'a', resource: 'pods', name: 'p:q' }],
  ])('%s %s is %s', (method, url, verb, target) => {
    expect(route(method, url)).toEqual({ type: 'resource', verb, target: { group: '', version: 'v1', ...target } })
  })

  test('a group of any shape stands in front of the version', () => {
    expect(route('GET', '/apis/internal.eu-west-1.team-a/v1/namespaces/b/redis')).toEqual({
      type: 'resource',
      verb: 'list',
      target: { group: 'internal.eu-west-1.team-a', version: 'v1', namespace: 'b', resource: 'redis' },
    })
  })

  test('the old watch prefix still watches, one object by its name', () => {
    expect(route('GET', '/api/v1/watch/namespaces/a/pods/p')).toEqual({
      type: 'resource',
      verb: 'watch',
      target: { group: '', version: 'v1', namespace: 'a', resource: 'pods' },
      watchedName: 'p',
    })
    expect(route('GET', '/apis/apps/v1/watch/deployments')).toMatchObject({ verb: 'watch' })
  })
})

test.each(['/', '/version', '/api', '/api/v1', '/api/v1/', '/apis', '/apis/apps', '/apis/apps/v1', '/openapi/v3'])(
  '%s is a path that is no resource',
  (path) => {
    expect(route('GET', path)).toMatchObject({ type: 'path', verb: 'get' })
  },
)

test.each([
  ['PUT', '/api/v1/namespaces/a/pods', 405],
  ['POST', '/api/v1/namespaces/a/pods/p', 405],
  ['PATCH', '/api/v1/pods', 405],
  ['OPTIONS', '/api/v1/pods', 405],
  ['GET', '/api/v1/namespaces/a/pods/p/log/more', 404],
  ['GET', '/api/v1/namespaces/a//p', 404],
  ['GET', '/api/v1/pods/%zz', 400],
])('%s %s is refused with %i', (method, url, code) => {
  expect(() => route(method, url)).toThrow(expect.objectContaining({ code }))
  try {
    route(method, url)
  } catch (error) {
    expect(isApiError(error)).toBe(true)
  }
})
