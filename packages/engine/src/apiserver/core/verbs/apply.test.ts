import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import type { JsonObject } from '../../../base/json.ts'
import { intersection, isEmptySet, pathsOf } from '../../../machinery/apply/field-set.ts'
import type { Owner } from '../../../machinery/apply/owners.ts'
import type { Target, WriteOptions } from '../../../machinery/call.ts'
import { isApiError } from '../../../machinery/status.ts'
import {
  at,
  CRDS,
  eventually,
  openWorld,
  refusal,
  WIDGETS,
  widgetCrd,
  type Seen,
  type Verbs,
  type World,
} from '../testing/world.ts'

let world: World
beforeEach(async () => (world = await openWorld()))
afterEach(() => world.close())

const maps = (name?: string) => at('configmaps', 'default', name)
const map = (data: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', ...metadata },
  data,
})

type Options = WriteOptions & { readonly as?: Verbs; readonly target?: Target }

function apply(manager: string | undefined, body: JsonObject, options: Options = {}): Promise<Seen> {
  const { as = world.admin, target = maps('c'), ...rest } = options
  const fieldManager = manager === undefined ? {} : { fieldManager: manager }
  return as.one({
    verb: 'patch',
    target,
    patchType: 'application/apply-patch+yaml',
    body,
    options: { ...fieldManager, ...rest },
  })
}

const ownersOf = (object: JsonObject): readonly Owner[] =>
  ((object['metadata'] as JsonObject)['managedFields'] ?? []) as unknown as readonly Owner[]

/** `{ 'alice Apply': ['.data.k'] }`. */
function owned(object: JsonObject): Record<string, readonly string[]> {
  const entries = ownersOf(object).map(({ manager, operation, subresource, fieldsV1 }) => {
    const of = subresource === undefined ? '' : ` ${subresource}`
    return [`${manager} ${operation}${of}`, pathsOf(fieldsV1)] as const
  })
  expect(new Set(entries.map(([name]) => name)).size).toBe(entries.length)
  return Object.fromEntries(entries)
}

async function conflict(promise: Promise<unknown>): Promise<{ message: string; causes: unknown }> {
  try {
    await promise
  } catch (error) {
    if (!isApiError(error, 'Conflict')) throw error
    return { message: error.message, causes: error.details?.causes }
  }
  throw new Error('there was no conflict')
}

async function grant(name: string, verbs: readonly string[]): Promise<void> {
  const group = 'rbac.authorization.k8s.io'
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs }]
  await world.admin.create(at(`${group}/v1/clusterroles`), { metadata: { name }, rules })
  await world.admin.create(at(`${group}/v1/clusterrolebindings`), {
    metadata: { name },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name },
    subjects: [{ apiGroup: group, kind: 'User', name }],
  })
}

const named = (subresource?: string) => at(WIDGETS, 'default', 'w', subresource)

const body = (rest: JsonObject): JsonObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w' },
  ...rest,
})

const scale = (replicas: number): JsonObject => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'w' },
  spec: { replicas },
})

const service = (ports: readonly JsonObject[]): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'c' },
  spec: { selector: { app: 'a' }, ports },
})

/** With a field that Go writes only where it is true. */
const early = (publishNotReadyAddresses: boolean): JsonObject => ({
  ...service([]),
  spec: { ports: [{ port: 80, protocol: 'TCP' }], publishNotReadyAddresses },
})

const versioned = (version: string) => at(`example.com/${version}/widgets`, 'default', 'w')

const bodyAt = (version: string, spec: JsonObject) => ({
  apiVersion: `example.com/${version}`,
  kind: 'Widget',
  metadata: { name: 'w' },
  spec,
})

async function go(past: readonly { manager: string; data: JsonObject; isApply: boolean }[]): Promise<Seen> {
  await world.admin.call({ verb: 'delete', target: maps('c') }).catch(() => undefined)
  let object = await world.admin.create(maps(), map({}, { labels: { made: 'yes' } }), { fieldManager: 'maker' })
  for (const { manager, data, isApply } of past) {
    object = isApply
      ? await apply(manager, map(data), { force: true })
      : await world.admin.update(maps('c'), { ...object, data }, { fieldManager: manager })
  }
  return object
}

describe('an apply', () => {
  test('creates what is not there, with 201, and owns what it names', async () => {
    const call = {
      verb: 'patch',
      target: maps('c'),
      patchType: 'application/apply-patch+yaml',
      body: map({ k: 'v' }),
      options: { fieldManager: 'alice' },
    } as const
    expect(await world.admin.call(call)).toMatchObject({ type: 'object', code: 201 })
    expect(await world.admin.call(call)).toMatchObject({ type: 'object', code: 200 })
    const stored = await world.admin.get(maps('c'))
    expect(stored['data']).toEqual({ k: 'v' })
    expect(ownersOf(stored)).toEqual([
      {
        manager: 'alice',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:k': {} } },
      },
    ])
  })

  test('that says the same again writes nothing, also later', async () => {
    const first = await apply('alice', map({ k: 'v' }))
    await world.clock.advance(60_000)
    expect(await apply('alice', map({ k: 'v' }))).toEqual(first)
    expect(world.store.revision).toBe(Number(first.metadata.resourceVersion))
  })

  test('with values that are not kept as they are written writes once', async () => {
    const body = { ...map({}), kind: 'Secret', stringData: { password: 'p' }, data: null }
    const target = at('secrets', 'default', 'c')
    const first = await apply('alice', body, { target })
    await world.clock.advance(60_000)
    expect((await apply('alice', body, { target })).metadata.resourceVersion).toBe(first.metadata.resourceVersion)
  })

  test('takes away what its manager alone owned and no longer names', async () => {
    await apply('alice', map({ a: '1', b: '1' }))
    await apply('bob', map({ b: '1', c: '1' }))
    const left = await apply('alice', map({}))
    expect(left['data']).toEqual({ b: '1', c: '1' })
    expect(owned(left)).toEqual({ 'bob Apply': ['.data.b', '.data.c'] })
  })

  test('is refused where others own what it would change, and says who and what', async () => {
    await apply('alice', map({ a: '1', b: '1' }))
    await world.admin.patch(maps('c'), { data: { c: '1' } }, { fieldManager: 'carol' })
    expect(await conflict(apply('bob', map({ a: '2' })))).toEqual({
      message: 'Apply failed with 1 conflict: conflict with "alice": .data.a',
      causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.data.a' }],
    })
    expect((await conflict(apply('bob', map({ a: '2', b: '2', c: '2' })))).message).toBe(
      'Apply failed with 3 conflicts: conflicts with "alice":\n- .data.a\n- .data.b\n' +
        'conflicts with "carol" using v1:\n- .data.c',
    )
    expect((await world.admin.get(maps('c')))['data']).toEqual({ a: '1', b: '1', c: '1' })
  })

  test('with force takes exactly the contested fields', async () => {
    await apply('alice', map({ a: '1', b: '1' }))
    const forced = await apply('bob', map({ a: '2' }), { force: true })
    expect(forced['data']).toEqual({ a: '2', b: '1' })
    expect(owned(forced)).toEqual({ 'alice Apply': ['.data.b'], 'bob Apply': ['.data.a'] })
  })

  test('in a dry run finds conflicts and writes nothing', async () => {
    await apply('alice', map({ a: '1' }))
    const before = world.store.revision
    expect(await conflict(apply('bob', map({ a: '2' }), { dryRun: true }))).toBeDefined()
    const shown = await apply('bob', map({ b: '2' }), { dryRun: true })
    expect(owned(shown)).toEqual({ 'alice Apply': ['.data.a'], 'bob Apply': ['.data.b'] })
    const absent = { target: maps('d'), dryRun: true }
    expect((await apply('bob', map({ b: '2' }, { name: 'd' }), absent))['data']).toEqual({ b: '2' })
    expect(world.store.revision).toBe(before)
    expect(await refusal(world.admin.get(maps('d')))).toMatch(/^404/)
  })

  test('that came second to a creation is laid over it', async () => {
    const [one, two] = await Promise.all([apply('alice', map({ a: '1' })), apply('bob', map({ b: '1' }))])
    expect(one.metadata.uid).toBe(two.metadata.uid)
    expect((await world.admin.get(maps('c')))['data']).toEqual({ a: '1', b: '1' })
  })

  test('must be one of this kind at this place', async () => {
    const problem = 'invalid: fieldManager: Required value: is required for apply patch'
    expect(await refusal(apply(undefined, map({})))).toBe(`422 PatchOptions.meta.k8s.io "" is ${problem}`)
    expect(await refusal(apply('a', { ...map({}), apiVersion: 'v2' }))).toMatch(
      /^400 invalid object type: .*"v2".* expected: apiVersion "v1", kind "ConfigMap"$/,
    )
    expect(await refusal(apply('a', { metadata: {} }))).toMatch(/^400 invalid object type/)
    expect(await refusal(apply('a', map({}, { managedFields: [] })))).toBe('400 metadata.managedFields must be nil')
    expect(await refusal(apply('a', map({}, { name: 'other' })))).toMatch(/^400 the name of the object/)
    expect(await refusal(apply('a', map({}, { namespace: 'other' })))).toMatch(/^400 the namespace/)
    expect(await refusal(apply('a', { ...map({}), spec: { size: 1 } }))).toBe(
      '500 failed to create typed patch object (default/c; /v1, Kind=ConfigMap): .spec: field not declared in schema',
    )
  })

  test('may require a revision and a uid', async () => {
    const first = await apply('alice', map({ a: '1' }))
    const { resourceVersion, uid } = first.metadata
    await apply('alice', map({ a: '2' }, { resourceVersion, uid }))
    expect(await refusal(apply('alice', map({ a: '3' }, { resourceVersion })))).toMatch(/^409 .*has been modified/)
    expect(await refusal(apply('alice', map({ a: '3' }, { uid: 'other' })))).toMatch(/^409 .*Precondition failed: UID/)
    const target = maps('d')
    expect(await refusal(apply('alice', map({}, { name: 'd', uid }), { target }))).toMatch(/^409 .*uid mismatch/)
    expect(await refusal(apply('alice', map({}, { name: 'd', resourceVersion }), { target }))).toMatch(/^409 /)
  })

  test('needs the right to patch, and to create what is not there', async () => {
    await grant('bob', ['patch'])
    const as = world.as({ name: 'bob', groups: ['system:authenticated'] })
    expect(await refusal(apply('bob', map({}), { as }))).toMatch(/^403 .*cannot create resource "configmaps"/)
    await world.admin.create(maps(), map({ a: '1' }))
    expect((await apply('bob', map({ b: '1' }), { as }))['data']).toEqual({ a: '1', b: '1' })
  })

  test('does not outlive the namespace that it would create in', async () => {
    const target = at('configmaps', 'nowhere', 'c')
    expect(await refusal(apply('a', map({}), { target }))).toMatch(/^404 namespaces "nowhere" not found/)
  })
})

describe('an ordinary write', () => {
  test('owns what it set, by fieldManager or else the User-Agent up to its slash', async () => {
    const options = { fieldManager: 'alice' }
    expect(owned(await world.admin.create(maps(), map({ a: '1' }), options))).toEqual({
      'alice Update': ['.data', '.data.a'],
    })
    const user = { name: 'admin', groups: ['system:masters'] }
    const call = { verb: 'patch', patchType: 'application/merge-patch+json' } as const
    const agent = (userAgent: string, key: string) =>
      world.api.call(user, { ...call, target: maps('c'), body: { data: { [key]: '1' } } }, { userAgent })
    await agent('kubectl/v1.33.2 (linux/amd64)', 'b')
    await agent('', 'c')
    await agent(`${'ü'.repeat(100)}\u0001/1`, 'd')
    expect(Object.keys(owned(await world.admin.get(maps('c')))).sort()).toEqual(
      ['alice Update', 'kubectl Update', 'unknown Update', `${'ü'.repeat(64)} Update`].sort(),
    )
  })

  test('takes what it changes from its owner and leaves nobody what it removes', async () => {
    await apply('alice', map({ a: '1', b: '1', c: '1' }))
    const body = { data: { a: '2', b: null } }
    expect(owned(await world.admin.patch(maps('c'), body, { fieldManager: 'bob' }))).toEqual({
      'alice Apply': ['.data.c'],
      'bob Update': ['.data.a'],
    })
  })

  test('that changes nothing changes no owner', async () => {
    const first = await apply('alice', map({ a: '1' }))
    await world.clock.advance(5000)
    const same = await world.admin.patch(maps('c'), { data: { a: '1' } }, { fieldManager: 'bob' })
    expect(same).toEqual(first)
    const whole = await world.admin.update(maps('c'), first, { fieldManager: 'bob' })
    expect(whole).toEqual(first)
  })

  test('may leave owners out, forget them, or set them', async () => {
    const first = await apply('alice', map({ a: '1' }))
    const { managedFields: before, resourceVersion: _, ...metadata } = first.metadata
    const write = async (managedFields: unknown) => {
      const entries = managedFields === undefined ? {} : { managedFields: managedFields as JsonObject[] }
      return ownersOf(await world.admin.update(maps('c'), { ...first, metadata: { ...metadata, ...entries } }))
    }
    expect(await write(undefined)).toEqual(before)
    expect(await write([])).toEqual(before)
    expect(await write([{ nonsense: true }])).toEqual(before)
    expect(await write('nonsense')).toEqual(before)
    const other = [{ ...ownersOf(first)[0]!, manager: 'bob' }]
    expect(await write(other)).toEqual(other)
    expect(await write([{}])).toEqual([])
    expect((await world.admin.patch(maps('c'), { data: { b: '1' } })).metadata).not.toHaveProperty('managedFields')
    expect(owned(await apply('alice', map({ a: '1' })))).toEqual({
      'alice Apply': ['.data.a'],
      'before-first-apply Update': ['.data', '.data.a', '.data.b'],
    })
  })

  test('leaves ten updaters at most', async () => {
    await world.admin.create(maps(), map({ k: '0' }), { fieldManager: 'm0' })
    for (let i = 1; i < 14; i++) {
      await world.clock.advance(1000)
      await world.admin.patch(maps('c'), { data: { [`k${i}`]: '1' } }, { fieldManager: `m${i}` })
    }
    const managers = ownersOf(await world.admin.get(maps('c'))).map(({ manager }) => manager)
    expect(managers).toEqual(['ancient-changes', 'm5', 'm6', 'm7', 'm8', 'm9', 'm10', 'm11', 'm12', 'm13'])
  })
})

describe('subresources', () => {
  beforeEach(async () => {
    await world.admin.create(at(CRDS), widgetCrd())
  })

  test('of the same manager are owners of their own: /status has the status, the rest has the rest', async () => {
    const both = body({ spec: { color: 'red' }, status: { phase: 'Up' } })
    const created = await apply('alice', both, { target: named() })
    expect([created['status'], owned(created)]).toEqual([undefined, { 'alice Apply': ['.spec.color'] }])
    const status = await apply('alice', both, { target: named('status') })
    expect([status['status'], owned(status)]).toEqual([
      { phase: 'Up' },
      { 'alice Apply': ['.spec.color'], 'alice Apply status': ['.status.phase'] },
    ])
    expect(await refusal(apply('a', both, { target: at(WIDGETS, 'default', 'x', 'status') }))).toMatch(/^400/)
    const absent = { ...both, metadata: { name: 'x' } }
    expect(await refusal(apply('a', absent, { target: at(WIDGETS, 'default', 'x', 'status') }))).toMatch(/^404/)
  })

  test('/scale owns the replicas of its parent', async () => {
    await apply('alice', body({ spec: { color: 'red', replicas: 1 } }), { target: named() })
    expect((await conflict(apply('hpa', scale(3), { target: named('scale') }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "alice": .spec.replicas',
    )
    const forced = await apply('hpa', scale(3), { target: named('scale'), force: true })
    expect([forced['kind'], forced['spec']]).toEqual(['Scale', { replicas: 3 }])
    const revision = world.store.revision
    await apply('hpa', scale(3), { target: named('scale') })
    expect(world.store.revision).toBe(revision)
    expect(owned(await world.admin.get(named()))).toEqual({
      'alice Apply': ['.spec.color'],
      'hpa Apply scale': ['.spec.replicas'],
    })
    await world.admin.patch(named('scale'), { spec: { replicas: 5 } }, { fieldManager: 'kubectl' })
    expect(owned(await world.admin.get(named()))).toEqual({
      'alice Apply': ['.spec.color'],
      'kubectl Update scale': ['.spec.replicas'],
    })
    const bare = { ...scale(1), spec: {} }
    expect(await refusal(apply('hpa', bare, { target: named('scale') }))).toMatch(/^422 .*spec.replicas: Required/)
    expect(await refusal(apply('hpa', body({}), { target: named('scale') }))).toMatch(/^400 invalid object type/)
  })

  test("/scale of an object without owners leaves the rest of it nobody's", async () => {
    await apply('alice', body({ spec: { color: 'red', replicas: 1 } }), { target: named() })
    await world.admin.patch(named(), { metadata: { managedFields: [{}] } })
    await apply('hpa', scale(3), { target: named('scale'), force: true })
    expect(owned(await world.admin.get(named()))).toEqual({ 'hpa Apply scale': ['.spec.replicas'] })
  })

  test('a status that is written in the ordinary way is recorded as of /status', async () => {
    await world.admin.create(at(WIDGETS, 'default'), body({ spec: { color: 'red' } }), { fieldManager: 'alice' })
    await world.admin.patch(named('status'), { status: { phase: 'Up' } }, { fieldManager: 'hub' })
    expect(owned(await world.admin.get(named()))).toEqual({
      'alice Update': ['.spec', '.spec.color', '.spec.size'],
      'hub Update status': ['.status', '.status.phase'],
    })
  })

  test('of a custom kind with a wrong field is refused as upstream refuses it', async () => {
    expect(await refusal(apply('a', body({ spec: { colour: 'red' } }), { target: named() }))).toBe(
      '500 failed to create typed patch object (default/w; example.com/v1, Kind=Widget): ' +
        '.spec.colour: field not declared in schema',
    )
    expect(await refusal(apply('a', body({ spec: { color: 3 } }), { target: named() }))).toMatch(/^422 .*spec.color/)
  })
})

describe('lists of a built-in kind', () => {
  const target = at('services', 'default', 'c')

  test('are owned by key, with the default of a key that is left out', async () => {
    await apply('alice', service([{ name: 'http', port: 80 }]), { target })
    const both = await apply('bob', service([{ name: 'dns', port: 53, protocol: 'UDP' }]), { target })
    expect((both['spec'] as JsonObject)['ports']).toMatchObject([
      { port: 80, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ])
    expect(owned(both)['alice Apply']).toContain('.spec.ports[port=80,protocol="TCP"].name')
    const { message } = await conflict(apply('bob', service([{ name: 'web', port: 80 }]), { target }))
    expect(message).toBe(
      'Apply failed with 1 conflict: conflict with "alice": .spec.ports[port=80,protocol="TCP"].name',
    )
  })
})

describe('owners', () => {
  test('are in gets, lists and watches, and in the store', async () => {
    const watch = world.api.watch.bind(world.api)
    const seen: JsonObject[] = []
    const user = { name: 'admin', groups: ['system:masters'] }
    const started = await watch(
      user,
      maps(),
      { resourceVersion: String(world.store.revision) },
      {
        events: (events) => seen.push(...events.map(({ document }) => document.object as unknown as JsonObject)),
        end: () => undefined,
      },
    )
    const applied = await apply('alice', map({ a: '1' }))
    await eventually(() => seen.length > 0)
    started.stop()
    expect(seen).toEqual([applied])
    const list = await world.admin.call({ verb: 'list', target: maps() })
    const { documents } = list as Extract<typeof list, { type: 'list' }>
    expect(documents.map(({ object }) => object)).toContainEqual(applied)
  })

  test('are kept in another version of the kind', async () => {
    const v1 = { name: 'v1', served: true, storage: true, ...(widgetCrd()['spec'] as any).versions[0] }
    await world.admin.create(at(CRDS), widgetCrd({ spec: { versions: [v1, { ...v1, name: 'v2', storage: false }] } }))
    await apply('alice', bodyAt('v1', { color: 'red' }), { target: versioned('v1') })
    const seen = await apply('alice', bodyAt('v2', { replicas: 1 }), { target: versioned('v2') })
    expect(owned(seen)).toEqual({ 'alice Apply': ['.spec.replicas'] })
    expect(ownersOf(await world.admin.get(versioned('v1')))[0]!.apiVersion).toBe('example.com/v2')
    expect((await world.admin.get(versioned('v1')))['spec']).toEqual({ size: 1, replicas: 1 })
  })

  test('that make an object too large are left out of it', async () => {
    const keys = Array.from({ length: 40_000 }, (_, i) => [`${'k'.repeat(50)}${i}`, ''])
    const created = await world.admin.create(maps(), map(Object.fromEntries(keys)))
    expect(created.metadata).not.toHaveProperty('managedFields')
  })
})

describe('any history of applies and writes', () => {
  const keys = fc.constantFrom('a', 'b', 'c')
  const data = fc.dictionary(keys, fc.constantFrom('1', '2'), { maxKeys: 3 })
  const manager = fc.constantFrom('alice', 'bob', 'carol')
  const step = fc.record({ manager, data, isApply: fc.boolean() })
  const history = fc.array(step, { maxLength: 5 })
  const runs = { numRuns: 25 }

  test('applied twice writes nothing', async () => {
    const property = fc.asyncProperty(history, manager, data, async (past, who, mine) => {
      await go(past)
      const once = await apply(who, map(mine), { force: true })
      expect(await apply(who, map(mine))).toEqual(once)
    })
    await fc.assert(property, runs)
  })

  test('an empty map, which is not kept, is owned by nobody and contested by nobody', async () => {
    await go([{ manager: 'bob', data: { a: '1' }, isApply: true }])
    expect(owned(await apply('alice', map({})))).not.toHaveProperty('alice Apply')
    const once = await apply('bob', map({}, { labels: { app: 'c' } }))
    expect(once).not.toHaveProperty('data')
    await world.clock.advance(60_000)
    expect(await apply('bob', map({}, { labels: { app: 'c' } }))).toEqual(once)
  })

  test('false, which is not kept, is owned all the same: who said it is asked before it becomes true', async () => {
    const target = at('services', 'default', 'c')
    expect((await apply('alice', early(false), { target }))['spec']).not.toHaveProperty('publishNotReadyAddresses')
    const { message } = await conflict(apply('bob', early(true), { target }))
    expect(message).toContain('conflict with "alice": .spec.publishNotReadyAddresses')
  })

  test('every value has an owner, and only values have owners', async () => {
    const property = fc.asyncProperty(history, async (past) => {
      const object = await go(past)
      const fields = ownersOf(object).map(({ fieldsV1 }) => Object.keys(fieldsV1['f:data'] ?? {}))
      const ownedKeys = new Set(fields.flat().filter((key) => key !== '.'))
      expect([...ownedKeys].sort()).toEqual(
        Object.keys(object['data'] ?? {})
          .map((key) => `f:${key}`)
          .sort(),
      )
    })
    await fc.assert(property, runs)
  })

  test('a field that is dropped by its only owner is gone', async () => {
    const property = fc.asyncProperty(history, manager, data, keys, async (past, who, mine, key) => {
      await go(past)
      const before = await apply(who, map({ ...mine, [key]: '1' }), { force: true })
      const others = ownersOf(before).filter((owner) => owner.manager !== who || owner.operation !== 'Apply')
      const isShared = others.some(
        ({ fieldsV1 }) => !isEmptySet(intersection(fieldsV1, { 'f:data': { [`f:${key}`]: {} } })),
      )
      const { [key]: _, ...rest } = mine
      const after = await apply(who, map(rest))
      expect(Object.hasOwn((after['data'] ?? {}) as JsonObject, key)).toBe(isShared)
    })
    await fc.assert(property, runs)
  })

  test('a forced apply moves exactly the contested fields', async () => {
    const property = fc.asyncProperty(history, data, async (past, mine) => {
      const before = await go(past)
      const after = await apply('dora', map(mine), { force: true })
      const changed = Object.keys(mine).filter((key) => ((before['data'] ?? {}) as JsonObject)[key] !== mine[key])
      for (const owner of ownersOf(before)) {
        const still = ownersOf(after).find((one) => one.manager === owner.manager && one.operation === owner.operation)
        const had = Object.keys(owner.fieldsV1['f:data'] ?? {}).filter((key) => key !== '.')
        const has = Object.keys(still?.fieldsV1['f:data'] ?? {}).filter((key) => key !== '.')
        expect(has.sort()).toEqual(had.filter((key) => !changed.includes(key.slice(2))).sort())
      }
    })
    await fc.assert(property, runs)
  })
})
