import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { issueClient } from '../certificate-issuing.ts'
import { ensureCertificates, type KeyPair } from '../certificates.ts'
import { type Harness, startHarness, type TestClient } from './testing/harness.ts'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { connect as connectTls } from 'node:tls'

let harness: Harness
let admin: TestClient
let admin2: TestClient

beforeAll(async () => {
  harness = await startHarness()
  admin = harness.h1()
  admin2 = harness.h2()
  for (const name of ['shop', 'other']) {
    await admin.ask({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
  }
})
afterAll(() => harness.close())

const CONFIG_MAPS = '/api/v1/namespaces/shop/configmaps'
const configMap = (name: string, data: Record<string, string> = { k: 'v' }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})
const create = (name: string, data?: Record<string, string>) =>
  admin.ask({ method: 'POST', path: CONFIG_MAPS, body: configMap(name, data) })

const get = (path: string, accept: string) => admin.ask({ path, headers: { accept } })
const aggregated = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`

/** A length-delimited field of a protobuf message. */
const field = (number: number, bytes: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), Buffer.from(bytes)])

/** A certificate of the hub's own authority for anybody. */
function certificateFor(user: string, groups: readonly string[]): Promise<KeyPair> {
  const pem = readFileSync(join(harness.dir, 'pki/ca.pem'), 'utf8')
  const [, key] = /(-----BEGIN PRIVATE KEY-----[\s\S]*-----END PRIVATE KEY-----\n)/.exec(pem)!
  return issueClient({ key: key!, certificate: harness.certificates.caCertificate }, { user, groups }, Date.now())
}

describe.each(['HTTP/1.1', 'HTTP/2'])('over %s', (http) => {
  const client = (): TestClient => (http === 'HTTP/2' ? admin2 : admin)
  const name = http === 'HTTP/2' ? 'two' : 'one'

  test('an object is created, read, replaced, patched and deleted', async () => {
    const created = await client().ask({ method: 'POST', path: CONFIG_MAPS, body: configMap(name) })
    expect(created.code).toBe(201)
    expect(created.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(created.headers['cache-control']).toBe('no-cache, private')
    expect(created.headers['content-type']).toBe('application/json')
    const path = `${CONFIG_MAPS}/${name}`
    expect((await client().ask({ path })).json).toEqual(created.json)
    const replaced = await client().ask({ method: 'PUT', path, body: configMap(name, { k: 'w' }) })
    expect(replaced.json.data).toEqual({ k: 'w' })
    const patched = await client().ask({
      method: 'PATCH',
      path,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { data: { l: 'm' } },
    })
    expect(patched.json.data).toEqual({ k: 'w', l: 'm' })
    const deleted = await client().ask({ method: 'DELETE', path, body: { kind: 'DeleteOptions', apiVersion: 'v1' } })
    expect(deleted.json).toMatchObject({ kind: 'Status', status: 'Success', details: { name, kind: 'configmaps' } })
    const gone = await client().ask({ path })
    expect(gone.code).toBe(404)
    expect(gone.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `configmaps "${name}" not found`,
      reason: 'NotFound',
      details: { name, kind: 'configmaps' },
      code: 404,
    })
  })

  test('HEAD has the head of GET and no body', async () => {
    const answer = await client().ask({ method: 'HEAD', path: '/version' })
    expect(answer.code).toBe(200)
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(0)
    expect(answer.bytes.length).toBe(0)
  })

  test('a body beyond 3 MiB is refused, announced or not, and the connection goes on', async () => {
    const body = Buffer.alloc(3 * 1024 * 1024 + 1, 0x20)
    for (const isUnannounced of [false, true]) {
      const answer = await client().ask({ method: 'POST', path: CONFIG_MAPS, body, isUnannounced })
      expect(answer.code).toBe(413)
      expect(answer.json.message).toBe('Request entity too large: limit is 3145728')
    }
    expect((await client().ask({ path: '/version' })).code).toBe(200)
  })
})

describe('bodies', () => {
  test('YAML makes the same object as JSON', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-yaml\ndata:\n  date: "2026-01-01"\n'
    const answer = await admin.ask({
      method: 'POST',
      path: CONFIG_MAPS,
      body: yaml,
      headers: { 'content-type': 'application/yaml' },
    })
    expect(answer.code).toBe(201)
    expect(answer.json.data).toEqual({ date: '2026-01-01' })
  })

  test('protobuf, as client-go sends it, makes the same object', async () => {
    const meta = Buffer.concat([field(1, 'from-protobuf'), field(2, ''), field(3, ''), field(8, '')])
    const raw = Buffer.concat([field(1, meta), field(2, Buffer.concat([field(1, 'k'), field(2, 'v')]))])
    const type = Buffer.concat([field(1, 'v1'), field(2, 'ConfigMap')])
    const body = Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, raw), field(3, ''), field(4, '')])
    const answer = await admin2.ask({
      method: 'POST',
      path: CONFIG_MAPS,
      body,
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
    })
    expect(answer.code).toBe(201)
    expect(answer.json.data).toEqual({ k: 'v' })
    expect(Object.keys(answer.json.metadata).sort()).toEqual([
      'creationTimestamp',
      'managedFields',
      'name',
      'namespace',
      'resourceVersion',
      'uid',
    ])
  })

  test('a key that stands twice is refused when strict, and warned of otherwise', async () => {
    const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}'
    const strict = await admin.ask({ method: 'POST', path: `${CONFIG_MAPS}?fieldValidation=Strict`, body })
    expect(strict.code).toBe(400)
    expect(strict.json.message).toContain('strict decoding error: duplicate field "data.a"')
    const warned = await admin.ask({ method: 'POST', path: CONFIG_MAPS, body })
    expect(warned.code).toBe(201)
    expect(warned.headers['warning']).toBe('299 - "duplicate field \\"data.a\\""')
  })

  test('an unknown field is warned of over both versions', async () => {
    for (const client of [admin, admin2]) {
      const answer = await client.ask({
        method: 'POST',
        path: `${CONFIG_MAPS}?dryRun=All`,
        body: { ...configMap('unknown'), surprise: 1, other: 2 },
      })
      expect(answer.code).toBe(201)
      expect(answer.headers['warning']).toContain('299 - "unknown field \\"surprise\\""')
      expect(answer.headers['warning']).toContain('299 - "unknown field \\"other\\""')
    }
  })

  test.each([
    ['text/plain', 'hello', 415],
    ['application/json', '{', 400],
    ['application/vnd.kubernetes.protobuf', 'nonsense', 400],
  ])('%s %j is refused with %i', async (type, body, code) => {
    const answer = await admin.ask({ method: 'POST', path: CONFIG_MAPS, body, headers: { 'content-type': type } })
    expect(answer.code).toBe(code)
    expect(answer.json.kind).toBe('Status')
  })
})

describe('forms', () => {
  beforeAll(() => create('shown', { a: '1', b: '2' }))
  const one = `${CONFIG_MAPS}/shown`
  const named = `${CONFIG_MAPS}?fieldSelector=metadata.name%3Dshown`

  test('a Table has the printer columns, a row for each object and its metadata', async () => {
    for (const version of ['v1', 'v1beta1']) {
      const { json } = await get(named, `application/json;as=Table;v=${version};g=meta.k8s.io,application/json`)
      expect(json).toMatchObject({ kind: 'Table', apiVersion: `meta.k8s.io/${version}` })
      expect(json.metadata.resourceVersion).toMatch(/^[0-9]+$/)
      expect(json.columnDefinitions[0]).toMatchObject({ name: 'Name', type: 'string', format: 'name', priority: 0 })
      expect(json.rows).toHaveLength(1)
      expect(json.rows[0].cells[0]).toBe('shown')
      expect(json.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'shown' } })
      expect(json.rows[0].object.data).toBeUndefined()
    }
  })

  test('a Table carries whole objects or none when asked', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    expect((await get(`${one}?includeObject=Object`, accept)).json.rows[0].object.data).toEqual({ a: '1', b: '2' })
    expect((await get(`${one}?includeObject=None`, accept)).json.rows[0].object).toBeNull()
    expect((await get(`${one}?includeObject=Some`, accept)).code).toBe(400)
  })

  test('metadata alone, of one and of many', async () => {
    const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'
    const { json } = await get(one, accept)
    expect(json).toEqual({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: json.metadata })
    const list = await get(named, 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1')
    expect(list.json).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'shown' } }] })
    const patched = await admin.ask({
      method: 'PATCH',
      path: one,
      headers: { accept, 'content-type': 'application/merge-patch+json' },
      body: { metadata: { labels: { x: 'y' } } },
    })
    expect(patched.json).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { labels: { x: 'y' } } })
  })

  test('YAML, pretty JSON, and 406 for anything else', async () => {
    const yaml = await get(one, 'application/yaml')
    expect(yaml.headers['content-type']).toBe('application/yaml')
    expect(yaml.bytes.toString()).toContain('\ndata:\n  a: "1"\n')
    expect((await get(`${one}?pretty=true`, '*/*')).bytes.toString()).toContain('\n  "kind": "ConfigMap",\n')
    const refused = await get(one, 'application/cbor')
    expect(refused.code).toBe(406)
    expect(refused.headers['content-type']).toBe('application/json')
    expect(refused.json.reason).toBe('NotAcceptable')
  })

  test('an empty list has an empty list of items', async () => {
    const { json } = await admin.ask({ path: '/api/v1/namespaces/other/configmaps?labelSelector=none%3Dhere' })
    expect(json).toEqual({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: json.metadata, items: [] })
  })

  test('large answers are compressed for those who can read it', async () => {
    await create('large', { text: 'x'.repeat(200_000) })
    for (const client of [admin, admin2]) {
      const path = `${CONFIG_MAPS}/large`
      const plain = await client.ask({ path })
      expect(plain.headers['content-encoding']).toBeUndefined()
      expect(plain.json.data.text).toHaveLength(200_000)
      const packed = await client.ask({ path, headers: { 'accept-encoding': 'gzip' } })
      expect(packed.headers['content-encoding']).toBe('gzip')
      expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true)
      const small = await client.ask({ path: one, headers: { 'accept-encoding': 'gzip' } })
      expect(small.headers['content-encoding']).toBeUndefined()
    }
  })
})

describe('who asks', () => {
  test('nobody sees health and version, and nothing else', async () => {
    const nobody = harness.h1(null)
    for (const path of ['/livez', '/readyz', '/readyz?verbose', '/version']) {
      expect([path, (await nobody.ask({ path })).code]).toEqual([path, 200])
    }
    for (const path of [
      '/',
      '/healthz',
      '/api',
      '/apis',
      '/api/v1',
      '/openapi/v3',
      '/metrics',
      '/api/v1/secrets',
      '/nothing',
      '/openid/v1/jwks',
    ]) {
      const { code, json } = await nobody.ask({ path })
      expect([path, code, json.message]).toEqual([
        path,
        403,
        `forbidden: User "system:anonymous" cannot get path "${path}"`,
      ])
    }
    expect((await nobody.ask({ method: 'POST', path: CONFIG_MAPS, body: configMap('x') })).code).toBe(403)
  })

  test('a wrong token is 401, also where nobody would be let in', async () => {
    const client = harness.h2(null)
    for (const authorization of ['Bearer abc', 'Basic YTpi', 'Bearer']) {
      const { code, json } = await client.ask({ path: '/version', headers: { authorization } })
      expect([authorization, code, json.reason]).toEqual([authorization, 401, 'Unauthorized'])
    }
  })

  test('a ServiceAccount is let in by its token until it is deleted', async () => {
    const path = '/api/v1/namespaces/shop/serviceaccounts'
    await admin.ask({ method: 'POST', path, body: { metadata: { name: 'robot' } } })
    const issued = await admin.ask({
      method: 'POST',
      path: `${path}/robot/token`,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } },
    })
    expect(issued.code).toBe(201)
    const client = harness.h1(null)
    const headers = { authorization: `Bearer ${issued.json.status.token}` }
    const answer = await client.ask({ path: CONFIG_MAPS, headers })
    expect(answer.code).toBe(403)
    expect(answer.json.message).toContain('User "system:serviceaccount:shop:robot" cannot list resource "configmaps"')
    await admin.ask({ method: 'DELETE', path: `${path}/robot` })
    expect((await client.ask({ path: CONFIG_MAPS, headers })).code).toBe(401)
  })

  test('a certificate names its user and groups; RBAC decides', async () => {
    const client = harness.h2(await certificateFor('dora', ['team-a']))
    const answer = await client.ask({ path: CONFIG_MAPS })
    expect(answer.code).toBe(403)
    expect(answer.json.message).toContain(
      'User "dora" cannot list resource "configmaps" in API group "" in the namespace "shop"',
    )
  })

  test('a certificate of another authority is 401', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'larder-foreign-'))
    const foreign = await ensureCertificates(dir, systemClock)
    rmSync(dir, { recursive: true })
    expect((await harness.h1(foreign.admin).ask({ path: CONFIG_MAPS })).code).toBe(401)
  })

  test('the certificate stays known when a later connection resumes the TLS session', async () => {
    const { key, certificate } = harness.certificates.admin
    const options = { port: harness.server.port, ca: harness.certificates.caCertificate, key, cert: certificate }
    const ask = (session?: Buffer) =>
      new Promise<{ reused: boolean; head: string; session: Buffer }>((resolve, reject) => {
        const socket = connectTls({ ...options, host: '127.0.0.1', ...(session && { session }) }, () => {
          socket.write(`GET ${CONFIG_MAPS} HTTP/1.1\r\nHost: larder\r\n\r\n`)
        })
        let latest: Buffer
        socket.on('session', (ticket) => (latest = ticket))
        socket.on('error', reject)
        socket.once('data', (head) => {
          resolve({ reused: socket.isSessionReused(), head: head.toString().slice(0, 15), session: latest })
          socket.destroy()
        })
      })
    const first = await ask()
    expect([first.reused, first.head]).toEqual([false, 'HTTP/1.1 200 OK'])
    const second = await ask(first.session)
    expect([second.reused, second.head]).toEqual([true, 'HTTP/1.1 200 OK'])
  })

  test('an administrator may act as another, who then may what the other may', async () => {
    const whoami = async (headers: Record<string, string | string[]>) => {
      const answer = await admin.ask({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        headers,
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      })
      return answer.json.status?.userInfo ?? answer.json
    }
    expect(
      await whoami({ 'impersonate-user': 'bob', 'impersonate-group': ['cn=a,ou=b', 'team', 'system:masters'] }),
    ).toMatchObject({
      username: 'bob',
      groups: ['cn=a,ou=b', 'team', 'system:masters', 'system:authenticated'],
    })
    const refused = await admin.ask({ path: CONFIG_MAPS, headers: { 'impersonate-user': 'bob' } })
    expect(refused.json.message).toContain('User "bob" cannot list resource "configmaps"')
    const account = await admin.ask({
      path: CONFIG_MAPS,
      headers: { 'impersonate-user': 'system:serviceaccount:shop:x' },
    })
    expect(account.json.message).toContain('User "system:serviceaccount:shop:x" cannot list')
  })

  test('who has no right to it may not', async () => {
    const client = harness.h1(await certificateFor('eve', []))
    const answer = await client.ask({
      path: CONFIG_MAPS,
      headers: { 'impersonate-user': 'larder-admin', 'impersonate-group': 'system:masters' },
    })
    expect(answer.code).toBe(403)
    expect(answer.json.message).toBe(
      'users "larder-admin" is forbidden: User "eve" cannot impersonate resource "users" in API group "" at the cluster scope',
    )
    const groupOnly = await admin.ask({ path: CONFIG_MAPS, headers: { 'impersonate-group': 'team' } })
    expect(groupOnly.code).toBe(500)
  })
})

describe('who may not call learns nothing else', () => {
  test.each<[string, Parameters<TestClient['ask']>[0]]>([
    ['a body that is no JSON', { method: 'POST', path: CONFIG_MAPS, body: '{' }],
    ['a body of no known type', { method: 'POST', path: CONFIG_MAPS, headers: { 'content-type': 'a/b' }, body: 'x' }],
    ['a body of another kind', { method: 'PUT', path: `${CONFIG_MAPS}/x`, body: { kind: 'Secret' } }],
    ['a patch of no known type', { method: 'PATCH', path: `${CONFIG_MAPS}/x`, body: '{' }],
    ['options that are no JSON', { method: 'DELETE', path: `${CONFIG_MAPS}/x`, body: '{' }],
    ['a selector that cannot be read', { path: `${CONFIG_MAPS}?fieldSelector=metadata.name` }],
    ['a field that cannot be selected', { path: `/api/v1/secrets?fieldSelector=data.password%3Dx&watch=1` }],
    ['a limit that is no number', { path: `${CONFIG_MAPS}?limit=many` }],
    ['a continue token of somebody', { path: `${CONFIG_MAPS}?continue=abc` }],
    ['a form that is not served', { path: CONFIG_MAPS, headers: { accept: 'text/html' } }],
    ['a watch from long ago', { path: `${CONFIG_MAPS}?watch=1&resourceVersion=1` }],
    ['a namespace that is not there', { path: '/api/v1/namespaces/nowhere/configmaps' }],
    ['a resource that is not there', { path: '/apis/example.com/v1/namespaces/shop/nothings' }],
  ])('%s', async (_, ask) => {
    const answer = await harness.h2(await certificateFor('nobody-special', ['team'])).ask(ask)
    expect([answer.code, answer.json.reason]).toEqual([403, 'Forbidden'])
    expect(answer.json.message).toMatch(
      /^\S+( "x")? is forbidden: User "nobody-special" cannot [a-z]+ resource "[a-z]+" in API group "[a-z.]*" (at the cluster scope|in the namespace "[a-z]+")$/,
    )
  })
})

describe('paths that are no resource', () => {
  test('aggregated discovery says its form, and 304 to who has it', async () => {
    for (const path of ['/api', '/apis']) {
      const first = await admin2.ask({ path, headers: { accept: `${aggregated('v2')},application/json` } })
      expect(first.headers['content-type']).toBe(aggregated('v2'))
      expect(first.headers['vary']).toBe('Accept')
      const etag = first.headers['etag'] as string
      expect(etag).toMatch(/^"[0-9A-F]{128}"$/)
      const again = await admin2.ask({ path, headers: { accept: aggregated('v2'), 'if-none-match': etag } })
      expect(again.code).toBe(304)
      expect(again.bytes.length).toBe(0)
    }
    const beta = await admin.ask({ path: '/apis', headers: { accept: aggregated('v2beta1') } })
    expect(beta.json.apiVersion).toBe('apidiscovery.k8s.io/v2beta1')
  })

  test('the older documents', async () => {
    expect((await admin.ask({ path: '/api' })).json.serverAddressByClientCIDRs[0].serverAddress).toBe(
      harness.server.url.slice('https://'.length),
    )
    expect((await admin.ask({ path: '/apis/apps' })).json).toMatchObject({ kind: 'APIGroup', name: 'apps' })
    expect((await admin.ask({ path: '/apis/apps/v1/' })).json).toMatchObject({ groupVersion: 'apps/v1' })
    expect((await admin.ask({ path: '/api/v1' })).json.resources.length).toBeGreaterThan(10)
    for (const path of ['/api/v2', '/apis/nobody', '/apis/apps/v0', '/nothing']) {
      const { code, json } = await admin.ask({ path })
      expect([path, code, json.message]).toEqual([path, 404, 'the server could not find the requested resource'])
    }
    expect((await admin.ask({ method: 'POST', path: '/version' })).code).toBe(405)
  })

  test('health, version, paths, keys', async () => {
    expect((await admin.ask({ path: '/readyz?verbose' })).bytes.toString()).toContain('[+]storage ok\n')
    expect((await admin.ask({ path: '/version' })).json).toMatchObject({ major: '1', minor: '33' })
    expect((await admin.ask({ path: '/' })).json.paths).toContain('/apis/apps/v1')
    expect((await admin.ask({ path: '/openid/v1/jwks' })).json.keys[0]).toMatchObject({ kty: 'EC', alg: 'ES256' })
    expect((await admin.ask({ path: '/.well-known/openid-configuration' })).json.issuer).toBe(harness.tokens.issuer)
  })

  test('OpenAPI v3: an index with hashes, documents that may be kept for ever, and the way on from an old hash', async () => {
    const index = await admin.ask({ path: '/openapi/v3' })
    const path = index.json.paths['apis/apps/v1'].serverRelativeURL as string
    expect(path).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{32}$/)
    const document = await admin.ask({ path })
    expect(document.json.openapi).toMatch(/^3\.0/)
    expect(document.json.components.schemas).toHaveProperty(['io.k8s.api.apps.v1.Deployment'])
    expect(document.headers['cache-control']).toContain('immutable')
    const etag = document.headers['etag'] as string
    expect((await admin.ask({ path, headers: { 'if-none-match': etag } })).code).toBe(304)
    const old = await admin.ask({ path: path.replace(/=.*/, '=0000') })
    expect([old.code, old.headers['location']]).toEqual([301, path])
    const plain = await admin.ask({ path: path.replace(/\?.*/, '') })
    expect(plain.headers['cache-control']).toBe('no-cache, private')
    expect((await admin.ask({ path: '/openapi/v3/apis/none/v1' })).code).toBe(404)
  })

  test('OpenAPI v2: gnostic protobuf under the name that old clients take, and JSON', async () => {
    const asked = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
    const protobuf = await admin2.ask({ path: '/openapi/v2?timeout=32s', headers: { accept: asked } })
    expect(protobuf.code).toBe(200)
    expect(protobuf.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
    // Field 1 of the message is the version of Swagger.
    expect(protobuf.bytes.subarray(0, 5)).toEqual(Buffer.from('\n\x032.0'))
    const json = await admin.ask({ path: '/openapi/v2', headers: { accept: 'application/json' } })
    expect(json.json.swagger).toBe('2.0')
  })

  test('metrics count by verb, resource and code, and never by names from URLs', async () => {
    await admin.ask({ path: '/apis/made.up/v1/unheard' })
    const text = (await admin.ask({ path: '/metrics' })).bytes.toString()
    expect(text).toMatch(/apiserver_request_total\{verb="create",resource="configmaps",code="201"\} [1-9]/)
    expect(text).toMatch(
      /apiserver_request_duration_seconds_bucket\{le="0.005",verb="get",resource="configmaps"\} [1-9]/,
    )
    expect(text).not.toContain('unheard')
    expect(text).not.toContain('shop')
  })
})
