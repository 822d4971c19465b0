import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isObject, type JsonObject } from '../../base/json.ts'
import { openMemoryStore } from '../../storage/memory/store.ts'
import {
  at,
  CRDS,
  eventually,
  openWorld,
  refusal,
  widget,
  widgetCrd,
  WIDGET_VERSION,
  WIDGETS,
  type World,
} from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

const crdTarget = at(CRDS, undefined, 'widgets.example.com')
const widgets = at(WIDGETS, 'default')
const named = (name: string) => at(WIDGETS, 'default', name)

function condition(object: JsonObject, type: string): string {
  const status = isObject(object['status']) ? object['status'] : {}
  const found = ((status['conditions'] ?? []) as readonly JsonObject[]).find((one) => one['type'] === type)
  return found ? `${String(found['status'])} ${String(found['reason'])}` : 'absent'
}

describe('when the creation of a CRD is answered', () => {
  test('it is established and its objects can be made', async () => {
    const before = world.api.resources.generation
    const crd = await world.admin.create(at(CRDS), widgetCrd())
    expect(condition(crd, 'Established')).toBe('True InitialNamesAccepted')
    expect(condition(crd, 'NamesAccepted')).toBe('True NoConflicts')
    expect(crd['status']).toMatchObject({
      acceptedNames: {
        plural: 'widgets',
        singular: 'widget',
        kind: 'Widget',
        listKind: 'WidgetList',
        shortNames: ['wd'],
      },
      storedVersions: ['v1'],
    })
    expect(crd.metadata).toMatchObject({
      generation: 1,
      finalizers: ['customresourcecleanup.apiextensions.k8s.io'],
    })
    expect(world.api.resources.generation).toBeGreaterThan(before)
    expect(world.api.resources.findKind('example.com', 'v1', 'Widget')?.resource).toBe('widgets')
    const made = await world.admin.create(widgets, widget('w'))
    expect(made).toMatchObject({ spec: { size: 1 }, metadata: { generation: 1 } })
  })

  test('applied again unchanged it is no write', async () => {
    const crd = await world.admin.create(at(CRDS), widgetCrd())
    const { generation } = world.api.resources
    expect(await world.admin.patch(crdTarget, { spec: widgetCrd()['spec']! })).toEqual(crd)
    await world.admin.patch(crdTarget, { metadata: { labels: { a: 'b' } } })
    expect(world.api.resources.generation).toBe(generation)
  })

  test('a bad one is refused with every problem', async () => {
    const { spec } = widgetCrd() as { spec: JsonObject }
    const text = await refusal(
      world.admin.create(at(CRDS), { ...widgetCrd(), metadata: { name: 'x.example.com' }, spec }),
    )
    expect(text).toBe(
      '422 CustomResourceDefinition.apiextensions.k8s.io "x.example.com" is invalid: metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group',
    )
  })

  test('names that others have are said, and nothing is served until they are free', async () => {
    await world.admin.create(at(CRDS), widgetCrd())
    const other = widgetCrd({ spec: { names: { plural: 'gadgets', kind: 'Gadget', shortNames: ['wd'] } } })
    const crd = await world.admin.create(at(CRDS), { ...other, metadata: { name: 'gadgets.example.com' } })
    expect(condition(crd, 'NamesAccepted')).toBe('False ShortNamesConflict')
    expect(condition(crd, 'Established')).toBe('False NotAccepted')
    expect(await refusal(world.admin.list(at('example.com/v1/gadgets')))).toBe(
      '404 the server could not find the requested resource',
    )
    await world.admin.call({ verb: 'delete', target: crdTarget })
    await eventually(async () => (await refusal(world.admin.list(at('example.com/v1/gadgets')))) === 'no error: []')
    expect(condition(await world.admin.get(at(CRDS, undefined, 'gadgets.example.com')), 'NamesAccepted')).toBe(
      'True NoConflicts',
    )
  })
})

describe('custom objects', () => {
  beforeEach(async () => {
    await world.admin.create(at(CRDS), widgetCrd())
  })

  test('are pruned, defaulted and judged by the schema', async () => {
    expect(await world.admin.create(widgets, widget('w', { color: 'red', foo: 1 }))).toMatchObject({
      spec: { color: 'red', size: 1 },
    })
    expect(world.warnings).toEqual(['unknown field "spec.foo"'])
    expect(await refusal(world.admin.create(widgets, widget('v', { size: 'big' })))).toMatch(
      /^422 Widget.example.com "v" is invalid: spec.size: Invalid value: "string": /,
    )
    expect(await refusal(world.admin.create(widgets, widget('v', {}, { labels: { a: 5 } })))).toMatch(
      /^422 Widget.example.com "v" is invalid: metadata.labels/,
    )
  })

  test("status is apart: neither endpoint touches the other's half", async () => {
    const made = await world.admin.create(widgets, { ...widget('w'), status: { phase: 'Mine' } })
    expect(made['status']).toBeUndefined()
    const status = at(WIDGETS, 'default', 'w', 'status')
    const told = await world.admin.update(status, {
      ...made,
      spec: { size: 9 },
      metadata: { ...made.metadata, labels: { a: 'b' } },
      status: { phase: 'Ready' },
    })
    expect(told).toMatchObject({ spec: { size: 1 }, status: { phase: 'Ready' }, metadata: { generation: 1 } })
    expect(told.metadata['labels']).toBeUndefined()
    const changed = await world.admin.update(named('w'), { ...told, spec: { size: 2 }, status: { phase: 'Gone' } })
    expect(changed).toMatchObject({ spec: { size: 2 }, status: { phase: 'Ready' }, metadata: { generation: 2 } })
    const cleared = await world.admin.update(status, { ...changed, status: null })
    expect(cleared['status']).toBeUndefined()
  })

  test('stale status writes are conflicts', async () => {
    const made = await world.admin.create(widgets, widget('w'))
    await world.admin.patch(named('w'), { spec: { size: 2 } })
    expect(
      await refusal(world.admin.update(at(WIDGETS, 'default', 'w', 'status'), { ...made, status: { phase: 'x' } })),
    ).toMatch(/^409 /)
  })

  test('without a status subresource, status is data and counts', async () => {
    const spec = widgetCrd()['spec'] as JsonObject
    const { subresources: _, ...version } = WIDGET_VERSION
    await world.admin.patch(crdTarget, {
      spec: { ...spec, versions: [{ name: 'v1', served: true, storage: true, ...version }] },
    })
    const made = await world.admin.create(widgets, { ...widget('w'), status: { phase: 'Mine' } })
    expect(made['status']).toEqual({ phase: 'Mine' })
    expect((await world.admin.patch(named('w'), { status: { phase: 'Other' } })).metadata['generation']).toBe(2)
    expect(await refusal(world.admin.get(at(WIDGETS, 'default', 'w', 'status')))).toMatch(/^404 /)
  })

  test('old objects learn what the schema has learned since, when they are read', async () => {
    await world.admin.create(widgets, widget('w'))
    const schema = structuredClone(WIDGET_VERSION) as {
      schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } }
    }
    schema.schema.openAPIV3Schema.properties.spec.properties['weight'] = { type: 'integer', default: 7 }
    await world.admin.patch(crdTarget, {
      spec: { versions: [{ name: 'v1', served: true, storage: true, ...schema } as never] },
    })
    expect(await world.admin.get(named('w'))).toMatchObject({ spec: { size: 1, weight: 7 } })
    const watching = await world.admin.watch(widgets)
    await watching.atLeast(1)
    expect((await world.admin.create(widgets, widget('v')))['spec']).toEqual({ size: 1, weight: 7 })
  })
})

describe('several versions', () => {
  beforeEach(async () => {
    const later = { name: 'v2', served: true, storage: false, ...WIDGET_VERSION }
    const crd = widgetCrd() as { spec: { versions: JsonObject[] } }
    await world.admin.create(at(CRDS), {
      ...crd,
      spec: { ...crd.spec, versions: [...crd.spec.versions, later] },
    })
  })

  test('show one object, each with its own apiVersion', async () => {
    const v2 = at('example.com/v2/widgets', 'default')
    const made = await world.admin.create(v2, { ...widget('w'), apiVersion: 'example.com/v2' })
    expect(made).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: 1 } })
    expect(await world.admin.get(named('w'))).toEqual({ ...made, apiVersion: 'example.com/v1' })
    const updated = await world.admin.update({ ...v2, name: 'w' }, { ...made, spec: { size: 5 } })
    expect(updated).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: 5 } })
    expect(world.store.get('/example.com/widgets/default/w')?.document.object.apiVersion).toBe('example.com/v1')
    expect(await world.admin.list(at('example.com/v2/widgets'))).toEqual(['w'])
  })

  test('that is no longer served is 404, and its watches end', async () => {
    const watching = await world.admin.watch(at('example.com/v2/widgets', 'default'))
    const { spec } = (await world.admin.get(crdTarget)) as unknown as { spec: { versions: JsonObject[] } }
    await world.admin.patch(crdTarget, {
      spec: { versions: spec.versions.map((one) => ({ ...one, served: one['name'] === 'v1' })) },
    })
    expect(await watching.ended).toBeUndefined()
    expect(await refusal(world.admin.list(at('example.com/v2/widgets')))).toMatch(/^404 /)
  })

  test('a new storage version is remembered beside the old', async () => {
    const { spec } = (await world.admin.get(crdTarget)) as unknown as { spec: { versions: JsonObject[] } }
    const versions = spec.versions.map((one) => ({ ...one, storage: one['name'] === 'v2' }))
    expect((await world.admin.patch(crdTarget, { spec: { versions } }))['status']).toMatchObject({
      storedVersions: ['v1', 'v2'],
    })
    await world.admin.create(widgets, widget('w'))
    expect(world.store.get('/example.com/widgets/default/w')?.document.object.apiVersion).toBe('example.com/v2')
    expect(await refusal(world.admin.patch(crdTarget, { spec: { versions: [versions[1]!] } }))).toMatch(
      /storedVersions/,
    )
  })
})

describe('scale', () => {
  const scale = at(WIDGETS, 'default', 'w', 'scale')
  beforeEach(async () => {
    await world.admin.create(at(CRDS), widgetCrd())
    await world.admin.create(widgets, widget('w', { replicas: 2 }))
    await world.admin.patch(at(WIDGETS, 'default', 'w', 'status'), { status: { replicas: 1, selector: 'app=w' } })
  })

  test('shows three fields of the object', async () => {
    expect(await world.admin.get(scale)).toMatchObject({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'w', namespace: 'default', resourceVersion: String(world.store.revision) },
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'app=w' },
    })
  })

  test('writes one of them, and counts as a change of spec', async () => {
    expect(await world.admin.patch(scale, { spec: { replicas: 5 } })).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 5 },
    })
    const body = await world.admin.get(scale)
    await world.admin.update(scale, { ...body, spec: { replicas: 0 } })
    expect(await world.admin.get(named('w'))).toMatchObject({
      spec: { replicas: 0, size: 1 },
      metadata: { generation: 3 },
    })
    expect(await refusal(world.admin.update(scale, { ...body, spec: { replicas: 1 } }))).toMatch(/^409 /)
    expect(await refusal(world.admin.patch(scale, { spec: { replicas: -1 } }))).toMatch(
      /^422 Scale.autoscaling "w" is invalid: spec.replicas/,
    )
  })

  test('of a deployment tells its selector as text', async () => {
    const template = { metadata: { labels: { a: 'b', c: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const selector = { matchLabels: { c: 'd' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'b'] }] }
    await world.admin.create(at('apps/v1/deployments', 'default'), {
      metadata: { name: 'd' },
      spec: { selector, template },
    })
    expect(await world.admin.get(at('apps/v1/deployments', 'default', 'd', 'scale'))).toMatchObject({
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'a in (b,x),c=d' },
    })
  })
})

describe('when a CRD is deleted', () => {
  beforeEach(async () => {
    await world.admin.create(at(CRDS), widgetCrd())
  })

  test('its objects go, then it, and one made anew shows none of them', async () => {
    for (let i = 0; i < 5; i++) await world.admin.create(widgets, widget(`w${i}`))
    const marked = await world.admin.one({ verb: 'delete', target: crdTarget })
    expect(condition(marked, 'Terminating')).toBe('True InstanceDeletionInProgress')
    await eventually(
      () => world.store.get('/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com') === undefined,
    )
    expect(await refusal(world.admin.list(widgets))).toMatch(/^404 /)
    expect(world.store.count('/example.com/widgets/')).toBe(0)
    await world.admin.create(at(CRDS), widgetCrd())
    expect(await world.admin.list(widgets)).toEqual([])
  })

  test('an object with a finalizer holds it; meanwhile nothing new is created', async () => {
    await world.admin.create(widgets, widget('w', {}, { finalizers: ['example.com/x'] }))
    const deleting = world.admin.call({ verb: 'delete', target: crdTarget })
    expect(await refusal(world.admin.create(widgets, widget('v')))).toBe(
      '405 create not allowed while custom resource definition is terminating',
    )
    await deleting
    await eventually(async () => (await world.admin.get(named('w'))).metadata['deletionTimestamp'])
    expect(await refusal(world.admin.create(widgets, widget('v')))).toMatch(/^405 /)
    await world.admin.patch(named('w'), { metadata: { finalizers: null } })
    await eventually(async () => (await refusal(world.admin.get(crdTarget))).startsWith('404'))
  })

  test('whose deletion was interrupted by a restart, it goes after the start', async () => {
    const store = openMemoryStore()
    const first = await openWorld({ store })
    await first.admin.create(at(CRDS), widgetCrd())
    await first.admin.create(widgets, widget('w', {}, { finalizers: ['example.com/x'] }))
    await first.admin.call({ verb: 'delete', target: crdTarget })
    await first.close()
    const second = await openWorld({ store })
    expect(await refusal(second.admin.create(widgets, widget('v')))).toMatch(/^405 /)
    await second.admin.patch(named('w'), { metadata: { finalizers: null } })
    await eventually(async () => (await refusal(second.admin.get(crdTarget))).startsWith('404'))
    await second.close()
  })
})

test('after a restart the CRDs of the store are served', async () => {
  const store = openMemoryStore()
  const first = await openWorld({ store })
  await first.admin.create(at(CRDS), widgetCrd())
  await first.admin.create(widgets, widget('w'))
  await first.close()
  const second = await openWorld({ store })
  expect(await second.admin.list(widgets)).toEqual(['w'])
  await second.close()
})
