/** A composition at work on a real API, where the test plays the controllers of its kinds. */
import { isDriverError, type Json } from '@larder/kit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { READY, Life, names, objects, patch, report } from './testing/life.ts'
import { CACHE_DEFINITION, NAMESPACE, never, silent, world, type World } from './testing/stage.ts'

let there: World
beforeEach(async () => {
  there = await world([CACHE_DEFINITION])
})
afterEach(() => there.hub.stop())

const map = (id: string, data: Json, more: object = {}): Json => ({
  id,
  template: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: id }, data },
  ...more,
})
const cache = (id: string, spec: Json, more: object = {}): Json => ({
  id,
  template: { apiVersion: 'example.com/v1', kind: 'Cache', metadata: { name: id }, spec },
  ...more,
})
const life = (...resources: Json[]) => new Life(there.connect(), { resources })

/** Two that stand alone, one on both, one on that. */
const GRAPH: readonly Json[] = [
  cache('cache', { group: '${group.spec.group}', members: ['${group.status.endpoint.address}'] }),
  cache('group', { group: '${settings.data.name}-${string(users.metadata.generation)}' }),
  map('settings', { name: 'blue' }),
  cache('users', { size: 1 }),
]

describe('making', () => {
  test('each comes when what it reads is ready, and status says what is waited for, in words', async () => {
    const one = life(...GRAPH)
    expect(await one.settle()).toMatchObject({
      phase: 'changing',
      doing: 'Waiting for users',
      message: '1 of 4 are ready: waiting for Cache services/users: nobody has looked at it yet',
    })
    expect(await names(there, 'Cache')).toEqual(['users'])
    await report(there, 'users', { state: 'creating' })
    expect(await one.settle()).toMatchObject({
      message: '1 of 4 are ready: waiting for Cache services/users: creating',
    })
    await report(there, 'users', { state: 'available', ...READY })
    expect(await one.settle()).toMatchObject({ doing: 'Waiting for group' })
    expect((await objects(there, 'Cache')).map(({ spec }) => spec)).toEqual([{ group: 'blue-1' }, { size: 1 }])
  })

  test('a field that is not reported yet is waited for, and no more', async () => {
    const one = life(...GRAPH)
    await one.settle()
    await report(there, 'users', READY)
    await one.settle()
    await report(there, 'group', READY)
    expect(await one.settle()).toMatchObject({
      phase: 'changing',
      message: '3 of 4 are ready: waiting for Cache services/cache: ${group.status.endpoint.address} has no value yet',
    })
    await report(there, 'group', { endpoint: { address: 'a.example', port: 1 } })
    await one.settle()
    await report(there, 'cache', READY)
    expect(await one.settle()).toMatchObject({ phase: 'ready', drift: [] })
    const [made] = await objects(there, 'Cache')
    expect(made?.spec).toEqual({ group: 'blue-1', members: ['a.example'] })
  })

  test('all have labels that say whose they are', async () => {
    const one = life(map('settings', { name: 'blue' }))
    await one.settle()
    const [made] = await objects(there, 'ConfigMap')
    expect(made?.metadata.labels).toEqual({
      'composition.larder.dev/instance': 'one',
      'composition.larder.dev/resource': 'settings',
    })
  })

  test('a name that is somebody else’s is refused, and nothing at all is made', async () => {
    await there.admin.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b', namespace: NAMESPACE } }, 'x')
    const one = life(map('a', {}), map('b', { x: 'ours' }))
    expect(await one.settle()).toEqual({
      phase: 'conflict',
      message: 'ConfigMap services/b exists and was not made by this instance: remove or rename it',
    })
    await expect(one.session.create({ ...one.want, intent: 'create' }, never)).rejects.toThrow('b exists')
    expect((await objects(there, 'ConfigMap')).map(({ metadata, data }) => [metadata.name, data])).toEqual([
      ['b', undefined],
    ])
    one.change({ existing: 'AdoptOrCreate' })
    expect(await one.settle()).toMatchObject({ phase: 'ready' })
    expect(await names(there, 'ConfigMap')).toEqual(['a', 'b'])
  })

  test('two instances of one class have one of everything each; a name in common is refused to the second', async () => {
    const recipe = { resources: [{ ...(map('a', {}) as object), template: { ...named('${instance.name}') } }] }
    const session = there.connect()
    for (const id of ['one', 'two'])
      expect(await new Life(session, recipe, { id }).settle()).toMatchObject({ phase: 'ready' })
    expect(await names(there, 'ConfigMap')).toHaveLength(2)
    await new Life(session, { resources: [map('fixed', {})] }, { id: 'one' }).settle()
    const second = await new Life(session, { resources: [map('fixed', {})] }, { id: 'two' }).settle()
    expect(second).toMatchObject({ phase: 'conflict', message: /belongs to another instance/ as never })
  })

  test('what a claim leaves out is refused as the claim’s', async () => {
    const one = life(map('a', { size: '${string(parameters.size)}' }))
    const failed = await one.settle().catch((error: unknown) => error)
    expect(isDriverError(failed) && [failed.code, failed.path, failed.message]).toEqual([
      'invalid',
      'parameters',
      'recipe.resources[0].template.data.size: ${string(parameters.size)} has no value',
    ])
    expect(await names(there, 'ConfigMap')).toEqual([])
  })

  test('a resource that is left out takes with it what reads it', async () => {
    const one = life(
      map('a', { name: 'a' }, { includeWhen: ['parameters.?a.orValue(false)'] }),
      map('b', { of: '${a.data.name}' }),
      map('c', { name: 'c' }),
    )
    expect(await one.settle()).toMatchObject({ phase: 'ready' })
    expect(await names(there, 'ConfigMap')).toEqual(['c'])
    one.change({ parameters: { a: true } })
    expect(await one.settle('update')).toMatchObject({ phase: 'ready', drift: [] })
    expect(await names(there, 'ConfigMap')).toEqual(['a', 'b', 'c'])
    one.change({ parameters: {} })
    await one.settle('update')
    expect(await names(there, 'ConfigMap')).toEqual(['c'])
  })

  test('text is text around expressions, and $${ is what it says', async () => {
    const one = life(map('a', { x: 'of ${instance.id}, $${not.this} ${instance.id}', y: '$${only}', z: '' }))
    await one.settle()
    expect((await objects(there, 'ConfigMap'))[0]?.data).toEqual({ x: 'of one, ${not.this} one', y: '${only}', z: '' })
  })

  test('what the API refuses is told by the place in the recipe and the field', async () => {
    const one = life(cache('users', { size: 0 }))
    const failed = await one.settle().catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 'invalid', path: 'recipe.resources[0].template' })
    expect(String(failed)).toMatch(/Cache services\/users: cannot apply .* at spec\.size$/)
  })

  test('a value of another type than its field is told by that field, before the API’s own words', async () => {
    const one = life(map('a', { x: 'text', quota: '${parameters.size}' }))
    one.change({ parameters: { size: 5 } })
    await expect(one.settle()).rejects.toMatchObject({
      code: 'invalid',
      path: 'recipe.resources[0].template.data.quota',
      message: 'ConfigMap services/a: must be string',
    })
  })

  test('a resource that says it has failed is told in its own words', async () => {
    const one = life(cache('users', {}))
    await one.settle()
    const stalled = { type: 'Stalled', status: 'True', reason: 'QuotaExceeded', message: 'no more caches' }
    await report(there, 'users', { conditions: [{ type: 'Ready', status: 'False' }, stalled] })
    expect(await one.observe()).toMatchObject({
      phase: 'failed',
      message: 'Cache services/users: QuotaExceeded: no more caches',
      retry: 'same',
      usable: false,
    })
  })

  test('readyWhen and failedWhen decide where a recipe has them', async () => {
    const own = { readyWhen: ["users.status.state == 'up'"], failedWhen: ["users.status.state == 'broken'"] }
    const one = life(cache('users', {}, own))
    expect(await one.settle()).toMatchObject({
      message: `0 of 1 are ready: waiting for Cache services/users: readyWhen users.status.state == 'up' does not hold`,
    })
    await report(there, 'users', { state: 'broken' })
    expect(await one.settle().catch(String)).toMatchObject({ phase: 'failed' })
    await report(there, 'users', { state: 'up' })
    expect(await one.settle()).toMatchObject({ phase: 'ready' })
  })
})

const cacheOf = (name: string) => ({
  apiVersion: 'example.com/v1',
  kind: 'Cache',
  metadata: { name, namespace: NAMESPACE },
})
const named = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: {} })

describe('keeping', () => {
  test('what is in sync is not written', async () => {
    const one = life(map('a', { x: '1' }), map('b', { of: '${a.data.x}' }))
    await one.settle()
    const before = await objects(there, 'ConfigMap')
    const remembered = one.want.state
    expect(await one.observe('update')).toMatchObject({ phase: 'ready', drift: [] })
    await one.session.update!({ ...one.want, intent: 'update' }, never)
    expect(await objects(there, 'ConfigMap')).toEqual(before)
    expect(one.want.state).toBe(remembered)
  })

  test('a field that was changed, or taken away, is told and put back; what others added stays theirs', async () => {
    const one = life(map('a', { x: '1', y: '2' }))
    await one.settle()
    await patch(there, 'configmaps', 'a', { data: { x: 'other', y: null, z: 'theirs' } })
    expect(await one.observe('update')).toMatchObject({
      phase: 'ready',
      drift: [{ path: 'resources.a.data.x' }, { path: 'resources.a.data.y' }],
    })
    await one.settle('update')
    expect((await objects(there, 'ConfigMap'))[0]?.data).toEqual({ x: '1', y: '2', z: 'theirs' })
  })

  test('one that was deleted is made again, with what reads it', async () => {
    const one = life(map('a', { x: '1' }), map('b', { of: '${a.metadata.uid}' }))
    await one.settle()
    await there.admin.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'a' })
    expect(await one.observe('update')).toMatchObject({ phase: 'unknown' })
    expect(await one.settle('update')).toMatchObject({ phase: 'ready', drift: [] })
    const [a, b] = await objects(there, 'ConfigMap')
    expect(b?.data).toEqual({ of: a?.metadata.uid })
  })

  test('one that held data is not made again', async () => {
    const one = life(map('a', { x: '1' }), map('b', {}, { holdsData: true }))
    await one.settle()
    await there.admin.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'b' })
    expect(await one.settle('update')).toMatchObject({ phase: 'failed', reason: 'ResourceLost', retry: 'no' })
    await one.session.update!({ ...one.want, intent: 'update' }, never)
    expect(await names(there, 'ConfigMap')).toEqual(['a'])
  })

  test('a service of which nothing is left is gone, and an update makes nothing', async () => {
    const one = life(map('a', {}))
    await one.settle()
    await there.admin.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'a' })
    expect(await one.observe('update')).toEqual({ phase: 'absent' })
    await one.session.update!({ ...one.want, intent: 'update' }, never)
    expect(await names(there, 'ConfigMap')).toEqual([])
  })

  test('a field that the recipe has no more is taken away', async () => {
    const one = life(map('a', { x: '1', y: '2' }))
    await one.settle()
    one.change({ recipe: { resources: [map('a', { x: '1' })] } })
    expect(await one.observe('update')).toMatchObject({ phase: 'ready', drift: [{ path: 'resources.a' }] })
    await one.settle('update')
    expect((await objects(there, 'ConfigMap'))[0]?.data).toEqual({ x: '1' })
  })

  test('a resource that the recipe has no more goes, after those that stood on it', async () => {
    const one = life(map('a', { x: '1' }), map('b', { of: '${a.data.x}' }), map('c', { x: '3' }))
    await one.settle()
    one.change({ recipe: { resources: [map('c', { x: '3' }), map('d', { x: '4' })] } })
    expect(await one.settle('update')).toMatchObject({ phase: 'ready', drift: [] })
    expect(await names(there, 'ConfigMap')).toEqual(['c', 'd'])
  })

  test('that a change would remove what holds data is said before it is made', async () => {
    const one = life(map('a', {}, { holdsData: true }), map('b', { x: '1' }))
    await one.settle()
    one.change({ recipe: { resources: [map('b', { x: '1' })] } })
    expect((await one.plan('update')).effects).toEqual([
      { kind: 'destroy', what: 'resources.a', message: 'ConfigMap services/a holds data and would be removed' },
    ])
  })

  test('what stays otherwise than it was applied is no drift: others may add to a list', async () => {
    const one = life(cache('users', { members: ['ours'] }))
    await one.settle()
    await report(there, 'users', READY)
    await one.settle()
    const theirs = { members: ['theirs'] }
    await there.admin.apply({ ...cacheOf('users'), spec: theirs }, 'somebody else')
    expect(await one.observe('update')).toMatchObject({ phase: 'ready', drift: [{}] })
    await one.session.update!({ ...one.want, intent: 'update' }, never)
    expect(await one.settle('update')).toMatchObject({ phase: 'ready', drift: [] })
    // The next hub knows it too, by what this one remembers.
    const later = new Life(there.connect(), one.want.recipe, one.want)
    expect(await later.observe('update')).toMatchObject({ phase: 'ready', drift: [] })
    await patch(there, 'caches', 'users', { spec: { members: ['only theirs'] } })
    expect(await one.observe('update')).toMatchObject({ phase: 'ready', drift: [{}] })
  })

  test('news of each object come to its instance, also of one that appears only later', async () => {
    const theirs = { id: 'theirs', externalRef: { apiVersion: 'v1', kind: 'ConfigMap', name: 'theirs' } }
    const one = life(map('a', {}), theirs)
    const told: string[] = []
    const stop = new AbortController()
    const watching = one.session.watch!((id) => told.push(id), stop.signal)
    expect(await one.settle()).toMatchObject({
      message: '1 of 2 are ready: waiting for ConfigMap services/theirs: it is not there',
    })
    // The begin of a watch tells of all, and the making of `a` of one; what another makes after that is told after both.
    await expect.poll(() => told).toContain('one')
    await new Life(one.session, { resources: [map('b', {})] }, { id: 'two' }).settle()
    await expect.poll(() => told).toContain('two')
    told.length = 0
    await there.admin.apply({ ...named('theirs'), metadata: { name: 'theirs', namespace: NAMESPACE } }, 'x')
    await expect.poll(() => told).toContain('one')
    expect(await one.settle()).toMatchObject({ phase: 'ready' })
    stop.abort()
    await watching
  })
})

test('what is only observed is told as it is, and never written', async () => {
  const other = { ...named('a'), data: { x: 'theirs' }, metadata: { name: 'a', namespace: NAMESPACE } }
  await there.admin.apply(other, 'somebody')
  const one = life(map('a', { x: '1' }), map('b', { of: '${a.data.x}' }))
  one.change({ existing: 'Observe' })
  expect(await one.session.observe(one.want, never)).toMatchObject({
    phase: 'changing',
    message: '1 of 2 are ready: waiting for ConfigMap services/b: it is not there',
  })
  await there.admin.apply({ ...other, metadata: { name: 'b', namespace: NAMESPACE } }, 'somebody')
  const seen = await one.session.observe(one.want, never)
  expect(seen).toMatchObject({ phase: 'ready' })
  expect((await objects(there, 'ConfigMap')).map(({ data }) => data)).toEqual([{ x: 'theirs' }, { x: 'theirs' }])
  await there.admin.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'a' })
  await there.admin.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'b' })
  expect(await one.session.observe(one.want, never)).toEqual({ phase: 'absent' })
})

describe('removing', () => {
  test('each goes after what stands on it, and is waited for', async () => {
    const one = life(...GRAPH.slice(1))
    await one.settle()
    await report(there, 'users', READY)
    await one.settle()
    await report(there, 'group', { ...READY, state: 'deleting' })
    await one.settle()
    await patch(there, 'caches', 'group', { metadata: { finalizers: ['example.com/slow'] } })
    expect(await one.settle('delete')).toMatchObject({
      phase: 'changing',
      doing: 'Removing group',
      message: '0 of 3 are gone: waiting for Cache services/group: deleting',
    })
    const stands = await objects(there, 'Cache')
    expect(stands.map(({ metadata }) => [metadata.name, metadata.deletionTimestamp !== undefined])).toEqual([
      ['group', true],
      ['users', false],
    ])
    expect(await names(there, 'ConfigMap')).toEqual(['settings'])
    await patch(there, 'caches', 'group', { metadata: { finalizers: null } })
    expect(await one.settle('delete')).toEqual({ phase: 'absent' })
    expect([...(await names(there, 'Cache')), ...(await names(there, 'ConfigMap'))]).toEqual([])
  })

  test('what somebody else put in the place of ours is left alone', async () => {
    const one = life(map('a', {}), map('b', {}))
    await one.settle()
    await patch(there, 'configmaps', 'a', { metadata: { labels: { 'composition.larder.dev/instance': null } } })
    expect(await one.settle('delete')).toEqual({ phase: 'absent' })
    expect(await names(there, 'ConfigMap')).toEqual(['a'])
  })

  test('it goes by what is remembered when the recipe cannot be read any more, and by the recipe when nothing is', async () => {
    const one = life(map('a', {}), map('b', { of: '${a.metadata.uid}' }))
    await one.settle()
    const { recipe } = one.want
    one.change({ recipe: { resources: [map('x', { y: '${nobody.z}' })] } })
    expect(await one.settle('delete')).toEqual({ phase: 'absent' })
    expect(await names(there, 'ConfigMap')).toEqual([])
    const again = new Life(there.connect(), recipe)
    await again.settle()
    expect(await new Life(there.connect(), recipe).settle('delete')).toEqual({ phase: 'absent' })
    expect(await names(there, 'ConfigMap')).toEqual([])
  })

  test('of a kind that nobody serves any more what was made is not taken for gone', async () => {
    const one = life(cache('users', {}))
    await one.settle()
    const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
    await there.admin.delete({ ...definition, name: 'caches.example.com' })
    await expect.poll(() => there.admin.get({ ...definition, name: 'caches.example.com' })).toBeUndefined()
    await expect(new Life(there.connect(), one.want.recipe, one.want).settle('delete')).rejects.toThrow(
      'Cache services/users was made and is still to be removed, but this cluster has no kind Cache in example.com/v1',
    )
  })
})

test('a right that the account lacks is said, and nobody is the administrator', async () => {
  const one = life({
    id: 'role',
    template: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'a' }, rules: [] },
  })
  await expect(one.plan()).rejects.toThrow('the account of the backend may not get Role')
  await expect(one.settle()).rejects.toThrow('the account of the backend may not get Role')
})

test('values of Secrets are in no message, no output and no memory', async () => {
  const secret = 'p4ssw0rd-of-nobody'
  const said: string[] = []
  const write = (message: string, fields?: object) => void said.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const session = there.connect({ ...silent, debug: write, info: write, warn: write })
  const recipe = {
    resources: [
      {
        id: 'creds',
        template: { ...named('creds'), kind: 'Secret', data: undefined, stringData: { password: secret } },
      },
      { id: 'wrong', externalRef: { apiVersion: 'v1', kind: 'Secret', name: 'creds' } },
    ],
    binding: {
      port: '${int(decodeBase64(creds.data.password))}',
      other: '${wrong.data[decodeBase64(creds.data.password)]}',
    },
  }
  const one = new Life(session, JSON.parse(JSON.stringify(recipe)) as Json)
  const seen = await one.settle()
  expect(seen.phase).toBe('ready')
  const credential = { id: 'c', parameters: {}, origin: { door: 'test' } }
  const failed = await one.session.bind(one.want, credential, never).catch((error: unknown) => error)
  expect(String(failed)).toContain('cannot be computed')
  const { state: _, ...shown } = seen
  const memory = Buffer.from(one.want.state!, 'base64').toString()
  expect(memory).toContain('"name":"creds"')
  for (const text of [JSON.stringify(shown), memory, said.join(), String(failed)]) expect(text).not.toContain(secret)
})
