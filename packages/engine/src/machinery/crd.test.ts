import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../base/json.ts'
import { compareVersions, crdDefaults, loadSchemaEngines, resourcesOfCrd, validateCrd } from './crd.ts'

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { size: { type: 'integer', default: 1, maximum: 5 }, color: { type: 'string', pattern: '^[a-z]+$' } },
    },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
}
const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }

function widgets(spec: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return crdDefaults({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'widgets', kind: 'Widget' },
      scope: 'Namespaced',
      versions: [version],
      ...spec,
    },
    ...more,
  })
}

async function problemsOf(crd: JsonObject, old?: JsonObject): Promise<string[]> {
  await loadSchemaEngines(crd)
  return validateCrd(crd, old).map((p) => `${p.path}: ${p.detail}`)
}

async function served(spec: JsonObject = {}) {
  const crd = widgets(spec)
  await loadSchemaEngines(crd)
  const { resources, problems } = resourcesOfCrd(crd)
  expect(problems).toEqual([])
  return resources
}

test('names that the author left out are filled in', () => {
  expect(widgets()['spec']).toMatchObject({
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    conversion: { strategy: 'None' },
  })
})

describe('a definition', () => {
  test('that is good has no problem', async () => {
    expect(await problemsOf(widgets())).toEqual([])
  })

  const withVersion = (more: JsonObject) => widgets({ versions: [{ ...version, ...more }] })
  test.each<[string, JsonObject, string[]]>([
    [
      'named otherwise',
      { ...widgets(), metadata: { name: 'x' } },
      ['metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group'],
    ],
    [
      'with a group without dot',
      { ...widgets({ group: 'example' }), metadata: { name: 'widgets.example' } },
      ['spec.group: Invalid value: "example": should be a domain with at least one dot'],
    ],
    ['without a scope', widgets({ scope: '' }), ['spec.scope: Required value']],
    [
      'with an unknown scope',
      widgets({ scope: 'Galaxy' }),
      ['spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"'],
    ],
    [
      'with no storage version',
      withVersion({ storage: false }),
      ['spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version'],
    ],
    [
      'with a version twice',
      widgets({ versions: [version, { ...version, storage: false }] }),
      ['spec.versions: Invalid value: ["v1","v1"]: must contain unique version names'],
    ],
    [
      'without a schema',
      withVersion({ schema: {} }),
      ['spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required'],
    ],
    [
      'with a schema that is not structural',
      withVersion({ schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } } }),
      [
        'spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
      ],
    ],
    [
      'that preserves unknown fields',
      widgets({ preserveUnknownFields: true }),
      [
        'spec.preserveUnknownFields: Invalid value: true: must be false; put x-kubernetes-preserve-unknown-fields: true into the schema instead',
      ],
    ],
    [
      'with a conversion webhook',
      widgets({ conversion: { strategy: 'Webhook' } }),
      [
        'spec.conversion.strategy: Invalid value: "Webhook": this server does not call conversion webhooks; use strategy None with versions that share one schema, or serve a single version',
      ],
    ],
    [
      'with a warning for a version in use',
      withVersion({ deprecationWarning: 'x' }),
      ['spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions'],
    ],
    [
      'with a bad column',
      withVersion({ additionalPrinterColumns: [{ name: 'X', type: 'text', jsonPath: 'spec' }] }),
      [
        'spec.versions[0].additionalPrinterColumns[0].type: Unsupported value: "text": supported values: "boolean", "date", "integer", "number", "string"',
        'spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: "spec": must start with . or [',
      ],
    ],
    [
      'with a scale path outside spec',
      withVersion({ subresources: { scale: { specReplicasPath: '.status.x', statusReplicasPath: '.status.y' } } }),
      [
        'spec.versions[0].subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec',
      ],
    ],
    [
      'with a selectable field that is not there',
      withVersion({ selectableFields: [{ jsonPath: '.spec.nope' }] }),
      ['spec.versions[0].selectableFields[0].jsonPath: Invalid value: ".spec.nope": does not refer to a valid field'],
    ],
    [
      'with kind as list kind',
      widgets({ names: { plural: 'widgets', kind: 'Widget', listKind: 'Widget' } }),
      ['spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same'],
    ],
    [
      'in a protected group',
      { ...widgets({ group: 'x.k8s.io' }), metadata: { name: 'widgets.x.k8s.io' } },
      [
        'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ],
    ],
    [
      'that drops a stored version',
      widgets({}, { status: { storedVersions: ['v1beta1'] } }),
      [
        'status.storedVersions[0]: Invalid value: "v1beta1": missing from spec.versions; v1beta1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1beta1 and removes v1beta1 from status.storedVersions',
      ],
    ],
  ])('%s is refused', async (_, crd, expected) => {
    expect(await problemsOf(crd)).toEqual(expected)
  })

  test('does not change its scope or kind once established', async () => {
    const old = widgets({}, { status: { conditions: [{ type: 'Established', status: 'True' }] } })
    expect(await problemsOf(widgets({ scope: 'Cluster', names: { plural: 'widgets', kind: 'Gadget' } }), old)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
      'spec.names.kind: Invalid value: "Gadget": field is immutable',
    ])
  })
})

const column = (name: string, type: string, jsonPath: string) => ({ name, type, jsonPath })

describe('the resources', () => {
  test('of several versions come in order of preference, stored in one', async () => {
    const names = ['v1alpha1', 'v2', 'v1', 'v1beta2', 'v3']
    const versions = names.map((name) => ({ ...version, name, storage: name === 'v1', served: name !== 'v3' }))
    versions[0] = { ...versions[0]!, deprecated: true } as never
    const resources = await served({ versions })
    expect(resources.map((r) => r.version)).toEqual(['v2', 'v1', 'v1beta2', 'v1alpha1'])
    expect(new Set(resources.map((r) => r.storage.version))).toEqual(new Set(['v1']))
    expect(resources.map((r) => r.deprecated)).toEqual([
      undefined,
      undefined,
      undefined,
      'example.com/v1alpha1 Widget is deprecated',
    ])
  })

  test('have the subresources and selectable fields that the version declares', async () => {
    const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' }
    const [resource] = await served({
      versions: [{ ...version, subresources: { status: {}, scale }, selectableFields: [{ jsonPath: '.spec.color' }] }],
    })
    expect(resource!.subresources.map((s) => `${s.name} ${s.kind.group}/${s.kind.version} ${s.kind.kind}`)).toEqual([
      'status example.com/v1 Widget',
      'scale autoscaling/v1 Scale',
    ])
    expect(resource!.selectableFields).toEqual({ 'spec.color': ['spec', 'color'] })
  })

  test('prune, complete and judge objects, metadata included', async () => {
    const { shape } = (await served())[0]!
    const seen = shape.normalize({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'a', foo: 1, labels: { x: 1 } },
      spec: { extra: true, color: 'RED' },
      status: { any: [1] },
      top: 1,
    })
    expect(seen.object).toEqual({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'a', labels: {} },
      spec: { color: 'RED', size: 1 },
      status: { any: [1] },
    })
    expect(seen.unknown).toEqual(['spec.extra', 'top', 'metadata.foo'])
    expect(seen.problems.map((p) => p.path)).toEqual(['metadata.labels.x'])
    expect(shape.validate(seen.object, undefined).map((p) => `${p.path}: ${p.detail}`)).toEqual([
      'spec.color: Invalid value: "RED": spec.color in body should match \'^[a-z]+$\'',
    ])
  })

  test('show Name and Age by default', async () => {
    const { shape } = (await served())[0]!
    expect(shape.columns.map((c) => [c.name, c.type, c.priority])).toEqual([
      ['Name', 'string', 0],
      ['Age', 'date', 0],
    ])
    const metadata = { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' }
    expect(shape.row({ metadata }, Date.UTC(2026, 0, 3))).toEqual(['a', '2d'])
  })

  test('show exactly the listed columns, with empty cells for what does not fit', async () => {
    const additionalPrinterColumns = [
      column('Size', 'integer', '.spec.size'),
      { ...column('Ready', 'string', '.status.conditions[?(@.type=="Ready")].status'), priority: 1 },
      column('Map', 'string', '.spec.map'),
      column('On', 'boolean', '.spec.on'),
      column('Since', 'date', '.spec.since'),
      column('None', 'string', '.spec.none'),
    ]
    const { shape } = (await served({ versions: [{ ...version, additionalPrinterColumns }] }))[0]!
    expect(shape.columns.map((c) => `${c.name} ${c.priority}`)).toEqual([
      'Name 0',
      'Size 0',
      'Ready 1',
      'Map 0',
      'On 0',
      'Since 0',
      'None 0',
    ])
    const rows: [JsonObject, Json[]][] = [
      [{ size: 1.9, map: { a: 1 }, on: true, since: 'never' }, ['a', 1, 'True', '{"a":1}', true, '<invalid>', null]],
      [{ size: 'x', map: 3, on: 'yes', none: null }, ['a', null, 'True', '3', null, null, null]],
    ]
    for (const [spec, expected] of rows) {
      const object = { metadata: { name: 'a' }, spec, status: { conditions: [{ type: 'Ready', status: 'True' }] } }
      expect(shape.row(object, 0)).toEqual(expected)
    }
  })

  test('publish components of the kind and its list, every reference resolved', async () => {
    const { shape } = (await served())[0]!
    const components = shape.schemas()
    expect(shape.schemaName).toBe('com.example.v1.Widget')
    expect(components['com.example.v1.Widget']).toMatchObject({
      'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
      properties: { spec: schema.properties.spec, status: { 'x-kubernetes-preserve-unknown-fields': true } },
    })
    expect(components['com.example.v1.WidgetList']).toMatchObject({
      properties: { items: { items: { $ref: '#/components/schemas/com.example.v1.Widget' } } },
    })
    const references = [...JSON.stringify(components).matchAll(/#\/components\/schemas\/([^"]+)/g)].map((m) => m[1]!)
    expect(references.filter((name) => !Object.hasOwn(components, name))).toEqual([])
  })
})

test('versions are ordered as Kubernetes orders them', () => {
  const names = ['foo10', 'v1', 'v11alpha2', 'v10', 'v3beta1', 'foo1', 'v12alpha1', 'v11beta2', 'v2']
  expect(names.toSorted(compareVersions)).toEqual([
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v3beta1',
    'v12alpha1',
    'v11alpha2',
    'foo1',
    'foo10',
  ])
})
