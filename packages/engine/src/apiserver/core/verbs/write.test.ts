import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { at, CRDS, openWorld, refusal, widget, widgetCrd, WIDGETS, type World } from '../testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

const maps = at('configmaps', 'default')
const map = (name: string, data: Record<string, string> = {}, metadata = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})
const container = (name: string, image: string) => ({ name, image })
const named = (name: string) => at('configmaps', 'default', name)

describe('create', () => {
  test('sets uid, creationTimestamp and resourceVersion, and ignores those of the body', async () => {
    const body = map(
      'a',
      {},
      { uid: 'mine', generation: 7, creationTimestamp: '1999-01-01T00:00:00Z', managedFields: [{ manager: 'x' }] },
    )
    const created = await world.admin.create(maps, body)
    expect(created.metadata).toEqual({
      name: 'a',
      namespace: 'default',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      creationTimestamp: '2026-01-01T00:00:00Z',
      resourceVersion: String(world.store.revision),
    })
    expect(await world.admin.get(named('a'))).toEqual(created)
  })

  test('answers 201, and 409 when the name is taken', async () => {
    expect(await world.admin.call({ verb: 'create', target: maps, body: map('a') })).toMatchObject({ code: 201 })
    expect(await refusal(world.admin.create(maps, map('a')))).toBe('409 configmaps "a" already exists')
  })

  test('refuses a body that does not belong there', async () => {
    const { admin } = world
    expect(await refusal(admin.create(maps, { ...map('a'), kind: 'Secret' }))).toBe(
      '400 Secret in version "v1" cannot be handled as a ConfigMap',
    )
    expect(await refusal(admin.create(maps, { ...map('a'), apiVersion: 'v2' }))).toBe(
      '400 the API version in the data (v2) does not match the expected API version (v1)',
    )
    expect(await refusal(admin.create(maps, map('a', {}, { namespace: 'other' })))).toBe(
      '400 the namespace of the provided object does not match the namespace sent on the request',
    )
    expect(await refusal(admin.create(maps, map('a', {}, { resourceVersion: '5' })))).toBe(
      '500 resourceVersion should not be set on objects to be created',
    )
    expect(await refusal(admin.create(maps, ['a']))).toBe('400 the body must be a ConfigMap as a JSON object')
    expect(await refusal(admin.create(maps, { kind: 'ConfigMap' }))).toBe(
      '422 ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    )
    expect(await refusal(admin.create(maps, map('A_')))).toMatch(
      /^422 ConfigMap "A_" is invalid: metadata.name: Invalid value: "A_": /,
    )
    expect(await refusal(admin.create(maps, { ...map('a'), data: 5 }))).toMatch(
      /^400 ConfigMap in version "v1" cannot be handled as a ConfigMap: data: /,
    )
  })

  test('a thousand generated names of one base are a thousand', async () => {
    const body = { metadata: { generateName: 'x'.repeat(70) } }
    const made = await Promise.all(Array.from({ length: 1000 }, () => world.admin.create(maps, body)))
    expect(new Set(made.map(({ metadata }) => metadata.name)).size).toBe(1000)
    expect(made.every(({ metadata }) => /^x{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/.test(metadata.name))).toBe(true)
  })

  test('a generated name that is always taken is tried eight times', async () => {
    let drawn = 0
    const unlucky = await openWorld({ ids: { uid: () => 'u', suffix: () => (drawn++, 'aaaaa') } })
    const body = { metadata: { generateName: 'x-' } }
    await unlucky.admin.create(maps, body)
    drawn = 0
    expect(await refusal(unlucky.admin.create(maps, body))).toBe('409 configmaps "x-aaaaa" already exists')
    expect(drawn).toBe(8)
    await unlucky.close()
  })

  test('a dry run shows the object and keeps nothing', async () => {
    const before = world.store.revision
    const shown = await world.admin.create(maps, map('a'), { dryRun: true })
    expect(shown.metadata.resourceVersion).toBeUndefined()
    expect(shown.metadata.uid).toBeDefined()
    expect(world.store.revision).toBe(before)
    expect(await refusal(world.admin.get(named('a')))).toBe('404 configmaps "a" not found')
    await world.admin.create(maps, map('a'))
    expect(await refusal(world.admin.create(maps, map('a'), { dryRun: true }))).toBe(
      '409 configmaps "a" already exists',
    )
  })

  test('in a namespace that is not there, or in no namespace, nothing is created', async () => {
    expect(await refusal(world.admin.create(at('configmaps', 'nope'), map('a')))).toBe(
      '404 namespaces "nope" not found',
    )
    expect(await refusal(world.admin.create(at('configmaps'), map('a')))).toBe(
      '404 the server could not find the requested resource',
    )
  })

  test('status is dropped where it is a subresource', async () => {
    const pdb = at('policy/v1/poddisruptionbudgets', 'default')
    const made = await world.admin.create(pdb, { metadata: { name: 'a' }, spec: {}, status: { currentHealthy: 5 } })
    expect(made['status']).not.toMatchObject({ currentHealthy: 5 })
    expect(made.metadata['generation']).toBe(1)
  })
})

describe('field validation', () => {
  const body = { ...map('a'), foo: 1 }
  test('Strict refuses unknown and repeated fields', async () => {
    const call = { verb: 'create', target: maps, body, options: { fieldValidation: 'Strict' } } as const
    expect(await refusal(world.admin.call(call, ['data.x']))).toBe(
      '400 ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo", duplicate field "data.x"',
    )
  })

  test('Warn, which is the default, warns and drops them; Ignore is silent', async () => {
    const made = await world.admin.create(maps, body)
    expect(made['foo']).toBeUndefined()
    expect(world.warnings).toEqual(['unknown field "foo"'])
    await world.admin.create(maps, { ...body, metadata: { name: 'b' } }, { fieldValidation: 'Ignore' })
    expect(world.warnings).toHaveLength(1)
  })

  test('in a patch it is 422', async () => {
    await world.admin.create(maps, map('a'))
    expect(await refusal(world.admin.patch(named('a'), { foo: 1 }, { fieldValidation: 'Strict' }))).toBe(
      '422 ConfigMap "a" is invalid: patch: Invalid value: "{\\"foo\\":1}": strict decoding error: unknown field "foo"',
    )
  })

  test('the error for a patch of a Secret does not quote it', async () => {
    const secrets = at('secrets', 'default')
    await world.admin.create(secrets, { metadata: { name: 's' } })
    const patch = { stringData: { password: 'hunter2' }, foo: 1 }
    const text = await refusal(world.admin.patch(at('secrets', 'default', 's'), patch, { fieldValidation: 'Strict' }))
    expect(text).toMatch(/^422 .*unknown field "foo"$/)
    expect(text).not.toContain('hunter2')
  })
})

describe('update', () => {
  test('replaces, and keeps what only the server sets', async () => {
    const made = await world.admin.create(maps, map('a', { k: '1' }))
    const updated = await world.admin.update(named('a'), {
      ...map('a', { k: '2' }),
      metadata: {
        ...made.metadata,
        creationTimestamp: '1999-01-01T00:00:00Z',
        deletionTimestamp: '1999-01-01T00:00:00Z',
      },
    })
    expect(updated).toEqual({
      ...made,
      data: { k: '2' },
      metadata: { ...made.metadata, resourceVersion: String(Number(made.metadata.resourceVersion) + 1) },
    })
  })

  test('one that changes nothing is no write and no event', async () => {
    const made = await world.admin.create(maps, map('a', { k: '1' }))
    const watching = await world.admin.watch(maps, { resourceVersion: made.metadata.resourceVersion })
    expect(await world.admin.update(named('a'), map('a', { k: '1' }))).toEqual(made)
    expect(await world.admin.patch(named('a'), { data: { k: '1' } })).toEqual(made)
    await world.admin.patch(named('a'), { data: { k: '2' } })
    expect(await watching.atLeast(1)).toEqual([`MODIFIED a ${Number(made.metadata.resourceVersion) + 1}`])
  })

  test('a stale resourceVersion and another uid are conflicts', async () => {
    const { metadata } = await world.admin.create(maps, map('a'))
    await world.admin.patch(named('a'), { data: { k: '1' } })
    const stale = map('a', { k: '2' }, { resourceVersion: metadata.resourceVersion })
    const text =
      '409 Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again'
    expect(await refusal(world.admin.update(named('a'), stale))).toBe(text)
    expect(
      await refusal(world.admin.patch(named('a'), { metadata: { resourceVersion: metadata.resourceVersion } })),
    ).toBe(text)
    expect(await refusal(world.admin.update(named('a'), map('a', {}, { uid: 'u' })))).toBe(
      `409 Operation cannot be fulfilled on configmaps "a": Precondition failed: UID in precondition: u, UID in object meta: ${metadata.uid}`,
    )
  })

  test('without resourceVersion the last one wins, where the kind allows it', async () => {
    await world.admin.create(maps, map('a'))
    expect(await world.admin.update(named('a'), map('a', { k: '1' }))).toMatchObject({ data: { k: '1' } })
    await world.admin.create(at(CRDS), widgetCrd())
    await world.admin.create(at(WIDGETS, 'default'), widget('w'))
    expect(await refusal(world.admin.update(at(WIDGETS, 'default', 'w'), widget('w', { size: 2 })))).toBe(
      '422 Widget.example.com "w" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    )
  })

  test('names in body and URL must agree', async () => {
    await world.admin.create(maps, map('a'))
    expect(await refusal(world.admin.update(named('a'), map('b')))).toBe(
      '400 the name of the object (b) does not match the name on the URL (a)',
    )
    expect(await refusal(world.admin.update(named('a'), { metadata: {} }))).toBe(
      '400 the name of the object (a based on URL) was undeterminable: name must be provided',
    )
    expect(await refusal(world.admin.patch(named('a'), { metadata: { name: 'b' } }))).toMatch(/^400 /)
  })

  test('of an absent object is 404, or creates where the kind allows it', async () => {
    expect(await refusal(world.admin.update(named('a'), map('a')))).toBe('404 configmaps "a" not found')
    const lease = at('coordination.k8s.io/v1/leases', 'default', 'l')
    const put = {
      verb: 'update',
      target: lease,
      body: { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } },
    } as const
    expect(await world.admin.call(put)).toMatchObject({ code: 201 })
    expect(await world.admin.get(lease)).toMatchObject({ spec: { holderIdentity: 'me' } })
  })

  test('generation counts changes of spec, not of metadata', async () => {
    const deployments = at('apps/v1/deployments', 'default')
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const spec = { selector: { matchLabels: { a: 'b' } }, template }
    await world.admin.create(deployments, { metadata: { name: 'd' }, spec })
    const d = at('apps/v1/deployments', 'default', 'd')
    expect((await world.admin.patch(d, { metadata: { labels: { x: 'y' } } })).metadata['generation']).toBe(1)
    expect((await world.admin.patch(d, { spec: { replicas: 3 } })).metadata['generation']).toBe(2)
    const status = at('apps/v1/deployments', 'default', 'd', 'status')
    const patched = await world.admin.patch(status, {
      status: { replicas: 3 },
      spec: { replicas: 9 },
      metadata: { labels: { no: 'no' } },
    })
    expect(patched).toMatchObject({
      status: { replicas: 3 },
      spec: { replicas: 3 },
      metadata: { generation: 2, labels: { x: 'y' } },
    })
    expect(patched.metadata['labels']).toEqual({ x: 'y' })
    const main = await world.admin.patch(d, { status: { replicas: 0 }, spec: { replicas: 4 } })
    expect(main).toMatchObject({ status: { replicas: 3 }, spec: { replicas: 4 }, metadata: { generation: 3 } })
  })
})

describe('patch', () => {
  test('fifty at once are all applied', async () => {
    await world.admin.create(maps, map('a'))
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => world.admin.patch(named('a'), { data: { [`k${i}`]: `${i}` } })),
    )
    const { data } = (await world.admin.get(named('a'))) as unknown as { data: object }
    expect(Object.keys(data)).toHaveLength(50)
  })

  test('by JSON operations, merge and strategic merge', async () => {
    await world.admin.create(maps, map('a', { k: '1' }))
    expect(await world.admin.patch(named('a'), [{ op: 'replace', path: '/data/k', value: '2' }])).toMatchObject({
      data: { k: '2' },
    })
    expect(await refusal(world.admin.patch(named('a'), [{ op: 'test', path: '/data/k', value: '3' }]))).toMatch(/^422 /)
    const d = at('apps/v1/deployments', 'default', 'd')
    await world.admin.create(at('apps/v1/deployments', 'default'), {
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { containers: [container('x', '1'), container('y', '1')] },
        },
      },
    })
    const patched = await world.admin.one({
      verb: 'patch',
      target: d,
      patchType: 'application/strategic-merge-patch+json',
      body: { spec: { template: { spec: { containers: [container('y', '2')] } } } },
    })
    expect(patched).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'x', image: '1' },
              { name: 'y', image: '2' },
            ],
          },
        },
      },
    })
  })

  test('types that the kind does not take are 415', async () => {
    await world.admin.create(at(CRDS), widgetCrd())
    await world.admin.create(at(WIDGETS, 'default'), widget('w'))
    const strategic = { verb: 'patch', patchType: 'application/strategic-merge-patch+json', body: {} } as const
    expect(await refusal(world.admin.call({ ...strategic, target: at(WIDGETS, 'default', 'w') }))).toMatch(/^415 /)
  })

  test('a dry run answers with what would be', async () => {
    const made = await world.admin.create(maps, map('a'))
    expect(await world.admin.patch(named('a'), { data: { k: '1' } }, { dryRun: true })).toMatchObject({
      data: { k: '1' },
    })
    expect(await world.admin.get(named('a'))).toEqual(made)
  })
})

test('an object cannot grow beyond what a body may have', async () => {
  await world.admin.create(at(CRDS), widgetCrd())
  await world.admin.create(at(WIDGETS, 'default'), widget('w', { color: 'x'.repeat(3 * 1024 * 1024 - 1000) }))
  expect(
    await refusal(
      world.admin.patch(at(WIDGETS, 'default', 'w'), { metadata: { annotations: { a: 'x'.repeat(2000) } } }),
    ),
  ).toBe('413 Request entity too large: limit is 3145728')
})

test('a write that the store cannot keep is 500, and says why', async () => {
  await world.store.close()
  expect(await refusal(world.admin.create(maps, map('a')))).toBe('500 Internal error occurred: the store is closed')
})
