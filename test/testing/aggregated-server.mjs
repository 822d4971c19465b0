/**
 * A small server behind an APIService, as a process of its own that shares no code with Larder: one kind, `Hat`, made up on the spot.
 * It believes the headers of the front proxy only from a client whose certificate the ConfigMap vouches for.
 *
 *   node aggregated-server.mjs CERTIFICATE KEY TRUST
 *
 * TRUST is the ConfigMap kube-system/extension-apiserver-authentication, as JSON. Prints its port.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [certificate, key, trust] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'))
const { data } = JSON.parse(trust)
const allowed = JSON.parse(data['requestheader-allowed-names'])
const GROUP = 'hats.example.com'
const BASE = `/apis/${GROUP}/v1`
const HATS = `${BASE}/namespaces/default/hats`

const tls = {
  cert: certificate,
  key,
  ca: data['requestheader-client-ca-file'],
  requestCert: true,
  rejectUnauthorized: false,
}
const server = createServer(tls, (request, response) => {
  const { socket, headers, url } = request
  const isFrontProxy = socket.authorized && allowed.includes(socket.getPeerCertificate().subject.CN)
  if (!isFrontProxy) return answer(response, 401, status('this is not the front proxy', 401))
  const { pathname, searchParams } = new URL(url, 'https://here')
  if (pathname === BASE) return answer(response, 200, RESOURCES)
  if (pathname === `/openapi/v3${BASE}`) return answer(response, 200, OPENAPI)
  if (searchParams.get('watch') === 'true') return watch(response, headers)
  if (pathname === HATS)
    return answer(response, 200, { ...HAT, kind: 'HatList', metadata: { resourceVersion: '1' }, items: [hat(headers)] })
  if (pathname === `${HATS}/top`) return answer(response, 200, hat(headers))
  return answer(response, 404, status('there is no such hat', 404))
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))

const HAT = { apiVersion: `${GROUP}/v1`, kind: 'Hat' }

function hat(headers) {
  const spec = { wornBy: headers['x-remote-user'], token: headers.authorization ?? 'none' }
  return { ...HAT, metadata: { name: 'top', namespace: 'default', resourceVersion: '1' }, spec }
}

/** Two events and the end. */
function watch(response, headers) {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.write(`${JSON.stringify({ type: 'ADDED', object: hat(headers) })}\n`)
  const changed = { ...hat(headers), spec: { wornBy: 'nobody', token: 'none' } }
  setTimeout(() => response.end(`${JSON.stringify({ type: 'MODIFIED', object: changed })}\n`), 200)
}

function answer(response, code, body) {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function status(message, code) {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'NotFound', code }
}

const RESOURCES = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/v1`,
  resources: [
    {
      name: 'hats',
      singularName: 'hat',
      namespaced: true,
      kind: 'Hat',
      verbs: ['get', 'list', 'watch'],
      shortNames: ['ht'],
    },
  ],
}

const OPENAPI = {
  openapi: '3.0.0',
  info: { title: 'hats', version: 'v1' },
  paths: {
    [`${BASE}/namespaces/{namespace}/hats`]: {
      get: {
        responses: {},
        'x-kubernetes-action': 'list',
        'x-kubernetes-group-version-kind': { group: GROUP, version: 'v1', kind: 'Hat' },
      },
    },
  },
  components: {
    schemas: {
      'com.example.hats.v1.Hat': {
        type: 'object',
        description: 'What somebody wears.',
        properties: {
          spec: { type: 'object', description: 'Who wears it.', properties: { wornBy: { type: 'string' } } },
        },
        'x-kubernetes-group-version-kind': [{ group: GROUP, version: 'v1', kind: 'Hat' }],
      },
    },
  },
}
