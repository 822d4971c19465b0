import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Harness, startHarness, type TestClient, WatchLines } from './testing/harness.ts'

let harness: Harness
let admin: TestClient

beforeAll(async () => {
  harness = await startHarness()
  admin = harness.h2()
})
afterAll(() => harness.close())

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets'

/** A length-delimited field of a protobuf message. */
const field = (number: number, bytes: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), Buffer.from(bytes)])

const schema = {
  openAPIV3Schema: {
    type: 'object',
    properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
  },
}
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema,
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
      },
      { name: 'v1beta1', served: true, storage: false, deprecated: true, schema },
    ],
  },
}

test('a custom kind lives on the wire from its definition to its deletion', async () => {
  expect((await admin.ask({ path: '/apis/example.com/v1' })).code).toBe(404)
  const created = await admin.ask({ method: 'POST', path: CRDS, body: definition })
  expect(created.code).toBe(201)

  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const groups = (await admin.ask({ path: '/apis', headers: { accept } })).json.items as any[]
  const group = groups.find((item) => item.metadata.name === 'example.com')
  expect(group.versions.map((version: any) => version.version)).toEqual(['v1', 'v1beta1'])
  expect(group.versions[0].resources).toEqual([
    {
      resource: 'widgets',
      responseKind: { group: 'example.com', version: 'v1', kind: 'Widget' },
      scope: 'Namespaced',
      singularResource: 'widget',
      verbs: group.versions[0].resources[0].verbs,
      shortNames: ['wd'],
      categories: ['all'],
    },
  ])
  expect(group.versions[0].resources[0].verbs).toEqual(expect.arrayContaining(['get', 'list', 'watch', 'create']))

  const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { size: 3 } }
  expect((await admin.ask({ method: 'POST', path: WIDGETS, body })).code).toBe(201)
  const table = await admin.ask({ path: WIDGETS, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
  expect(table.json.columnDefinitions.map((column: any) => column.name)).toEqual(['Name', 'Size'])
  expect(table.json.rows.map((row: any) => row.cells)).toEqual([['w', 3]])

  const old = await admin.ask({ path: WIDGETS.replace('/v1/', '/v1beta1/') })
  expect(old.json).toMatchObject({ kind: 'WidgetList', apiVersion: 'example.com/v1beta1' })
  expect(old.json.items[0].apiVersion).toBe('example.com/v1beta1')
  expect(old.headers['warning']).toBe('299 - "example.com/v1beta1 Widget is deprecated"')

  const watch = new WatchLines((await admin.open({ path: `${WIDGETS}?watch=1` })).stream)
  expect((await watch.next()).type).toBe('ADDED')
  expect((await admin.ask({ method: 'DELETE', path: `${CRDS}/widgets.example.com` })).code).toBe(200)
  const types = []
  for (let event = await watch.next(); event !== undefined; event = await watch.next()) types.push(event.type)
  expect(types.filter((type) => type === 'DELETED')).toHaveLength(1)
  expect((await admin.ask({ path: WIDGETS })).code).toBe(404)
})

test('custom kinds take neither protobuf nor strategic patches', async () => {
  const things = structuredClone(definition)
  things.metadata.name = 'things.example.com'
  things.spec.names = { plural: 'things', singular: 'thing', kind: 'Thing', shortNames: [], categories: [] }
  expect((await admin.ask({ method: 'POST', path: CRDS, body: things })).code).toBe(201)
  const path = '/apis/example.com/v1/namespaces/default/things'
  const type = Buffer.concat([field(1, 'example.com/v1'), field(2, 'Thing')])
  const refused = await admin.ask({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
    body: Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, '')]),
  })
  expect([refused.code, refused.json.reason]).toEqual([415, 'UnsupportedMediaType'])
  const body = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't' } }
  expect((await admin.ask({ method: 'POST', path, body })).code).toBe(201)
  const patched = await admin.ask({
    method: 'PATCH',
    path: `${path}/t`,
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
    body: { spec: { size: 1 } },
  })
  expect(patched.code).toBe(415)
})
