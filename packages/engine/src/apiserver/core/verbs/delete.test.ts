import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { at, openWorld, refusal, type World } from '../testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

const maps = at('configmaps', 'default')
const named = (name: string) => at('configmaps', 'default', name)
const deletion = (name: string, options = {}) => ({ verb: 'delete', target: named(name), options }) as const
const make = (name: string, metadata = {}) => world.admin.create(maps, { metadata: { name, ...metadata } })

describe('without finalizers', () => {
  test('the object is gone and the answer names it', async () => {
    const { metadata } = await make('a')
    const watching = await world.admin.watch(maps, { resourceVersion: metadata.resourceVersion })
    expect(await world.admin.call(deletion('a'))).toEqual({
      type: 'status',
      status: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: 'a', kind: 'configmaps', uid: metadata.uid },
      },
    })
    expect(await refusal(world.admin.get(named('a')))).toBe('404 configmaps "a" not found')
    expect(await refusal(world.admin.call(deletion('a')))).toBe('404 configmaps "a" not found')
    expect(await watching.atLeast(1)).toEqual([`DELETED a ${world.store.revision}`])
  })

  test('a new object of the name has another uid', async () => {
    const first = await make('a')
    await world.admin.call(deletion('a'))
    expect((await make('a')).metadata.uid).not.toBe(first.metadata.uid)
  })

  test('some kinds answer with the object', async () => {
    await world.admin.create(at('serviceaccounts', 'default'), { metadata: { name: 's' } })
    const result = await world.admin.call({ verb: 'delete', target: at('serviceaccounts', 'default', 's') })
    expect(result).toMatchObject({ type: 'object', code: 200 })
  })

  test('a dry run deletes nothing', async () => {
    await make('a')
    expect(await world.admin.call(deletion('a', { dryRun: true }))).toMatchObject({ status: { status: 'Success' } })
    await world.admin.get(named('a'))
  })

  test('preconditions are kept', async () => {
    const { metadata } = await make('a')
    expect(await refusal(world.admin.call(deletion('a', { preconditions: { uid: 'u' } })))).toBe(
      `409 Operation cannot be fulfilled on configmaps "a": the UID in the precondition (u) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
    expect(await refusal(world.admin.call(deletion('a', { preconditions: { resourceVersion: '1' } })))).toMatch(/^409 /)
    await world.admin.call(
      deletion('a', { preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion } }),
    )
  })
})

describe('with finalizers', () => {
  test('the object is marked, stays, and a second deletion changes nothing', async () => {
    const made = await make('a', { finalizers: ['example.com/x'] })
    await world.clock.advance(5000)
    const marked = await world.admin.one(deletion('a'))
    expect(marked.metadata).toEqual({
      ...made.metadata,
      deletionTimestamp: '2026-01-01T00:00:05Z',
      deletionGracePeriodSeconds: 0,
      resourceVersion: String(world.store.revision),
    })
    await world.clock.advance(5000)
    expect(await world.admin.one(deletion('a'))).toEqual(marked)
    expect(await refusal(make('a'))).toBe('409 object is being deleted: configmaps "a" already exists')
  })

  test('generation grows by one where it is counted', async () => {
    const policies = at('policy/v1/poddisruptionbudgets', 'default')
    await world.admin.create(policies, { metadata: { name: 'p', finalizers: ['example.com/x'] }, spec: {} })
    const marked = await world.admin.one({ verb: 'delete', target: { ...policies, name: 'p' } })
    expect(marked.metadata['generation']).toBe(2)
  })

  test('no finalizer can be added any more', async () => {
    await make('a', { finalizers: ['example.com/x'] })
    await world.admin.call(deletion('a'))
    expect(
      await refusal(world.admin.patch(named('a'), { metadata: { finalizers: ['example.com/x', 'example.com/y'] } })),
    ).toBe(
      '422 ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/y"}',
    )
    await world.admin.patch(named('a'), { data: { still: 'editable' } })
  })

  const removals: Record<string, () => Promise<unknown>> = {
    'a merge patch': () => world.admin.patch(named('a'), { metadata: { finalizers: null } }),
    'a JSON patch': () => world.admin.patch(named('a'), [{ op: 'remove', path: '/metadata/finalizers' }]),
    'a strategic patch': () =>
      world.admin.one({
        verb: 'patch',
        target: named('a'),
        patchType: 'application/strategic-merge-patch+json',
        body: { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/x'] } },
      }),
    'a PUT': () => world.admin.update(named('a'), { metadata: { name: 'a' } }),
  }
  test.each(Object.keys(removals))(
    '%s that removes the last one deletes the object, and watchers are told only that',
    async (by) => {
      await make('a', { finalizers: ['example.com/x'] })
      const marked = await world.admin.one(deletion('a'))
      const watching = await world.admin.watch(maps, { resourceVersion: marked.metadata.resourceVersion })
      await removals[by]!()
      expect(await refusal(world.admin.get(named('a')))).toBe('404 configmaps "a" not found')
      expect(await watching.atLeast(1)).toEqual([`DELETED a ${world.store.revision}`])
    },
  )

  test('the status subresource removes none', async () => {
    const policies = at('policy/v1/poddisruptionbudgets', 'default')
    await world.admin.create(policies, { metadata: { name: 'p', finalizers: ['example.com/x'] }, spec: {} })
    await world.admin.one({ verb: 'delete', target: { ...policies, name: 'p' } })
    await world.admin.patch({ ...policies, name: 'p', subresource: 'status' }, { metadata: { finalizers: null } })
    expect((await world.admin.get({ ...policies, name: 'p' })).metadata['finalizers']).toEqual(['example.com/x'])
  })
})

describe('deletion of a collection', () => {
  test('takes what the selectors name and answers with it', async () => {
    for (const name of ['a', 'b', 'c']) await make(name, { labels: { half: name === 'c' ? 'second' : 'first' } })
    const call = { verb: 'deletecollection', target: maps, options: { labelSelector: 'half=first' } } as const
    expect(await world.admin.names(call)).toEqual(['a', 'b'])
    expect(await world.admin.list(maps)).toEqual(['c'])
  })

  test('marks what has finalizers', async () => {
    await make('a', { finalizers: ['example.com/x'] })
    await world.admin.call({ verb: 'deletecollection', target: maps })
    expect((await world.admin.get(named('a'))).metadata['deletionTimestamp']).toBeDefined()
  })

  test('is not possible across namespaces', async () => {
    expect(await refusal(world.admin.call({ verb: 'deletecollection', target: at('configmaps') }))).toMatch(/^404 /)
  })
})
