/** Server-side apply as stock kubectl does it: conflicts, force, what is dropped, and the way over from client-side apply. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--api-only')
})
afterAll(() => hub.remove())

const configMap = (name: string, data: Record<string, string>) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
const apply = (manager: string, manifest: string, ...flags: readonly string[]) =>
  hub.kubectl(['apply', '--server-side', `--field-manager=${manager}`, '-f', '-', ...flags], { stdin: manifest })
const dataOf = (name: string) => hub.ok(['get', 'cm', name, '-o', 'jsonpath={.data}'])
const revisionOf = (name: string) => hub.ok(['get', 'cm', name, '-o', 'jsonpath={.metadata.resourceVersion}'])

interface Entry {
  readonly manager: string
  readonly operation: string
  readonly subresource?: string
  readonly fieldsV1: Record<string, object>
}

async function entriesOf(kind: string, name: string): Promise<readonly Entry[]> {
  const text = await hub.ok(['get', kind, name, '-o', 'json', '--show-managed-fields'])
  return (JSON.parse(text) as { metadata: { managedFields: readonly Entry[] } }).metadata.managedFields
}

const namesOf = (entries: readonly Entry[]) =>
  entries.map((one) => [one.manager, one.operation, one.subresource].filter(Boolean).join(' '))

test('creates, says the same again without a write, and takes away what is dropped', async () => {
  expect(await apply('one', configMap('plain', { a: '1', b: '1' }))).toMatchObject({
    code: 0,
    stdout: 'configmap/plain serverside-applied\n',
  })
  const revision = await revisionOf('plain')
  expect(await apply('one', configMap('plain', { a: '1', b: '1' }))).toMatchObject({ code: 0 })
  expect(await revisionOf('plain')).toBe(revision)
  expect(await apply('one', configMap('plain', { a: '1' }))).toMatchObject({ code: 0 })
  expect(await dataOf('plain')).toBe('{"a":"1"}')
})

test('a conflict names the manager and the field, and --force-conflicts moves the field', async () => {
  await apply('one', configMap('contested', { a: '1', b: '1' }))
  const refused = await apply('two', configMap('contested', { a: '2' }))
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('Apply failed with 1 conflict: conflict with "one": .data.a')
  expect(refused.stderr).toContain('--force-conflicts')
  expect(await dataOf('contested')).toBe('{"a":"1","b":"1"}')
  expect(await apply('two', configMap('contested', { a: '2' }), '--force-conflicts')).toMatchObject({ code: 0 })
  expect(await dataOf('contested')).toBe('{"a":"2","b":"1"}')
  const owned = (await entriesOf('cm', 'contested')).map(({ manager, fieldsV1 }) => [manager, fieldsV1['f:data']])
  expect(Object.fromEntries(owned)).toEqual({ one: { 'f:b': {} }, two: { 'f:a': {} } })
  await hub.ok(['label', 'cm', 'contested', 'a=b'])
  await hub.ok(['patch', 'cm', 'contested', '--type=merge', '-p', '{"data":{"b":"3"}}'])
  const again = await apply('one', configMap('contested', { b: '1' }))
  expect(again.stderr).toContain('conflict with "kubectl-patch" using v1: .data.b')
})

test('managedFields are shown to whoever asks for them', async () => {
  const hidden = await hub.ok(['get', 'cm', 'plain', '-o', 'yaml'])
  expect(hidden).not.toContain('managedFields')
  expect(await hub.ok(['get', 'cm', 'plain', '-o', 'yaml', '--show-managed-fields'])).toContain('f:data:')
})

test('what kubectl applied from its side goes over without a conflict, and what is dropped then is gone', async () => {
  await hub.ok(['apply', '-f', '-'], { stdin: configMap('moved', { a: '1', b: '1' }) })
  expect(namesOf(await entriesOf('cm', 'moved'))).toEqual(['kubectl-client-side-apply Update'])
  const over = await hub.kubectl(['apply', '--server-side', '-f', '-'], {
    stdin: configMap('moved', { a: '2', b: '1' }),
  })
  expect(over).toMatchObject({ code: 0, stderr: expect.not.stringContaining('conflict') })
  expect(namesOf(await entriesOf('cm', 'moved'))).toContain('kubectl Apply')
  expect(namesOf(await entriesOf('cm', 'moved'))).not.toContain('kubectl-client-side-apply Update')
  await hub.ok(['apply', '--server-side', '-f', '-'], { stdin: configMap('moved', { a: '2' }) })
  expect(await dataOf('moved')).toBe('{"a":"2"}')
  // And back: the annotation was kept up meanwhile.
  await hub.ok(['apply', '-f', '-'], { stdin: configMap('moved', { c: '1' }) })
  expect(await dataOf('moved')).toBe('{"c":"1"}')
})

test('diff and dry runs show what would be, and write nothing', async () => {
  await apply('one', configMap('dry', { a: '1' }))
  const revision = await revisionOf('dry')
  const diff = (data: Record<string, string>) =>
    hub.kubectl(['diff', '--server-side', '--field-manager=one', '-f', '-'], { stdin: configMap('dry', data) })
  expect(await diff({ a: '1' })).toMatchObject({ code: 0 })
  expect(await diff({ a: '2' })).toMatchObject({ code: 1, stdout: expect.stringContaining('+  a: "2"') })
  const dry = await apply('one', configMap('dry', { b: '2' }), '--dry-run=server', '-o', 'jsonpath={.data}')
  expect(dry).toMatchObject({ code: 0, stdout: '{"b":"2"}' })
  expect((await apply('one', configMap('dry-new', {}), '--dry-run=server')).stdout).toContain('(server dry run)')
  expect((await hub.kubectl(['get', 'cm', 'dry-new'])).stderr).toContain('NotFound')
  expect(await revisionOf('dry')).toBe(revision)
})

test('a field that does not exist is refused by its path', async () => {
  const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: strict}\ncolour: red\n'
  expect(await apply('one', manifest)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      'failed to create typed patch object (default/strict; /v1, Kind=ConfigMap): .colour: field not declared in schema',
    ),
  })
})

const deployment = (image: string, replicas?: number) =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 80 }] }] },
      },
    },
  })

test('a deployment that is scaled and edited beside the apply keeps what the apply does not name', async () => {
  const specOf = async () =>
    (JSON.parse(await hub.ok(['get', 'deploy', 'web', '-o', 'json'])) as { spec: any }).spec as {
      replicas: number
      template: { spec: { containers: readonly { name: string; image: string }[] } }
    }
  expect(await apply('one', deployment('web:1', 2))).toMatchObject({ code: 0 })
  await hub.ok(['scale', 'deploy', 'web', '--replicas=5'])
  // Without a field manager it is the program's name, which may have a version in it.
  const scaled = expect.stringMatching(/^kubectl\S* Update scale$/)
  expect(namesOf(await entriesOf('deploy', 'web'))).toEqual(['one Apply', scaled])
  expect((await apply('one', deployment('web:2', 2))).stderr).toMatch(
    /conflict with "kubectl\S*" with subresource "scale" using apps\/v1: \.spec\.replicas/,
  )
  expect(await apply('one', deployment('web:2'))).toMatchObject({ code: 0 })
  expect(await specOf()).toMatchObject({ replicas: 5, template: { spec: { containers: [{ image: 'web:2' }] } } })
  const side = { op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'side', image: 'side:1' } }
  await hub.ok(['patch', 'deploy', 'web', '--type=json', '-p', JSON.stringify([side])])
  const editor = "sed -i 's/side:1/side:2/'"
  await hub.ok(['edit', 'deploy', 'web'], { env: { ...process.env, KUBE_EDITOR: editor } })
  expect(await apply('one', deployment('web:3'))).toMatchObject({ code: 0 })
  expect((await specOf()).template.spec.containers.map(({ image }) => image).sort()).toEqual(['side:2', 'web:3'])
  expect(namesOf(await entriesOf('deploy', 'web'))).toContain('kubectl-edit Update')
})

const gate = (...hosts: readonly [string, number][]) =>
  JSON.stringify({
    apiVersion: 'example.com/v1',
    kind: 'Gate',
    metadata: { name: 'main' },
    spec: { routes: hosts.map(([host, weight]) => ({ host, weight })) },
  })
const hostsOfGate = () => hub.ok(['get', 'gate', 'main', '-o', 'jsonpath={.spec.routes[*].host}'])

test('custom kinds are owned by what their schema says of lists', async () => {
  const items = {
    type: 'object',
    required: ['host'],
    properties: { host: { type: 'string' }, weight: { type: 'integer' } },
  }
  const keyed = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['host'] }
  const routes = { type: 'array', items, ...keyed }
  const schema = { type: 'object', properties: { spec: { type: 'object', properties: { routes } } } }
  const names = { plural: 'gates', singular: 'gate', kind: 'Gate' }
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gates.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
  expect(await apply('operator', JSON.stringify(crd))).toMatchObject({ code: 0 })
  expect(await apply('operator', JSON.stringify(crd))).toMatchObject({ code: 0 })
  await apply('one', gate(['a', 1]))
  await apply('two', gate(['b', 2]))
  expect((await hostsOfGate()).split(' ').sort()).toEqual(['a', 'b'])
  expect((await apply('two', gate(['a', 2]))).stderr).toContain('conflict with "one": .spec.routes[host="a"].weight')
  await apply('one', gate())
  expect(await hostsOfGate()).toBe('b')
})
