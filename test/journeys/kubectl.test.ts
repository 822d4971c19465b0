/** What the newest kubectl of this machine relies on, beyond what every version does alike (kubectl-versions.test.ts). */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--api-only')
})
afterAll(() => hub.remove())

const configMap = (name: string, data: Record<string, string>, more: object = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data })
const revisionOf = (name: string) => hub.ok(['get', 'cm', name, '-o', 'jsonpath={.metadata.resourceVersion}'])

test('what arrives as protobuf has no fields that nobody wrote, and keeps the zeros that somebody did', async () => {
  await hub.ok(['create', 'configmap', 'from-protobuf', '--from-literal=k=v'])
  const { metadata: _, ...rest } = JSON.parse(await hub.ok(['get', 'cm', 'from-protobuf', '-o', 'json'])) as {
    metadata: object
  }
  expect(rest).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'v' } })
  await hub.ok(['create', 'deployment', 'none', '--image=web', '--replicas=0'])
  const { spec } = JSON.parse(await hub.ok(['get', 'deploy', 'none', '-o', 'json'])) as { spec: object }
  expect(spec).toMatchObject({ replicas: 0 })
  expect(spec).not.toHaveProperty('minReadySeconds')
})

test('apply three times: created, unchanged without a write, and what is left out is removed', async () => {
  await hub.ok(['apply', '-f', '-'], { stdin: configMap('thrice', { a: '1', b: '2' }) })
  const revision = await revisionOf('thrice')
  expect(await hub.ok(['apply', '-f', '-'], { stdin: configMap('thrice', { a: '1', b: '2' }) })).toContain('unchanged')
  expect(await revisionOf('thrice')).toBe(revision)
  await hub.ok(['apply', '-f', '-'], { stdin: configMap('thrice', { a: '3' }) })
  expect(await hub.ok(['get', 'cm', 'thrice', '-o', 'jsonpath={.data}'])).toBe('{"a":"3"}')
})

test('diff tells 0 and 1, also for a new object, and writes nothing', async () => {
  const revision = await revisionOf('thrice')
  expect(await hub.kubectl(['diff', '-f', '-'], { stdin: configMap('thrice', { a: '3' }) })).toMatchObject({ code: 0 })
  const changed = await hub.kubectl(['diff', '-f', '-'], { stdin: configMap('thrice', { a: '4' }) })
  expect(changed).toMatchObject({ code: 1, stdout: expect.stringContaining('+  a: "4"') })
  expect(await hub.kubectl(['diff', '-f', '-'], { stdin: configMap('fresh', {}) })).toMatchObject({ code: 1 })
  expect(await revisionOf('thrice')).toBe(revision)
  expect((await hub.kubectl(['get', 'cm', 'fresh'])).stderr).toContain('NotFound')
})

test('a field that does not exist is refused by name, or warned of', async () => {
  const unknown = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: strict}\ncolour: red\n'
  const refused = await hub.kubectl(['apply', '-f', '-'], { stdin: unknown })
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('unknown field "colour"') })
  const warned = await hub.kubectl(['apply', '--validate=warn', '-f', '-'], { stdin: unknown })
  expect(warned).toMatchObject({ code: 0, stderr: expect.stringContaining('Warning: unknown field "colour"') })
})

test('tables: label columns, no headings, every namespace, sorted, and in pages', async () => {
  const labels = { labels: { app: 'x' } }
  const many = Array.from({ length: 30 }, (_, i) => configMap(`page-${i}`, { i: `${i}` }, labels)).join('\n---\n')
  await hub.ok(['create', '-f', '-'], { stdin: many })
  expect(await hub.ok(['get', 'cm', '-L', 'app', '-l', 'app=x'])).toMatch(/NAME +DATA +AGE +APP\npage-0 +1 +\S+ +x\n/)
  expect(await hub.ok(['get', 'cm', 'page-1', '--no-headers'])).toMatch(/^page-1 +1 +\S+\n$/)
  expect(await hub.ok(['get', 'cm', '-A'])).toMatch(/^NAMESPACE +NAME/)
  const sorted = await hub.ok(['get', 'cm', '-l', 'app=x', '--sort-by={.data.i}', '-o', 'name'])
  expect(sorted.split('\n').slice(0, 3)).toEqual(['configmap/page-0', 'configmap/page-1', 'configmap/page-2'])
  const paged = await hub.ok(['get', 'cm', '-l', 'app=x', '--chunk-size=7', '-o', 'name'])
  expect(new Set(paged.trim().split('\n')).size).toBe(30)
})

test('delete waits for a finalizer, and returns when it is taken away', async () => {
  await hub.ok(['create', '-f', '-'], { stdin: configMap('held', {}, { finalizers: ['example.com/hold'] }) })
  const deleting = hub.kubectl(['delete', 'cm', 'held', '--timeout=20s'])
  await eventually(
    'the mark',
    async () => (await hub.ok(['get', 'cm', 'held', '-o', 'jsonpath={.metadata.deletionTimestamp}'])) || undefined,
  )
  await hub.ok(['patch', 'cm', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
  expect(await deleting).toMatchObject({ code: 0 })
})

test('a ServiceAccount logs in by its token, may what its role says and nothing elsewhere, and is out once deleted', async () => {
  await hub.ok(['create', 'namespace', 'shop'])
  await hub.ok(['create', 'serviceaccount', 'dev', '-n', 'shop'])
  await hub.ok(['create', 'role', 'one', '--verb=get', '--resource=configmaps', '--resource-name=mine', '-n', 'shop'])
  await hub.ok(['create', 'rolebinding', 'one', '--role=one', '--serviceaccount=shop:dev', '-n', 'shop'])
  const token = (await hub.ok(['create', 'token', 'dev', '-n', 'shop'])).trim()
  const config = JSON.parse(await hub.ok(['config', 'view', '--raw', '-o', 'json'])) as { users: { user: object }[] }
  config.users[0]!.user = { token }
  const theirs = join(hub.dir, 'dev.kubeconfig')
  writeFileSync(theirs, JSON.stringify(config), { mode: 0o600 })
  const dev = (...args: string[]) => hub.kubectl(['--kubeconfig', theirs, ...args])

  const who = await dev('auth', 'whoami', '-o', 'json')
  expect(who.stdout).toContain('"username": "system:serviceaccount:shop:dev"')
  expect(who.stdout).toContain('authentication.kubernetes.io/credential-id')
  expect((await dev('auth', 'can-i', 'get', 'configmaps/mine', '-n', 'shop')).stdout).toBe('yes\n')
  expect((await dev('auth', 'can-i', 'get', 'configmaps', '-n', 'shop')).code).toBe(1)
  expect((await dev('auth', 'can-i', '--list', '-n', 'shop')).stdout).toMatch(/configmaps +\[\] +\[mine\] +\[get\]/)
  expect((await dev('get', 'configmaps', '-n', 'default')).stderr).toContain(
    'configmaps is forbidden: User "system:serviceaccount:shop:dev" cannot list resource "configmaps" in API group "" in the namespace "default"',
  )
  await hub.ok(['delete', 'serviceaccount', 'dev', '-n', 'shop'])
  expect((await dev('get', 'configmaps', '-n', 'shop')).stderr).toContain('You must be logged in')
})

test('get --raw reads whatever has a path: health, versions, lists; create --raw writes', async () => {
  expect(await hub.ok(['get', '--raw', '/readyz'])).toBe('ok')
  expect(JSON.parse(await hub.ok(['get', '--raw', '/version']))).toMatchObject({ major: '1' })
  await hub.ok(['create', '--raw', '/api/v1/namespaces/default/configmaps', '-f', '-'], {
    stdin: configMap('by-path', { a: '1' }),
  })
  const path = '/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dby-path'
  expect(JSON.parse(await hub.ok(['get', '--raw', path]))).toMatchObject({
    kind: 'ConfigMapList',
    items: [{ metadata: { name: 'by-path' }, data: { a: '1' } }],
  })
  await hub.ok(['delete', '--raw', '/api/v1/namespaces/default/configmaps/by-path'])
  expect((await hub.kubectl(['get', '--raw', '/api/v1/namespaces/default/configmaps/by-path'])).stderr).toContain(
    'NotFound',
  )
})
