import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import type { Json, JsonObject } from '../../base/json.ts'
import { ownershipOfResource } from '../schema/ownership.ts'
import { compileSchema } from '../schema/structural.ts'
import { ApiError } from '../status.ts'
import { ownershipOf } from '../types/ownership.ts'
import { withLastApplied } from './apply.ts'
import { problemOfConfig } from './config.ts'
import { intersection, pathsOf, readFieldSet } from './field-set.ts'
import { ownersAsJson, ownersBeforeWrite, storedOwners } from './owners.ts'
import { Ground } from './testing/ground.ts'
import { ownable, type ApplyType } from './types.ts'

const CONFIG_MAP = ownershipOf('core.v1.ConfigMap')
const SERVICE = ownershipOf('core.v1.Service')
const DEPLOYMENT = ownershipOf('apps.v1.Deployment')

const TEXT = { type: 'string' }
const NUMBER = { type: 'integer' }
const TEXTS = { type: 'array', items: TEXT }
const PLACE = { type: 'object', properties: { x: NUMBER, y: NUMBER } }
const ROUTES = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['host', 'port'],
  items: {
    type: 'object',
    required: ['host'],
    properties: { host: TEXT, port: { ...NUMBER, default: 80 }, weight: NUMBER, note: TEXT },
  },
}
const SPEC = {
  type: 'object',
  properties: {
    size: NUMBER,
    name: TEXT,
    list: TEXTS,
    set: { ...TEXTS, 'x-kubernetes-list-type': 'set' },
    routes: ROUTES,
    place: PLACE,
    fixed: { ...PLACE, 'x-kubernetes-map-type': 'atomic' },
    tags: { type: 'object', additionalProperties: TEXT },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
}
const compiled = compileSchema({ type: 'object', properties: { spec: SPEC, status: PLACE } })
const WIDGET = ownershipOfResource(compiled.schema!.root)

const meta = (labels: JsonObject): JsonObject => ({ metadata: { name: 'w', labels } })
const widget = (spec: JsonObject): JsonObject => ({ metadata: { name: 'w' }, spec })

function conflictOf(write: () => void): { message: string; causes: readonly (readonly [string, string])[] } {
  try {
    write()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    expect([error.code, error.reason]).toEqual([409, 'Conflict'])
    const causes = (error.details?.causes ?? []).map(({ reason, message, field }) => {
      expect(reason).toBe('FieldManagerConflict')
      return [message, field!] as [string, string]
    })
    return { message: error.message, causes }
  }
  throw new Error('there was no conflict')
}

describe('one manager', () => {
  test('whoever creates by apply owns what the configuration names, and nothing of the identity', () => {
    const ground = new Ground(CONFIG_MAP)
    const metadata = { name: 'c', namespace: 'n', uid: 'u', resourceVersion: '1', generation: 1, labels: { a: 'b' } }
    ground.apply('alice', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { k: 'v' } })
    const entry = { manager: 'alice', operation: 'Apply', apiVersion: 'v1', time: '2026-01-01T00:00:00Z' }
    const fieldsV1 = { 'f:data': { 'f:k': {} }, 'f:metadata': { 'f:labels': { 'f:a': {} } } }
    expect(ground.owners).toEqual([{ ...entry, fieldsType: 'FieldsV1', fieldsV1 }])
  })

  test('a configuration that only names the object owns nothing', () => {
    const ground = new Ground(CONFIG_MAP)
    ground.apply('alice', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } })
    expect(ground.owners).toEqual([])
  })

  test('applying the same again changes neither object, set nor time', () => {
    const ground = new Ground(WIDGET)
    const config = widget({
      size: 1,
      set: ['a'],
      routes: [{ host: 'h', weight: 1 }],
      fixed: { x: 1 },
      free: { a: [1] },
    })
    ground.apply('alice', config)
    const { live, owners } = ground
    ground.apply('alice', config)
    expect([ground.live, ground.owners]).toEqual([live, owners])
  })

  test('the time tells of the last apply that changed something', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ size: 1 }))
    ground.apply('alice', widget({ size: 1 }), { apiVersion: 'v2' })
    expect(ground.owners).toMatchObject([{ time: '2026-01-01T00:00:00Z', apiVersion: 'v2' }])
    ground.apply('alice', widget({ size: 1, name: 'n' }))
    expect(ground.owners).toMatchObject([{ time: '2026-01-01T00:00:02Z', apiVersion: 'v1' }])
  })

  test('null is owned', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ name: null }))
    expect(ground.owned()).toEqual({ alice: ['.spec.name'] })
  })

  test.each<[string, ApplyType, JsonObject, JsonObject, JsonObject]>([
    ['a field', WIDGET, widget({ size: 1, name: 'n' }), widget({ size: 1 }), { spec: { size: 1 } }],
    ['a label', CONFIG_MAP, meta({ a: '1', b: '2' }), meta({ a: '1' }), { metadata: { labels: { a: '1' } } }],
    ['all labels', CONFIG_MAP, meta({ a: '1' }), meta({}), { metadata: { labels: {} } }],
    ['an object', WIDGET, widget({ size: 1, place: { x: 1 } }), widget({ size: 1 }), { spec: { size: 1 } }],
    ['an item of a set', WIDGET, widget({ set: ['a', 'b'] }), widget({ set: ['b'] }), { spec: { set: ['b'] } }],
    [
      'an item of a keyed list',
      WIDGET,
      widget({
        routes: [
          { host: 'a', port: 1 },
          { host: 'a', port: 2, weight: 3 },
        ],
      }),
      widget({ routes: [{ host: 'a', port: 2 }] }),
      { spec: { routes: [{ host: 'a', port: 2 }] } },
    ],
    [
      'part of an atomic list',
      WIDGET,
      widget({ list: ['a', 'b'] }),
      widget({ list: ['b'] }),
      { spec: { list: ['b'] } },
    ],
    [
      'part of an atomic object',
      WIDGET,
      widget({ fixed: { x: 1, y: 2 } }),
      widget({ fixed: { y: 2 } }),
      { spec: { fixed: { y: 2 } } },
    ],
    [
      'what no schema knows',
      WIDGET,
      widget({ free: { a: 1, b: { c: 1 } } }),
      widget({ free: { a: 1 } }),
      { spec: { free: { a: 1 } } },
    ],
    [
      'a port of a Service',
      SERVICE,
      { spec: { ports: [{ port: 80 }, { port: 80, protocol: 'UDP' }] } },
      { spec: { ports: [{ port: 80, protocol: 'TCP' }] } },
      { spec: { ports: [{ port: 80, protocol: 'TCP' }] } },
    ],
  ])('%s that is no longer named goes', (_, type, first, second, expected) => {
    const ground = new Ground(type)
    ground.apply('alice', first)
    ground.apply('alice', second)
    expect(ground.live).toEqual({ metadata: {}, ...expected })
  })
})

const pod = (containers: Json): JsonObject => ({ spec: { template: { spec: { containers } } } })

describe('several managers', () => {
  test('what two want alike they own together, and it stays until both drop it', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ size: 1, name: 'n' }))
    ground.apply('bob', widget({ size: 1 }))
    expect(ground.owned()).toEqual({ alice: ['.spec.name', '.spec.size'], bob: ['.spec.size'] })
    ground.apply('alice', widget({ name: 'n' }))
    expect(ground.live).toMatchObject({ spec: { size: 1, name: 'n' } })
    ground.apply('bob', widget({}))
    expect(ground.live).toMatchObject({ spec: { name: 'n' } })
    expect(ground.live).not.toHaveProperty('spec.size')
  })

  test('one conflict with an applier is told with its name alone', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ size: 1 }))
    expect(conflictOf(() => ground.apply('bob', widget({ size: 2 })))).toEqual({
      message: 'Apply failed with 1 conflict: conflict with "alice": .spec.size',
      causes: [['conflict with "alice"', '.spec.size']],
    })
  })

  test('one conflict with a writer is told with its version, and with its subresource', () => {
    const ground = new Ground(WIDGET)
    ground.update('kubectl-edit', widget({ size: 1 }), { apiVersion: 'example.com/v1' })
    expect(conflictOf(() => ground.apply('bob', widget({ size: 2 }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-edit" using example.com/v1: .spec.size',
    )
    const object = { ...widget({ size: 3 }) }
    ground.update('scaler', object, { apiVersion: 'example.com/v1', subresource: 'scale' })
    expect(conflictOf(() => ground.apply('bob', widget({ size: 2 }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using example.com/v1: .spec.size',
    )
  })

  test('several conflicts are listed by manager, each with a cause', () => {
    const ground = new Ground(SERVICE)
    ground.apply('b', { spec: { ports: [{ port: 80, name: 'web' }], type: 'ClusterIP' } })
    ground.update('a', { ...ground.live, spec: { ...(ground.live!['spec'] as JsonObject), sessionAffinity: 'None' } })
    const config = { spec: { ports: [{ port: 80, name: 'x' }], type: 'NodePort', sessionAffinity: 'ClientIP' } }
    expect(conflictOf(() => ground.apply('c', config))).toEqual({
      message:
        'Apply failed with 3 conflicts: conflicts with "a" using v1:\n- .spec.sessionAffinity\nconflicts with "b":\n' +
        '- .spec.type\n- .spec.ports[port=80,protocol="TCP"].name',
      causes: [
        ['conflict with "a" using v1', '.spec.sessionAffinity'],
        ['conflict with "b"', '.spec.type'],
        ['conflict with "b"', '.spec.ports[port=80,protocol="TCP"].name'],
      ],
    })
  })

  test.each<[string, JsonObject, JsonObject, string, JsonObject]>([
    ['a field', { size: 1, name: 'n' }, { size: 2 }, '.spec.size', { size: 2, name: 'n' }],
    ['an atomic list', { list: ['a'], size: 1 }, { list: ['a', 'b'] }, '.spec.list', { list: ['a', 'b'], size: 1 }],
    [
      'an atomic object',
      { fixed: { x: 1 }, size: 1 },
      { fixed: { y: 1 } },
      '.spec.fixed',
      { fixed: { y: 1 }, size: 1 },
    ],
    [
      'a field of a keyed item',
      { routes: [{ host: 'a', weight: 1, note: 'n' }] },
      { routes: [{ host: 'a', port: 80, weight: 2 }] },
      '.spec.routes[host="a",port=80].weight',
      { routes: [{ host: 'a', port: 80, weight: 2, note: 'n' }] },
    ],
  ])('%s moves by force, and nothing else does', (_, first, second, path, result) => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget(first))
    const before = ground.owned()['alice']!
    expect(conflictOf(() => ground.apply('bob', widget(second))).causes).toEqual([['conflict with "alice"', path]])
    ground.apply('bob', widget(second), { force: true })
    expect(ground.live!['spec']).toEqual(result)
    expect(ground.owned()['alice']).toEqual(before.filter((one) => one !== path))
    expect(ground.owned()['bob']).toContain(path)
  })

  test('other items of sets and keyed lists are no conflict', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ set: ['a'], routes: [{ host: 'a' }], tags: { a: '1' } }))
    ground.apply('bob', widget({ set: ['b'], routes: [{ host: 'b' }], tags: { b: '1' } }))
    expect(ground.live!['spec']).toEqual({
      set: ['a', 'b'],
      routes: [{ host: 'a' }, { host: 'b' }],
      tags: { a: '1', b: '1' },
    })
    ground.apply('alice', widget({}))
    expect(ground.live!['spec']).toEqual({ set: ['b'], routes: [{ host: 'b' }], tags: { b: '1' } })
    expect(ground.owned()['bob']).toEqual([
      '.spec.routes[host="b",port=80]',
      '.spec.routes[host="b",port=80].host',
      '.spec.set[="b"]',
      '.spec.tags.b',
    ])
  })

  test('a list that is still named stays, empty', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ set: ['a'] }))
    ground.apply('alice', widget({ set: [] }))
    expect(ground.live!['spec']).toEqual({ set: [] })
  })

  test('an object that another owns empty stays, empty', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ place: { x: 1 } }))
    ground.apply('bob', widget({ place: {} }))
    ground.apply('alice', widget({}))
    expect(ground.live!['spec']).toEqual({ place: {} })
    expect(ground.owned()).toEqual({ alice: ['.spec'], bob: ['.spec.place'] })
  })

  test('containers of a Deployment are shared by name', () => {
    const ground = new Ground(DEPLOYMENT)
    ground.apply('alice', pod([{ name: 'app', image: 'a:1', env: [{ name: 'A', value: '1' }] }]))
    ground.apply(
      'mesh',
      pod([
        { name: 'proxy', image: 'p:1' },
        { name: 'app', env: [{ name: 'B', value: '2' }] },
      ]),
    )
    ground.apply('alice', pod([{ name: 'app', image: 'a:2' }]))
    expect(ground.live).toMatchObject(
      pod([
        { name: 'proxy', image: 'p:1' },
        { name: 'app', image: 'a:2', env: [{ name: 'B', value: '2' }] },
      ]),
    )
  })
})

describe('ordinary writes', () => {
  test("a writer owns what it changed, alone; what it removed is nobody's", () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ size: 1, name: 'n', set: ['a', 'b'] }))
    ground.update('edit', widget({ size: 2, set: ['b', 'c'] }))
    expect(ground.owned()).toEqual({ alice: ['.spec.set[="b"]'], edit: ['.spec.size', '.spec.set[="c"]'] })
  })

  test('a write that changes nothing changes no owner', () => {
    const ground = new Ground(WIDGET)
    ground.update('edit', widget({ size: 1 }))
    const { owners } = ground
    ground.update('other', widget({ size: 1 }))
    expect(ground.owners).toBe(owners)
  })

  test('when a field changes its form, nobody goes on owning what was inside', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ free: { a: { b: 1 } } }))
    ground.update('edit', widget({ free: { a: 'text' } }))
    expect(ground.owned()).toEqual({ edit: ['.spec.free.a'] })
  })

  test('whoever creates a built-in object owns what is in it, not the structs that Go writes anyway', () => {
    const ground = new Ground(DEPLOYMENT)
    ground.update('create', { spec: { replicas: 1, template: { spec: { containers: [{ name: 'a', image: 'i' }] } } } })
    const container = { '.': {}, 'f:name': {}, 'f:image': {} }
    const containers = { 'k:{"name":"a"}': container }
    expect(ground.owners[0]!.fieldsV1).toEqual({
      'f:spec': { 'f:replicas': {}, 'f:template': { 'f:spec': { 'f:containers': containers } } },
    })
  })

  test('on /status only status is owned, and elsewhere never', () => {
    const ground = new Ground(WIDGET)
    ground.update('controller', { spec: { size: 1 }, status: { x: 1 } }, { scope: 'all but status' })
    const status = { subresource: 'status', scope: 'status' } as const
    ground.update('controller', { spec: { size: 2 }, status: { x: 2 } }, status)
    ground.apply('applier', { status: { y: 1 } }, status)
    expect(ground.owners.map((owner) => [owner.manager, owner.subresource, pathsOf(owner.fieldsV1)])).toEqual([
      ['applier', 'status', ['.status.y']],
      ['controller', undefined, ['.spec', '.spec.size']],
      ['controller', 'status', ['.status.x']],
    ])
  })

  test('of more than ten writers the oldest become one', () => {
    const ground = new Ground(CONFIG_MAP)
    const data: Record<string, string> = {}
    for (let i = 0; i < 25; i++) {
      data[`k${i}`] = 'v'
      if (i % 5 === 4) ground.second--
      ground.update(`w${String(i).padStart(2, '0')}`, { data: { ...data } })
    }
    expect(ground.owners).toHaveLength(10)
    expect(ground.owners.filter(({ manager }) => manager === 'ancient-changes')).toHaveLength(1)
    const all = ground.owners.flatMap(({ fieldsV1 }) => pathsOf(fieldsV1)).filter((path) => path !== '.data')
    expect(all.sort()).toEqual(
      Object.keys(data)
        .map((key) => `.data.${key}`)
        .sort(),
    )
    expect(ground.owners.map(({ manager }) => manager)).toContain('w24')
  })

  test('of many writers within one second there is still one of the ancient', () => {
    const ground = new Ground(CONFIG_MAP)
    const data: Record<string, string> = {}
    for (let i = 10; i < 24; i++) {
      data[`k${i}`] = 'v'
      ground.second = 0
      ground.update(`a${i}`, { data: { ...data } })
    }
    expect(ground.owners.filter(({ manager }) => manager === 'ancient-changes')).toHaveLength(1)
    expect(ground.owners.length).toBeLessThanOrEqual(10)
  })

  test('with an item goes what others own inside it', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ size: 1, routes: [{ host: 'a' }] }))
    ground.update('edit', widget({ size: 1, routes: [{ host: 'a', weight: 3 }] }))
    expect(ground.owned()['edit']).toEqual(['.spec.routes[host="a",port=80].weight'])
    ground.apply('alice', widget({ size: 1 }))
    expect([ground.live!['spec'], ground.owned()]).toEqual([{ size: 1 }, { alice: ['.spec.size'] }])
  })
})

describe('coming from elsewhere', () => {
  test('what stood there before the first apply belongs to before-first-apply', () => {
    const ground = new Ground(WIDGET, { metadata: { labels: { l: '1' } }, spec: { size: 1, name: 'n' } })
    const { message } = conflictOf(() => ground.apply('alice', widget({ size: 2, name: 'n' })))
    expect(message).toBe('Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .spec.size')
    ground.apply('alice', widget({ size: 2, name: 'n' }), { force: true })
    const owned = {
      alice: ['.spec.name', '.spec.size'],
      'before-first-apply': ['.spec', '.metadata.labels', '.metadata.labels.l', '.spec.name'],
    }
    expect(ground.owned()).toEqual(owned)
    expect(ground.owners.map(({ operation }) => operation)).toEqual(['Apply', 'Update'])
  })

  const KEY = 'kubectl.kubernetes.io/last-applied-configuration'
  const applied = (size: number): JsonObject => ({
    metadata: { annotations: { [KEY]: JSON.stringify({ metadata: { name: 'w' }, spec: { size: 1, name: 'n' } }) } },
    spec: { size, name: 'n' },
  })

  test("kubectl takes over what it applied from the client's side", () => {
    const ground = new Ground(WIDGET)
    ground.update('kubectl-client-side-apply', applied(1))
    ground.apply('kubectl', widget({ size: 5, name: 'n' }))
    expect(ground.live).toMatchObject({ spec: { size: 5 } })
    expect(ground.owned()['kubectl']).toEqual(['.spec.name', '.spec.size'])
  })

  test('but not what somebody changed since, nor may others', () => {
    const ground = new Ground(WIDGET)
    ground.update('kubectl-client-side-apply', applied(1))
    expect(() => ground.apply('bob', widget({ size: 5 }))).toThrow('.spec.size')
    ground.update('scaler', applied(3))
    expect(conflictOf(() => ground.apply('kubectl', widget({ size: 5, name: 'm' }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "scaler" using v1: .spec.size',
    )
  })

  test('the annotation follows what kubectl applies', () => {
    const object = applied(1)
    const identity = { manager: 'kubectl', operation: 'Apply', apiVersion: 'v1' } as const
    const updated = withLastApplied(object, widget({ size: 7 }), identity)
    expect(updated).toEqual({
      ...object,
      metadata: { annotations: { [KEY]: `${JSON.stringify(widget({ size: 7 }))}\n` } },
    })
    expect(withLastApplied(object, widget({ size: 7 }), { ...identity, manager: 'bob' })).toBe(object)
  })

  test('managedFields [{}] forgets the owners; what cannot be read is as if it were not there', () => {
    const ground = new Ground(WIDGET)
    ground.apply('alice', widget({ size: 1 }))
    const { owners } = ground
    expect(ownersBeforeWrite(owners, [{}], undefined)).toEqual([])
    expect(ownersBeforeWrite(owners, [{}], 'status')).toBe(owners)
    for (const given of [undefined, [], 'x', [{ manager: 'm' }], [{ ...owners[0]!, fieldsV1: { 'x:y': {} } }]]) {
      expect(ownersBeforeWrite(owners, given as Json, undefined)).toBe(owners)
    }
    const json = JSON.parse(JSON.stringify(ownersAsJson(owners))) as Json
    expect(ownersBeforeWrite([], json, undefined)).toEqual(owners)
    expect(storedOwners({ managedFields: json })).toEqual(owners)
  })

  test('keys of field sets get one spelling', () => {
    const json = { '.': {}, 'f:a': { 'k:{"port":80, "name":"x"}': { '.': {} }, 'v:1.0': {}, 'i:3': {} } }
    expect(readFieldSet(json)).toEqual({ 'f:a': { 'k:{"name":"x","port":80}': {}, 'v:1': {}, 'i:3': {} } })
    expect(readFieldSet({ 'v:{': {} })).toBeUndefined()
  })

  test.each<[Json, string]>([
    [{ foo: 1 }, '.spec.foo: field not declared in schema'],
    [{ size: 1, routes: {} }, '.spec.routes: expected list, got map'],
    [{ set: ['a', 'a'] }, '.spec.set: duplicate entries for key [="a"]'],
    [
      { routes: [{ port: 1 }] },
      '.spec.routes: element 0: associative list with keys has an element that omits key field "host" (and doesn\'t have default value)',
    ],
  ])('%j is no configuration of the kind', (spec, problem) => {
    expect(problemOfConfig(WIDGET, { spec })).toBe(problem)
  })
})

function after(past: readonly (readonly [string, JsonObject])[]): Ground {
  const ground = new Ground(WIDGET)
  for (const [name, one] of past) ground.apply(name, one, { force: true })
  return ground
}

const CONTAINERS = ['.spec', '.spec.place', '.spec.tags', '.spec.free']
const isValue = (path: string): boolean => !CONTAINERS.includes(path)

describe('any configurations', () => {
  const small = fc.integer({ min: 0, max: 2 })
  const few = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
  const place = fc.record({ x: small, y: small }, { requiredKeys: [] })
  const route = fc.record(
    { host: fc.constantFrom('a', 'b', 'c'), weight: small, note: fc.constantFrom('n', 'm') },
    { requiredKeys: ['host'] },
  )
  const routes = fc.uniqueArray(route, { maxLength: 3, selector: ({ host }) => host })
  const tags = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'))
  const free = fc.record({ a: small, b: fc.array(small, { maxLength: 2 }) }, { requiredKeys: [] })
  const fields = { size: small, list: few, set: few, routes, place, fixed: place, tags, free }
  const config = fc.record(fields, { requiredKeys: [] }).map((spec): JsonObject => ({ spec }))
  const manager = fc.constantFrom('alice', 'bob', 'carol')
  const history = fc.array(fc.tuple(manager, config), { maxLength: 6 })

  test('every field of the object is owned by the appliers that want it so, and nothing else is owned', () => {
    fc.assert(
      fc.property(history, (past) => {
        const ground = after(past)
        const probe = new Ground(WIDGET)
        probe.apply('probe', ground.live ?? {})
        const there = (probe.owned()['probe'] ?? []).filter(isValue)
        const owned = [...new Set(Object.values(ground.owned()).flat())].filter(isValue)
        expect(owned.sort()).toEqual([...there].sort())
      }),
    )
  })

  test('a plain value is owned by exactly those whose last word it was', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(manager, fc.option(small, { nil: undefined })), { maxLength: 12 }), (past) => {
        const ground = after([['keeper', meta({ kept: 'yes' })]])
        let value: number | undefined
        let owners = new Set<string>()
        for (const [name, size] of past) {
          ground.apply(name, size === undefined ? {} : widget({ size }), { force: true })
          if (size === undefined) owners.delete(name)
          else owners = size === value ? owners.add(name) : new Set([name])
          value = owners.size === 0 ? undefined : (size ?? value)
          const spec = ground.live!['spec'] as JsonObject | undefined
          const owned = Object.entries(ground.owned()).filter(([, paths]) => paths.includes('.spec.size'))
          expect([spec?.['size'], owned.map(([owner]) => owner).sort()]).toEqual([value, [...owners].sort()])
        }
      }),
    )
  })

  test('applying twice changes nothing the second time', () => {
    fc.assert(
      fc.property(history, manager, config, (past, name, mine) => {
        // With nobody left who owns anything, the second apply would be the first of an object that stood there before.
        const ground = after([['keeper', meta({ kept: 'yes' })], ...past, [name, mine]])
        const { live, owners } = ground
        ground.apply(name, mine)
        expect([ground.live, ground.owners]).toEqual([live, owners])
      }),
    )
  })

  test('a dropped field that I alone owned is gone', () => {
    fc.assert(
      fc.property(history, manager, (past, name) => {
        const ground = after(past)
        const mine = ground.owned()[name] ?? []
        const others = new Set(
          ground.owners.filter((owner) => owner.manager !== name).flatMap((owner) => pathsOf(owner.fieldsV1)),
        )
        ground.apply(name, {}, { force: true })
        const probe = new Ground(WIDGET)
        probe.apply('probe', ground.live!)
        const there = new Set(probe.owned()['probe'])
        for (const path of mine) if (isValue(path)) expect([path, there.has(path)]).toEqual([path, others.has(path)])
      }),
    )
  })

  test('an apply that is forced moves exactly the contested paths', () => {
    fc.assert(
      fc.property(history, config, (past, mine) => {
        const ground = after(past)
        const before = ground.owners
        let contested: readonly string[] = []
        try {
          after(past).apply('dave', mine)
        } catch (error) {
          if (!(error instanceof ApiError)) throw error
          contested = error.details!.causes!.map(({ message, field }) => `${message} ${field}`)
        }
        ground.apply('dave', mine, { force: true })
        const lost = before.flatMap(({ manager: name, fieldsV1 }) => {
          const now = ground.owners.find((owner) => owner.manager === name)?.fieldsV1 ?? {}
          const kept = new Set(pathsOf(intersection(fieldsV1, now)))
          return pathsOf(fieldsV1)
            .filter((path) => !kept.has(path))
            .map((path) => `conflict with "${name}" ${path}`)
        })
        expect(lost.sort()).toEqual([...contested].sort())
        const dave = new Set(ground.owned()['dave'])
        for (const text of contested) expect(dave.has(text.slice(text.lastIndexOf(' ') + 1))).toBe(true)
      }),
    )
  })

  test('a set read back from its JSON is the same', () => {
    fc.assert(
      fc.property(history, (past) => {
        for (const { fieldsV1 } of after(past).owners) {
          expect(readFieldSet(JSON.parse(JSON.stringify(fieldsV1)) as Json)).toEqual(fieldsV1)
        }
        expect(ownable(after(past).live ?? {})).toEqual(after(past).live ?? { metadata: {} })
      }),
    )
  })
})
