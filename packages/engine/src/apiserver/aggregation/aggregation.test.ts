import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import { startHarness, WatchLines, type Harness, type TestClient } from '../http/testing/harness.ts'
import { startOtherServer, type OtherServer } from './testing/other-server.ts'

const GROUP = 'hats.example.com'
const HATS = `/apis/${GROUP}/v1/namespaces/default/hats`
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'
const NAME = `v1.${GROUP}`

let harness: Harness
let client: TestClient
let other: OtherServer | undefined

beforeEach(async () => {
  harness = await startHarness()
  client = harness.h2()
})
afterEach(async () => {
  await other?.close()
  other = undefined
  await harness.close()
})

const ask = (method: string, path: string, body?: JsonObject) => client.ask({ method, path, ...(body && { body }) })

async function post(path: string, body: JsonObject): Promise<void> {
  const { code, json } = await ask('POST', path, body)
  expect([code, json.message]).toEqual([201, undefined])
}

async function trust(): Promise<JsonObject> {
  const { json } = await ask('GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication')
  return json.data as JsonObject
}

async function startOther(port?: number): Promise<OtherServer> {
  other = await startOtherServer({
    group: GROUP,
    trust: await trust(),
    host: 'hats.default.svc',
    ...(port !== undefined && { port }),
  })
  return other
}

/** A Service of port 443, and the address behind it. */
async function makeService(port: number): Promise<void> {
  await post('/api/v1/namespaces/default/services', {
    metadata: { name: 'hats' },
    spec: { ports: [{ port: 443, targetPort: port, name: 'https' }] },
  })
  await post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'hats-1', labels: { 'kubernetes.io/service-name': 'hats' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ name: 'https', port }],
  })
}

const makeApiService = (spec: JsonObject): Promise<void> =>
  post(API_SERVICES, {
    metadata: { name: NAME },
    spec: {
      group: GROUP,
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 10,
      service: { namespace: 'default', name: 'hats' },
      ...spec,
    },
  })

async function condition(name: string): Promise<string> {
  const { json } = await ask('GET', `${API_SERVICES}/${name}`)
  const [available] = json.status?.conditions ?? []
  return available ? `${available.status} ${available.reason}: ${available.message}` : 'none'
}

async function conditionBecomes(pattern: RegExp, name = NAME): Promise<void> {
  const until = Date.now() + 8000
  let seen = ''
  while (Date.now() < until) {
    seen = await condition(name)
    if (pattern.test(seen)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(seen).toMatch(pattern)
}

const caBundleOf = ({ caCertificate }: OtherServer): string => Buffer.from(caCertificate).toString('base64')

async function serveHats(): Promise<OtherServer> {
  const server = await startOther()
  await makeService(server.port)
  await makeApiService({ caBundle: caBundleOf(server) })
  await conditionBecomes(/^True Passed: all checks passed$/)
  return server
}

describe('a server behind an APIService', () => {
  test('gets requests with their method, path and body, from the front proxy, in the name of the sender', async () => {
    await serveHats()
    const made = await ask('POST', `${HATS}?dryRun=All`, { metadata: { name: 'h' }, brim: 3 })
    expect([made.code, made.headers['x-other'], made.json.body]).toEqual([
      201,
      'yes',
      { metadata: { name: 'h' }, brim: 3 },
    ])
    expect(made.json.user).toMatchObject({ name: 'larder-admin', groups: ['system:masters', 'system:authenticated'] })
    expect(other!.seen).toContain(`POST ${HATS}?dryRun=All`)
    const h1 = await harness.h1().ask({ path: `${HATS}/h` })
    expect([h1.code, h1.json.kind]).toEqual([200, 'Hat'])
    expect((await ask('GET', `/apis/${GROUP}/v1/nothing`)).json).toEqual({ message: 'nothing here' })
  })

  test('never sees a token, nor headers by which a sender would say who they are', async () => {
    await serveHats()
    await post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'ann' } })
    const token = await ask('POST', '/api/v1/namespaces/default/serviceaccounts/ann/token', {})
    await post('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'hats' },
      rules: [{ apiGroups: [GROUP], resources: ['hats'], verbs: ['get'] }],
    })
    const headers = {
      authorization: `Bearer ${token.json.status.token}`,
      'x-remote-user': 'root',
      'x-remote-group': 'system:masters',
      'x-remote-extra-scopes': 'all',
      cookie: 'a=b',
    }
    const asAnn = (method: string) => harness.h2(null).ask({ method, path: `${HATS}/h`, headers })
    expect((await asAnn('GET')).json).toMatchObject({
      code: 403,
      message: `hats.${GROUP} "h" is forbidden: User "system:serviceaccount:default:ann" cannot get resource "hats" in API group "${GROUP}" in the namespace "default"`,
    })
    await post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'hats' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'hats' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'ann' }],
    })
    const { user } = (await asAnn('GET')).json
    expect(user).toMatchObject({ name: 'system:serviceaccount:default:ann', authorization: null })
    expect(user.groups).not.toContain('system:masters')
    expect(Object.keys(user.extra)).not.toContain('x-remote-extra-scopes')
    expect((await asAnn('DELETE')).code).toBe(403)
    const impersonated = await client.ask({
      path: `${HATS}/h`,
      headers: {
        'impersonate-user': 'bea',
        'impersonate-extra-Team%2FX': 'blue',
        'impersonate-group': 'system:masters',
      },
    })
    expect(impersonated.json.user).toMatchObject({ name: 'bea', extra: { 'x-remote-extra-team%2fx': 'blue' } })
  })

  test('is part of discovery in both forms, and of OpenAPI', async () => {
    await serveHats()
    const groups = (await ask('GET', '/apis')).json.groups
    expect(groups.at(-1)).toMatchObject({ name: GROUP, preferredVersion: { groupVersion: `${GROUP}/v1` } })
    expect((await ask('GET', `/apis/${GROUP}`)).json.versions).toEqual([{ groupVersion: `${GROUP}/v1`, version: 'v1' }])
    expect((await ask('GET', `/apis/${GROUP}/v1`)).json.resources.map(({ name }: any) => name)).toEqual([
      'hats',
      'hats/status',
    ])
    const { json } = await client.ask({
      path: '/apis',
      headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
    })
    const item = json.items.find(({ metadata }: any) => metadata.name === GROUP)
    expect(item.versions).toEqual([
      {
        version: 'v1',
        freshness: 'Current',
        resources: [
          {
            resource: 'hats',
            responseKind: { group: GROUP, version: 'v1', kind: 'Hat' },
            scope: 'Namespaced',
            singularResource: 'hat',
            verbs: ['create', 'get', 'list', 'watch'],
            shortNames: ['ht'],
            subresources: [
              { subresource: 'status', responseKind: { group: GROUP, version: 'v1', kind: 'Hat' }, verbs: ['get'] },
            ],
          },
        ],
      },
    ])
    const index = (await ask('GET', '/openapi/v3')).json.paths[`apis/${GROUP}/v1`]
    const schema = await ask('GET', index.serverRelativeURL)
    expect(Object.keys(schema.json.components.schemas)).toEqual([`${GROUP}.Hat`])
    const { definitions } = (await ask('GET', '/openapi/v2')).json
    expect(definitions[`${GROUP}.Hat`].properties.brim).toEqual({ type: 'integer' })
    expect(definitions['io.k8s.api.core.v1.Secret']).toBeDefined()
  })

  test('streams its watches through, until the client or the server ends them', async () => {
    const server = await serveHats()
    const watch = await client.open({ path: `${HATS}?watch=true` })
    const lines = new WatchLines(watch.stream)
    server.tell({ type: 'ADDED', object: { metadata: { name: 'one' } } })
    expect(await lines.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'one' } } })
    server.tell({ type: 'DELETED', object: { metadata: { name: 'one' } } })
    expect(await lines.next()).toMatchObject({ type: 'DELETED' })
    const second = new WatchLines((await harness.h1().open({ path: `${HATS}?watch=true` })).stream)
    await server.close()
    expect([await lines.next(), await second.next()]).toEqual([undefined, undefined])
  })

  test('that may not be asked redirects nobody', async () => {
    await serveHats()
    const { code, json } = await ask('GET', `/apis/${GROUP}/v1/redirect`)
    expect([code, json.message]).toEqual([
      502,
      'the backend attempted to redirect this request, which is not permitted',
    ])
  })
})

describe('a server that is not there', () => {
  test('is 503 with its reason, stale in discovery, and nobody else notices', async () => {
    const server = await serveHats()
    await server.close()
    const refused = await ask('GET', HATS)
    expect([refused.code, refused.json.reason]).toEqual([503, 'ServiceUnavailable'])
    expect(refused.json.message).toMatch(/^the server behind APIService "v1.hats.example.com" /)
    await conditionBecomes(
      /^False FailedDiscoveryCheck: failing or missing response from https:\/\/127.0.0.1:\d+\/apis\/hats.example.com\/v1: connection refused$/,
    )
    expect((await ask('GET', HATS)).json).toMatchObject({
      code: 503,
      reason: 'ServiceUnavailable',
      message: 'the server behind APIService "v1.hats.example.com" is not available (FailedDiscoveryCheck)',
    })
    const { json } = await client.ask({
      path: '/apis',
      headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
    })
    expect(json.items.find(({ metadata }: any) => metadata.name === GROUP).versions[0].freshness).toBe('Stale')
    expect((await ask('GET', '/api/v1/namespaces/default/configmaps')).code).toBe(200)
    await startOther(server.port)
    const patched = await client.ask({
      method: 'PATCH',
      path: `${API_SERVICES}/${NAME}`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { caBundle: caBundleOf(other!) } },
    })
    expect(patched.code).toBe(200)
    await conditionBecomes(/^True Passed/)
    expect((await ask('GET', `${HATS}/h`)).code).toBe(200)
  })

  test('while it hangs, what is not its own is served', async () => {
    const server = await serveHats()
    server.hang(true)
    const stuck = client.open({ path: HATS })
    expect((await ask('GET', '/api/v1/namespaces/default/configmaps')).code).toBe(200)
    expect((await ask('GET', '/apis')).code).toBe(200)
    server.hang(false)
    await server.close()
    expect((await stuck).code).toBe(503)
  })

  test('says what is missing on the way to it, one thing after the other', async () => {
    const server = await startOther()
    await makeApiService({ caBundle: caBundleOf(server) })
    await conditionBecomes(/^False ServiceNotFound: service\/hats in "default" is not present$/)
    await post('/api/v1/namespaces/default/services', {
      metadata: { name: 'hats' },
      spec: { ports: [{ port: 8443, name: 'https' }] },
    })
    await conditionBecomes(/^False ServicePortError: service\/hats in "default" is not listening on port 443$/)
    await client.ask({
      method: 'PATCH',
      path: '/api/v1/namespaces/default/services/hats',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { ports: [{ port: 443, name: 'https' }] } },
    })
    await conditionBecomes(/^False EndpointsNotFound: cannot find endpointslices for service\/hats in "default"$/)
    const endpoints = { metadata: { name: 'hats' }, subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [] }] }
    await post('/api/v1/namespaces/default/endpoints', endpoints)
    await conditionBecomes(/^False MissingEndpoints: .* have no addresses with port name "https"$/)
    await client.ask({
      method: 'PUT',
      path: '/api/v1/namespaces/default/endpoints/hats',
      body: {
        ...endpoints,
        subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ name: 'https', port: server.port }] }],
      },
    })
    await conditionBecomes(/^True Passed/)
  })

  test('of another authority than the bundle says is not asked anything', async () => {
    const server = await startOther()
    await makeService(server.port)
    await makeApiService({ caBundle: Buffer.from(harness.certificates.caCertificate).toString('base64') })
    await conditionBecomes(/^False FailedDiscoveryCheck: .*: .*certificate/i)
    expect(server.seen).toEqual([])
    await client.ask({
      method: 'PATCH',
      path: `${API_SERVICES}/${NAME}`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { caBundle: null, insecureSkipTLSVerify: true } },
    })
    await conditionBecomes(/^True Passed/)
  })

  test('by an external name, as on a laptop', async () => {
    const server = await startOther()
    await post('/api/v1/namespaces/default/services', {
      metadata: { name: 'hats' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    })
    const service = { namespace: 'default', name: 'hats', port: server.port }
    await makeApiService({ service, caBundle: caBundleOf(server) })
    await conditionBecomes(/^True Passed/)
    expect((await ask('GET', `${HATS}/h`)).json.kind).toBe('Hat')
  })
})

describe('an APIService', () => {
  test('that goes takes its group along', async () => {
    await serveHats()
    expect((await ask('DELETE', `${API_SERVICES}/${NAME}`)).code).toBe(200)
    expect((await ask('GET', HATS)).code).toBe(404)
    expect((await ask('GET', '/apis')).json.groups.some(({ name }: any) => name === GROUP)).toBe(false)
  })

  test('for what is served here changes nothing, until it is no longer served here', async () => {
    const server = await startOther()
    await makeService(server.port)
    await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: `hats.${GROUP}` },
      spec: {
        group: GROUP,
        scope: 'Namespaced',
        names: { plural: 'hats', kind: 'Hat' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    })
    await makeApiService({ caBundle: caBundleOf(server) })
    await conditionBecomes(/^False LocallyServed: /)
    expect((await ask('GET', HATS)).json.kind).toBe('HatList')
    await ask('DELETE', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/hats.${GROUP}`)
    const until = Date.now() + 5000
    let answer = await ask('GET', HATS)
    while (answer.json.kind !== 'Hat' && Date.now() < until) answer = await ask('GET', HATS)
    expect(answer.json.kind).toBe('Hat')
  })

  test('without a service says that it is local', async () => {
    await post(API_SERVICES, {
      metadata: { name: 'v1.apps' },
      spec: { group: 'apps', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 },
    })
    await conditionBecomes(/^True Local: Local APIServices are always available$/, 'v1.apps')
    expect((await ask('GET', '/apis/apps/v1/deployments')).code).toBe(200)
  })

  test('that makes no sense is refused by field', async () => {
    const { json } = await ask('POST', API_SERVICES, {
      metadata: { name: 'hats' },
      spec: { group: GROUP, version: 'v1', versionPriority: 5000, service: { name: 'hats' } },
    })
    expect(json.code).toBe(422)
    expect(json.message).toContain('metadata.name: Invalid value: "hats": must be')
    expect(json.message).toContain('spec.versionPriority: Invalid value: 5000: must be positive and less than 1000')
    expect(json.message).toContain('spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000')
    expect(json.message).toContain('spec.service.namespace: Required value')
  })
})
