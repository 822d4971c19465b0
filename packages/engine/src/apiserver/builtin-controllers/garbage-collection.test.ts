import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../base/json.ts'
import type { DeleteOptions } from '../../machinery/call.ts'
import { openMemoryStore } from '../../storage/memory/store.ts'
import {
  at,
  CRDS,
  eventually,
  openWorld,
  refusal,
  type Seen,
  widget,
  widgetCrd,
  WIDGETS,
  type World,
} from '../core/testing/world.ts'
import type { BuiltinControllerName } from './start.ts'

const ONLY_GARBAGE: readonly BuiltinControllerName[] = ['garbage-collection']
let world: World
beforeEach(async () => {
  world = await openWorld({ controllers: ONLY_GARBAGE })
})
afterEach(() => world.close())

const map = (name: string, namespace = 'default') => at('configmaps', namespace, name)
const referenceTo = ({ metadata }: Seen, change: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: metadata.name,
  uid: metadata.uid,
  ...change,
})
const make = (name: string, owners: readonly JsonObject[] = [], metadata: JsonObject = {}): Promise<Seen> =>
  world.admin.create(at('configmaps', 'default'), {
    metadata: { name, ...metadata, ...(owners.length > 0 && { ownerReferences: owners }) },
  })
const own = (name: string, ownerReferences: readonly JsonObject[]) =>
  world.admin.patch(map(name), { metadata: { ownerReferences } })
const remove = (name: string, propagationPolicy?: DeleteOptions['propagationPolicy']) =>
  world.admin.call({ verb: 'delete', target: map(name), ...(propagationPolicy && { options: { propagationPolicy } }) })
const names = () => world.admin.list(at('configmaps', 'default'))
const left = (...expected: readonly string[]) =>
  eventually(async () => JSON.stringify(await names()) === JSON.stringify(expected)).catch(async () =>
    expect(await names()).toEqual(expected),
  )
const finalizersOf = async (name: string): Promise<Json | undefined> =>
  (await world.admin.get(map(name))).metadata['finalizers']
/** Everything that has happened so far has been judged once this has. */
async function judged(): Promise<void> {
  const owner = await make('zz-owner')
  await make('zz-dependent', [referenceTo(owner)])
  await remove('zz-owner')
  await eventually(() => world.store.get('//configmaps/default/zz-dependent') === undefined)
}

describe('in the background', () => {
  test('dependents of dependents follow their owner', async () => {
    const owner = await make('owner')
    const child = await make('child', [referenceTo(owner)])
    await make('grandchild', [referenceTo(child)])
    await make('other')
    await remove('owner')
    await left('other')
  })

  test('an owner of the same name and another uid protects nothing, and its own dependents stay', async () => {
    const first = await make('owner')
    await make('old', [referenceTo(first)], { finalizers: ['example.com/x'] })
    await remove('owner')
    const second = await make('owner')
    await make('new', [referenceTo(second)])
    await eventually(async () => (await world.admin.get(map('old'))).metadata['deletionTimestamp'])
    await world.admin.patch(map('old'), { metadata: { finalizers: null } })
    await judged()
    expect(await names()).toEqual(['new', 'owner'])
  })

  test('an object that is born without its owner goes', async () => {
    await make('late', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: 'u-1' }])
    await left()
  })

  test('while one owner is there the object stays, and forgets those that are gone', async () => {
    const [one, two] = [await make('one'), await make('two')]
    await make('shared', [referenceTo(one), referenceTo(two)])
    await remove('one')
    await eventually(
      async () => JSON.stringify((await world.admin.get(map('shared'))).metadata['ownerReferences']).length < 150,
    )
    expect((await world.admin.get(map('shared'))).metadata['ownerReferences']).toEqual([referenceTo(two)])
    await remove('two')
    await left()
  })

  test('an object that is given to an absent owner later goes too', async () => {
    await make('a')
    await own('a', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: 'u-1' }])
    await left()
  })

  test('a cycle goes once it is cut', async () => {
    const a = await make('a')
    const b = await make('b', [referenceTo(a)])
    await own('a', [referenceTo(b)])
    await judged()
    expect(await names()).toEqual(['a', 'b'])
    await remove('a')
    await left()
  })

  test('a thousand dependents go', async () => {
    const owner = await make('owner')
    await Promise.all(Array.from({ length: 1000 }, (_, i) => make(`c${i}`, [referenceTo(owner)])))
    await remove('owner')
    await left()
  })
})

describe('in the foreground', () => {
  test('the owner stays, marked, until what blocks it is gone', async () => {
    const owner = await make('owner')
    await make('blocks', [referenceTo(owner, { blockOwnerDeletion: true })], { finalizers: ['example.com/x'] })
    await make('loose', [referenceTo(owner)], { finalizers: ['example.com/x'] })
    const result = await remove('owner', 'Foreground')
    expect(result).toMatchObject({ type: 'object' })
    expect(await finalizersOf('owner')).toEqual(['foregroundDeletion'])
    for (const name of ['blocks', 'loose']) {
      await eventually(async () => (await world.admin.get(map(name))).metadata['deletionTimestamp'])
    }
    await judged()
    expect(await names()).toEqual(['blocks', 'loose', 'owner'])
    await world.admin.patch(map('blocks'), { metadata: { finalizers: null } })
    await left('loose')
  })

  test('dependents with dependents wait for them likewise', async () => {
    const owner = await make('owner')
    const child = await make('child', [referenceTo(owner, { blockOwnerDeletion: true })])
    await make('grandchild', [referenceTo(child, { blockOwnerDeletion: true })], { finalizers: ['example.com/x'] })
    await remove('owner', 'Foreground')
    await eventually(async () => JSON.stringify(await finalizersOf('child')) === '["foregroundDeletion"]')
    await world.admin.patch(map('grandchild'), { metadata: { finalizers: null } })
    await left()
  })

  test('an owner without dependents goes at once', async () => {
    await make('owner')
    await remove('owner', 'Foreground')
    await left()
  })

  test.each([1, 2, 3, 4])('a cycle of %i that blocks itself does not wait for ever', async (length) => {
    const all: Seen[] = []
    for (let i = 0; i < length; i++) all.push(await make(`m${i}`))
    for (const [i, { metadata }] of all.entries()) {
      await own(metadata.name, [referenceTo(all[(i + 1) % length]!, { blockOwnerDeletion: true })])
    }
    await remove('m0', 'Foreground')
    await left()
  })

  test('another deletion in the background lets the owner go', async () => {
    const owner = await make('owner')
    await make('blocks', [referenceTo(owner, { blockOwnerDeletion: true })], { finalizers: ['example.com/x'] })
    await remove('owner', 'Foreground')
    await remove('owner', 'Background')
    await left('blocks')
  })

  test('a dependent that no longer names its owner does not block it', async () => {
    const owner = await make('owner')
    await make('blocks', [referenceTo(owner, { blockOwnerDeletion: true })], { finalizers: ['example.com/x'] })
    await remove('owner', 'Foreground')
    await judged()
    await world.admin.patch(map('blocks'), { metadata: { ownerReferences: null } })
    await eventually(() => world.store.get('//configmaps/default/owner') === undefined)
  })
})

describe('orphaning', () => {
  test('leaves the dependents, which forget their owner', async () => {
    const owner = await make('owner')
    await make('child', [referenceTo(owner)])
    expect(await remove('owner', 'Orphan')).toMatchObject({ type: 'object' })
    await left('child')
    expect((await world.admin.get(map('child'))).metadata['ownerReferences']).toBeUndefined()
    await judged()
    expect(await names()).toEqual(['child'])
  })

  test('replaces a foreground deletion that was asked for before', async () => {
    const owner = await make('owner', [], { finalizers: ['example.com/hold'] })
    await make('child', [referenceTo(owner, { blockOwnerDeletion: true })], { finalizers: ['example.com/x'] })
    await world.admin.call({ verb: 'delete', target: map('owner'), options: { propagationPolicy: 'Foreground' } })
    await remove('owner', 'Orphan')
    await eventually(async () => JSON.stringify(await finalizersOf('owner')) === '["example.com/hold"]')
  })

  test('asked for by the finalizer alone', async () => {
    const owner = await make('owner', [], { finalizers: ['orphan'] })
    await make('child', [referenceTo(owner)])
    await remove('owner')
    await left('child')
  })
})

describe('owners that cannot be', () => {
  test('in another namespace do not count, and an event says why the object went', async () => {
    await world.admin.create(at('namespaces'), { metadata: { name: 'team' } })
    const owner = await world.admin.create(at('configmaps', 'team'), { metadata: { name: 'owner' } })
    const child = await make('child', [referenceTo(owner)])
    await left()
    expect(await world.admin.get(map('owner', 'team'))).toBeDefined()
    const [event, ...more] = await world.admin.list(at('events', 'default'))
    expect(more).toEqual([])
    expect(await world.admin.get(at('events', 'default', event))).toMatchObject({
      reason: 'OwnerRefInvalidNamespace',
      type: 'Warning',
      message: `ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: ${owner.metadata.uid}] does not exist in namespace "default"`,
      involvedObject: { kind: 'ConfigMap', namespace: 'default', name: 'child', uid: child.metadata.uid },
    })
  })

  test('in a namespace never let a cluster-scoped object go', async () => {
    const owner = await make('owner')
    const roles = 'rbac.authorization.k8s.io/v1/clusterroles'
    await world.admin.create(at(roles), { metadata: { name: 'r', ownerReferences: [referenceTo(owner)] }, rules: [] })
    await eventually(async () => (await world.admin.list(at('events', 'default'))).length === 1)
    await remove('owner')
    await judged()
    expect((await world.admin.get(at(roles, undefined, 'r'))).metadata.name).toBe('r')
  })

  test('of a kind that is not served keep their objects, until it is', async () => {
    const ownerReferences = [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'u-1' }]
    await make('a', ownerReferences)
    await make('b', [{ apiVersion: 'v9', kind: 'Nothing', name: 'n', uid: 'u-2' }])
    await judged()
    expect(await names()).toEqual(['a', 'b'])
    await world.admin.create(at(CRDS), widgetCrd())
    await left('b')
  })
})

test('custom resources own and are owned', async () => {
  await world.admin.create(at(CRDS), widgetCrd())
  const owner = await world.admin.create(at(WIDGETS, 'default'), widget('w'))
  const reference = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: owner.metadata.uid }
  await make('a', [reference])
  await world.admin.create(at(WIDGETS, 'default'), widget('child', {}, { ownerReferences: [reference] }))
  await world.admin.call({ verb: 'delete', target: at(WIDGETS, 'default', 'w') })
  await left()
  await eventually(async () => (await world.admin.list(at(WIDGETS, 'default'))).length === 0)
})

test('a cluster-scoped owner takes what it owns along in every namespace', async () => {
  const namespace = await world.admin.create(at('namespaces'), { metadata: { name: 'team' }, spec: {} })
  const reference = { apiVersion: 'v1', kind: 'Namespace', name: 'team', uid: namespace.metadata.uid }
  await make('a', [reference])
  await world.admin.call({ verb: 'delete', target: at('namespaces', undefined, 'team') })
  await world.admin.update(at('namespaces', undefined, 'team', 'finalize'), { metadata: { name: 'team' }, spec: {} })
  await left()
})

describe('a start', () => {
  test.each(['Background', 'Foreground', 'Orphan'] as const)(
    'finishes what a stop has interrupted: %s',
    async (propagationPolicy) => {
      const store = openMemoryStore()
      const bare = await openWorld({ store, controllers: false })
      const maps = at('configmaps', 'default')
      const owner = await bare.admin.create(maps, { metadata: { name: 'owner' } })
      const ownerReferences = [referenceTo(owner, { blockOwnerDeletion: true })]
      await bare.admin.create(maps, { metadata: { name: 'child', ownerReferences } })
      await bare.admin.call({ verb: 'delete', target: map('owner'), options: { propagationPolicy } })
      await bare.close()
      const again = await openWorld({ store, controllers: ONLY_GARBAGE })
      const expected = propagationPolicy === 'Orphan' ? '["child"]' : '[]'
      await eventually(async () => JSON.stringify(await again.admin.list(maps)) === expected)
      await again.close()
    },
  )

  test('on a store in order writes nothing', async () => {
    const owner = await make('owner')
    await make('child', [referenceTo(owner)])
    await judged()
    const written = new Set<string>()
    const { store } = world
    store.watch({ prefix: '/', after: store.revision }, (events) => events.forEach(({ key }) => written.add(key)))
    const again = await openWorld({ store, controllers: ONLY_GARBAGE })
    await judged()
    expect([...written].sort()).toEqual(['//configmaps/default/zz-dependent', '//configmaps/default/zz-owner'])
    await again.close()
  })
})

test('each controller can be left out', async () => {
  const bare = await openWorld({ controllers: ['namespace-deletion', 'role-aggregation'] })
  expect(await bare.admin.list(at('serviceaccounts'))).toEqual([])
  const maps = at('configmaps', 'default')
  const owner = await bare.admin.create(maps, { metadata: { name: 'owner' } })
  await bare.admin.create(maps, { metadata: { name: 'child', ownerReferences: [referenceTo(owner)] } })
  await bare.admin.call({ verb: 'delete', target: map('owner'), options: { propagationPolicy: 'Foreground' } })
  await bare.admin.create(at('namespaces'), { metadata: { name: 'team' } })
  await bare.admin.call({ verb: 'delete', target: at('namespaces', undefined, 'team') })
  await eventually(() => bare.store.get('//namespaces/team') === undefined)
  expect(await bare.admin.list(maps)).toEqual(['child', 'owner'])
  expect(await refusal(bare.admin.get(map('child')))).toMatch(/^no error/)
  await bare.close()
})
