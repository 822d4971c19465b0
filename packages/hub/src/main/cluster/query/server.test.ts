/** Who may ask the hub directly: the cluster's API, on behalf of whom it names, and nobody else. */
import { request } from 'node:https'
import { issueAuthority, issueClient, issueServerFor } from '@larder/engine/apiserver/certificate-issuing'
import { systemClock } from '@larder/engine/base/clock'
import { silentLog } from '@larder/engine/base/log'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClaimableDesk } from '../../../controllers/claimable/desk.ts'
import { hubQueries } from '../../queries.ts'
import { bareCluster, type BareCluster } from '../../testing/cluster.ts'
import { serveQueries, type KeyPair, type QueryServer } from './server.ts'

const PATH = '/apis/query.larder.dev/v1alpha1/namespaces/default/claimablequeries'
const MASTER = { 'x-remote-user': 'ann', 'x-remote-group': 'system:masters' }

let cluster: BareCluster
let server: QueryServer
let authority: string
let proxy: KeyPair
let stranger: KeyPair
let sameAuthority: KeyPair
beforeAll(async () => {
  cluster = await bareCluster()
  const now = Date.now()
  const [ca, front, other] = await Promise.all(['query', 'front', 'other'].map((name) => issueAuthority(name, now)))
  authority = ca!.certificate
  proxy = await issueClient(front!, { user: 'front-proxy', groups: [] }, now)
  sameAuthority = await issueClient(front!, { user: 'somebody', groups: [] }, now)
  stranger = await issueClient(other!, { user: 'front-proxy', groups: [] }, now)
  server = await serveQueries({
    queries: hubQueries(createClaimableDesk(), [], systemClock),
    hub: cluster.admin,
    identity: await issueServerFor(ca!, ['larder-query.larder-system.svc'], now),
    trust: {
      authority: front!.certificate,
      names: ['front-proxy'],
      userHeaders: ['x-remote-user'],
      groupHeaders: ['x-remote-group'],
      uidHeaders: [],
      extraPrefixes: [],
    },
    host: '127.0.0.1',
    log: silentLog,
  })
})
afterAll(async () => {
  await server.close()
  await cluster.close()
})

interface Ask {
  readonly by?: KeyPair
  readonly as?: Record<string, string>
  readonly body?: string
  readonly path?: string
  readonly method?: string
}

function ask({
  by,
  as = {},
  body = '{}',
  path = PATH,
  method = 'POST',
}: Ask): Promise<{ code: number; message: string }> {
  const options = {
    port: server.port,
    host: '127.0.0.1',
    ca: authority,
    servername: 'larder-query.larder-system.svc',
    path,
    method,
    headers: { ...as, 'content-type': 'application/json' },
    agent: false as const,
    ...(by && { cert: by.certificate, key: by.key }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => {
        const { message = '' } = JSON.parse(text) as { message?: string }
        resolve({ code: response.statusCode ?? 0, message })
      })
    })
    sent.on('error', reject)
    sent.end(method === 'GET' ? undefined : body)
  })
}

test.each<[string, () => Ask]>([
  ['nobody in particular', () => ({ as: MASTER })],
  ['a certificate of another authority', () => ({ by: stranger, as: MASTER })],
  ['another certificate of the same authority', () => ({ by: sameAuthority, as: MASTER })],
  ['the front proxy that names nobody', () => ({ by: proxy })],
])('%s is not believed', async (_, asked) => {
  expect(await ask(asked())).toMatchObject({ code: 401, message: 'Unauthorized' })
})

test('whom the front proxy names is asked about at the cluster', async () => {
  const eve = await ask({ by: proxy, as: { 'x-remote-user': 'eve' } })
  expect(eve).toEqual({
    code: 403,
    message:
      'claimablequeries.query.larder.dev is forbidden: User "eve" cannot create resource "claimablequeries" in API group "query.larder.dev" in the namespace "default"',
  })
  // Allowed, by a hub that has no caches yet.
  expect(await ask({ by: proxy, as: MASTER })).toMatchObject({ code: 503 })
  expect((await ask({ by: proxy, as: MASTER, path: PATH.replace('default', 'nowhere') })).message).toBe(
    'namespaces "nowhere" not found',
  )
})

test.each<[string, Partial<Ask>, number, string]>([
  ['no JSON', { body: '{' }, 400, 'the body is not JSON'],
  ['another kind', { body: '{"kind":"Pod"}' }, 400, 'the body is query.larder.dev/v1alpha1 Pod, and not'],
  ['a number for a name', { body: '{"spec":{"className":1}}' }, 422, 'spec.className: Invalid value: "integer"'],
  [
    'what nobody asks',
    { body: '{"spec":{"klass":1}}', path: `${PATH}?fieldValidation=Strict` },
    400,
    'unknown field "spec.klass"',
  ],
  ['too much', { body: `{"a":"${'x'.repeat(70_000)}"}` }, 413, 'Request entity too large'],
  ['a list', { method: 'GET' }, 405, 'get is not supported'],
  ['something else', { path: '/apis/else' }, 404, 'could not find'],
])('%s is refused', async (_, asked, code, message) => {
  expect(await ask({ by: proxy, as: MASTER, ...asked })).toEqual({
    code,
    message: expect.stringContaining(message) as string,
  })
})
