import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { silentLog } from '../base/log.ts'
import { asJson, type KubeObject } from '../machinery/object.ts'
import { forbidden } from '../machinery/status.ts'
import type { AdmissionPlugin } from './admission.ts'
import { ADMIN, at, openWorld, refusal, type Seen, type World } from './core/testing/world.ts'
import type { MutatingPlugin } from './mutating-admission.ts'

const STAMPER = { name: 'stamper', groups: [] }
const maps = at('configmaps', 'default')
const one = { ...maps, name: 'a' }

/** Adds annotations to ConfigMaps with data, in the name of somebody who needs the right to. */
const stamping = (annotations: Record<string, string> = { stamp: 'here' }, user = ADMIN): MutatingPlugin => ({
  name: 'stamping',
  user,
  handles: ({ resource }) => resource === 'configmaps',
  mutate(object) {
    if (asJson(object)['data'] === undefined) return object
    const metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } }
    return { ...object, metadata }
  },
})

const noStamps: AdmissionPlugin = {
  name: 'NoStamps',
  handles: ({ resource }) => resource === 'configmaps',
  review({ resource, object }) {
    if (object?.metadata.annotations?.['stamp'] !== undefined) throw forbidden(resource, object.metadata.name, 'stamp')
    if (object?.metadata.annotations?.['bad'] !== undefined) throw forbidden(resource, object.metadata.name, 'bad')
  },
}

const mutations: MutatingPlugin[] = []
const told: string[] = []
const log: Log = { ...silentLog, info: (message, more) => void told.push(`${message} ${JSON.stringify(more)}`) }
let world: World
async function open(admission: readonly AdmissionPlugin[] = []): Promise<void> {
  world = await openWorld({ controllers: false, mutations, admission, log })
}
beforeEach(() => {
  mutations.length = 0
  told.length = 0
  return open()
})
afterEach(() => world.close())

const rbac = (resource: string) => at(`rbac.authorization.k8s.io/v1/${resource}`, 'default')
const body = (more: JsonObject = {}) => ({ metadata: { name: 'a' }, data: { k: 'v' }, ...more })
const stampOf = ({ metadata }: Seen) => (metadata['annotations'] as Record<string, string> | undefined)?.['stamp']
const managersOf = ({ metadata }: Seen) => JSON.stringify(metadata['managedFields'] ?? '')

describe('what a plugin adds', () => {
  beforeEach(() => void mutations.push(stamping()))

  test('is in the very write that creates, updates, patches or applies the object', async () => {
    expect(stampOf(await world.admin.create(maps, body()))).toBe('here')
    const { resourceVersion } = (await world.admin.get(one)).metadata
    const updated = await world.admin.update(one, body({ data: { k: 'w' } }))
    expect([stampOf(updated), updated['data']]).toEqual(['here', { k: 'w' }])
    expect(updated.metadata.resourceVersion).not.toBe(resourceVersion)
    expect(stampOf(await world.admin.patch(one, { metadata: { annotations: { stamp: null } } }))).toBe('here')
    const applied = await world.admin.one({
      verb: 'patch',
      target: { ...maps, name: 'b' },
      patchType: 'application/apply-patch+yaml',
      body: { apiVersion: 'v1', kind: 'ConfigMap', ...body(), metadata: { name: 'b' } },
      options: { fieldManager: 'me' },
    })
    expect(stampOf(applied)).toBe('here')
  })

  test("is nobody's, and its author who applies without it leaves it", async () => {
    const apply = () =>
      world.admin.one({
        verb: 'patch',
        target: one,
        patchType: 'application/apply-patch+yaml',
        body: { apiVersion: 'v1', kind: 'ConfigMap', ...body() },
        options: { fieldManager: 'me' },
      })
    expect(managersOf(await apply())).not.toContain('stamp')
    const before = await world.admin.get(one)
    expect(managersOf(before)).toContain('"me"')
    expect((await apply()).metadata.resourceVersion).toBe(before.metadata.resourceVersion)
  })

  test('makes a write that only takes it out none at all', async () => {
    const made = await world.admin.create(maps, body())
    expect((await world.admin.update(one, body())).metadata.resourceVersion).toBe(made.metadata.resourceVersion)
  })

  test('is shown by a dry run, which stores nothing', async () => {
    expect(stampOf(await world.admin.create(maps, body(), { dryRun: true }))).toBe('here')
    expect(await world.admin.list(maps)).toEqual([])
  })

  test('is not in an object that is going', async () => {
    await world.admin.create(maps, { metadata: { name: 'a', finalizers: ['x.io/y'] } })
    await world.admin.one({ verb: 'delete', target: one })
    expect(stampOf(await world.admin.patch(one, { data: { k: 'v' } }))).toBeUndefined()
  })
})

test('a plugin whose user may not update the object does not see it, until that user may', async () => {
  mutations.push(stamping(undefined, STAMPER))
  expect(stampOf(await world.admin.create(maps, body()))).toBeUndefined()
  await world.admin.create(rbac('roles'), {
    metadata: { name: 'stamper' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['update'] }],
  })
  await world.admin.create(rbac('rolebindings'), {
    metadata: { name: 'stamper' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'stamper' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'stamper' }],
  })
  expect(stampOf(await world.admin.patch(one, { data: { k: 'w' } }))).toBe('here')
})

const fails = (): never => {
  throw new TypeError('no such thing')
}

describe('a write is what its author wrote', () => {
  test('where what a plugin adds is invalid; the log names the field and no value', async () => {
    mutations.push(stamping({ 'not a key!': 'classified' }))
    const made = await world.admin.create(maps, body())
    expect([made.metadata['annotations'], made['data']]).toEqual([undefined, { k: 'v' }])
    expect(told.join()).toContain('metadata.annotations')
    expect(told.join()).not.toContain('classified')
  })

  test.each(['handles', 'mutate'])('where a plugin fails in %s, which the log tells', async (where) => {
    mutations.push({ ...stamping(), [where]: fails })
    const made = await world.admin.create(maps, body())
    expect([stampOf(made), made['data']]).toEqual([undefined, { k: 'v' }])
    expect(told.join()).toContain('TypeError: no such thing')
  })

  test('where admission refuses what a plugin adds; what it refuses of the author stays refused', async () => {
    await world.close()
    await open([noStamps])
    mutations.push(stamping())
    expect(stampOf(await world.admin.create(maps, body()))).toBeUndefined()
    expect(stampOf(await world.admin.patch(one, { data: { k: 'w' } }))).toBeUndefined()
    const bad = world.admin.create(maps, { metadata: { name: 'b', annotations: { bad: '' } }, data: {} })
    expect(await refusal(bad)).toMatch(/^403 .*bad/)
  })
})

test('a write that no plugin handles is not shown to any', async () => {
  const shown: KubeObject[] = []
  mutations.push({ ...stamping(), mutate: (object) => (shown.push(object), object) })
  await world.admin.create(at('secrets', 'default'), { metadata: { name: 's' } })
  expect(shown).toEqual([])
})
