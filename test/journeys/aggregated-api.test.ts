/** Another server's group under this API's address: a process of its own, which checks who hands the requests on. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { issueAuthority, issueServerFor } from '@larder/engine/apiserver/certificate-issuing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'

const SERVER = resolve(import.meta.dirname, '../testing/aggregated-server.mjs')

let hub: Hub
let dir: string
let server: ChildProcess
let caBundle: string

beforeAll(async () => {
  hub = await newHub()
  dir = mkdtempSync(join(tmpdir(), 'larder-hats-'))
  await hub.start('--api-only')
  const ca = await issueAuthority('hats-ca', Date.now())
  const { key, certificate } = await issueServerFor(ca, ['hats.default.svc'], Date.now())
  caBundle = Buffer.from(ca.certificate).toString('base64')
  writeFileSync(join(dir, 'tls.crt'), certificate)
  writeFileSync(join(dir, 'tls.key'), key, { mode: 0o600 })
})
afterAll(async () => {
  server?.kill('SIGKILL')
  await hub.remove()
  rmSync(dir, { recursive: true, force: true })
})

async function startServer(): Promise<number> {
  const trust = ['get', 'cm', '-n', 'kube-system', 'extension-apiserver-authentication', '-o', 'json']
  writeFileSync(join(dir, 'trust.json'), await hub.ok(trust))
  const files = ['tls.crt', 'tls.key', 'trust.json'].map((name) => join(dir, name))
  server = spawn(process.execPath, [SERVER, ...files], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(server.stdout!, 'data')) as [Buffer]
  return Number(said.toString())
}

const manifest = (port: number) => `
apiVersion: v1
kind: Service
metadata: {name: hats, namespace: default}
spec: {type: ExternalName, externalName: localhost}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.hats.example.com}
spec:
  group: hats.example.com
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 10
  caBundle: ${caBundle}
  service: {namespace: default, name: hats, port: ${port}}
`

test('becomes Available, and kubectl reads its kinds like any other', async () => {
  await hub.ok(['apply', '-f', '-'], { stdin: manifest(await startServer()) })
  await hub.ok(['wait', '--for=condition=Available', 'apiservice/v1.hats.example.com', '--timeout=20s'])
  const rows = await hub.ok(['get', 'apiservices'])
  expect(rows.replaceAll(/ +/g, ' ')).toMatch(/^NAME SERVICE AVAILABLE AGE\nv1.hats.example.com default\/hats True /)
  expect(await hub.ok(['api-resources', '--api-group=hats.example.com', '-o', 'name'])).toBe('hats.hats.example.com\n')
  expect(await hub.ok(['get', 'ht', '-o', 'jsonpath={.items[0].spec.wornBy}'])).toBe('larder-admin')
  expect(await hub.ok(['explain', 'hats.spec'])).toContain('Who wears it.')
  expect(await hub.ok(['get', 'hats', 'top', '-w', '-o', 'jsonpath={.spec.wornBy} '])).toBe('larder-admin nobody ')
  expect((await hub.kubectl(['get', 'hats', 'bowler'])).stderr).toContain('there is no such hat')
})

test('is under the RBAC of this API, and sees no token', async () => {
  await hub.ok(['create', 'serviceaccount', 'ann'])
  const token = (await hub.ok(['create', 'token', 'ann'])).trim()
  const asAnn = (...args: readonly string[]) =>
    hub.kubectl(['--kubeconfig', join(dir, 'ann'), '--cache-dir', join(dir, 'cache'), ...args])
  const config = JSON.parse(await hub.ok(['config', 'view', '--raw', '-o', 'json'])) as {
    users: { name: string; user: object }[]
  }
  writeFileSync(
    join(dir, 'ann'),
    JSON.stringify({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) }),
  )
  expect((await asAnn('get', 'hats', 'top')).stderr).toContain(
    'hats.hats.example.com "top" is forbidden: User "system:serviceaccount:default:ann" cannot get resource "hats"',
  )
  await hub.ok(['create', 'role', 'hats', '--verb=get', '--resource=hats.hats.example.com'])
  await hub.ok(['create', 'rolebinding', 'hats', '--role=hats', '--serviceaccount=default:ann'])
  const seen = await asAnn('get', 'hats', 'top', '-o', 'jsonpath={.spec.wornBy} {.spec.token}')
  expect(seen.stdout).toBe('system:serviceaccount:default:ann none')
})

test('when it dies, its group says so and the others go on', async () => {
  server.kill('SIGKILL')
  await eventually('a refusal', async () => {
    const { stderr } = await hub.kubectl(['get', '--raw', '/apis/hats.example.com/v1/namespaces/default/hats'])
    return stderr.includes('is not available (FailedDiscoveryCheck)') ? true : undefined
  })
  const { stderr } = await hub.kubectl(['get', 'hats'])
  expect(stderr).toMatch(/the server is currently unable to handle the request|is not available/)
  await hub.ok(['get', 'configmaps', '-A'])
  await hub.ok(['apply', '-f', '-'], { stdin: manifest(await startServer()) })
  await hub.ok(['wait', '--for=condition=Available', 'apiservice/v1.hats.example.com', '--timeout=20s'])
  await hub.ok(['get', 'hats', 'top'])
})
