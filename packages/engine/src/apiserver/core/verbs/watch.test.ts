import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { at, CRDS, openWorld, refusal, widget, widgetCrd, WIDGETS, type World } from '../testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld({ controllers: false })
})
afterEach(() => world.close())

const maps = at('configmaps', 'default')
const make = (name: string, metadata = {}) => world.admin.create(maps, { metadata: { name, ...metadata } })
const label = (name: string, labels: object) => world.admin.patch({ ...maps, name }, { metadata: { labels } } as never)

describe('from a revision', () => {
  test('everything later is told once, in order, from replay to live', async () => {
    const { metadata } = await make('a')
    const writes = Array.from({ length: 50 }, (_, i) =>
      world.admin.patch({ ...maps, name: 'a' }, { data: { k: `${i}` } }),
    )
    await Promise.all(writes)
    const watching = await world.admin.watch(maps, { resourceVersion: metadata.resourceVersion })
    for (let i = 50; i < 100; i++) await world.admin.patch({ ...maps, name: 'a' }, { data: { k: `${i}` } })
    const first = Number(metadata.resourceVersion)
    expect(await watching.atLeast(100)).toEqual(Array.from({ length: 100 }, (_, i) => `MODIFIED a ${first + 1 + i}`))
  })

  test('one that breaks off and resumes misses and repeats nothing', async () => {
    const { metadata } = await make('a')
    const first = await world.admin.watch(maps, { resourceVersion: metadata.resourceVersion })
    await make('b')
    const [event] = await first.atLeast(1)
    first.watch.stop()
    for (let i = 0; i < 100; i++) await make(`c${i}`)
    const second = await world.admin.watch(maps, { resourceVersion: event!.split(' ')[2]! })
    expect(new Set(await second.atLeast(100)).size).toBe(100)
    expect(second.events).toHaveLength(100)
    expect(first.events).toHaveLength(1)
  })

  test('a compacted one is 410', async () => {
    await make('a')
    await make('b')
    await world.store.compact(world.store.revision)
    expect(await refusal(world.admin.watch(maps, { resourceVersion: '2' }))).toBe(
      `410 too old resource version: 2 (${world.store.compacted})`,
    )
  })

  test('of the future delivers nothing before it', async () => {
    const watching = await world.admin.watch(maps, { resourceVersion: String(world.store.revision + 1) })
    await make('a')
    await make('b')
    expect(await watching.atLeast(1)).toEqual([`ADDED b ${world.store.revision}`])
  })
})

describe('without a revision, or from 0', () => {
  test.each([undefined, '', '0'])('%o starts with what is there', async (resourceVersion) => {
    await make('a')
    await make('b')
    const watching = await world.admin.watch(maps, resourceVersion === undefined ? {} : { resourceVersion })
    await make('c')
    const events = await watching.atLeast(3)
    expect(brief(events)).toEqual(['ADDED a', 'ADDED b', 'ADDED c'])
  })
})

/** `ADDED a`, without the revision. */
const brief = (events: readonly string[]) => events.map((event) => event.split(' ').slice(0, 2).join(' '))

describe('with initial events asked for', () => {
  const INITIAL = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } as const
  const FULL = { ...INITIAL, allowWatchBookmarks: true }

  test.each([undefined, '0', '1'])('from %o: all that is there, the mark, then what comes', async (resourceVersion) => {
    await make('b')
    await make('a')
    const watching = await world.admin.watch(maps, {
      ...FULL,
      ...(resourceVersion !== undefined && { resourceVersion }),
    })
    const at = world.store.revision
    await make('c')
    expect(brief(await watching.atLeast(4))).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK undefined', 'ADDED c'])
    expect(watching.events[2]).toBe(`BOOKMARK undefined ${at}`)
  })

  test('an empty collection is a mark at once', async () => {
    const watching = await world.admin.watch(maps, FULL)
    expect(await watching.atLeast(1)).toEqual([`BOOKMARK undefined ${world.store.revision}`])
  })

  test('the mark is for those who take bookmarks', async () => {
    await make('a')
    const watching = await world.admin.watch(maps, INITIAL)
    await make('b')
    expect(brief(await watching.atLeast(2))).toEqual(['ADDED a', 'ADDED b'])
  })

  test('only what the selector shows', async () => {
    await make('a', { labels: { app: 'x' } })
    await make('b')
    const watching = await world.admin.watch(maps, { ...FULL, labelSelector: 'app=x' })
    expect(brief(await watching.atLeast(2))).toEqual(['ADDED a', 'BOOKMARK undefined'])
  })

  test('not older than what is still to come, they wait for it, and not for ever', async () => {
    const resourceVersion = String(world.store.revision + 1)
    const waiting = world.admin.watch(maps, { ...FULL, resourceVersion })
    await make('a')
    expect(brief(await (await waiting).atLeast(2))).toEqual(['ADDED a', 'BOOKMARK undefined'])
    const never = refusal(world.admin.watch(maps, { ...FULL, resourceVersion: '99999' }))
    await world.clock.advance(3000)
    expect(await never).toMatch(/^504 Timeout: Too large resource version: 99999/)
  })

  test('refused, there are none, also without a revision', async () => {
    await make('a')
    const watching = await world.admin.watch(maps, { ...FULL, sendInitialEvents: false })
    await make('b')
    expect(brief(await watching.atLeast(1))).toEqual(['ADDED b'])
  })

  test.each([
    [{ sendInitialEvents: true }, /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/],
    [{ sendInitialEvents: false }, /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/],
    [{ resourceVersionMatch: 'NotOlderThan' }, /forbidden for watch unless sendInitialEvents is provided/],
    [{ ...INITIAL, resourceVersionMatch: 'Exact' }, /Unsupported value: "Exact": supported values: "NotOlderThan"/],
  ])('%o is 422', async (options, why) => {
    const said = await refusal(world.admin.watch(maps, options))
    expect(said).toMatch(/^422 ListOptions.meta.k8s.io "" is invalid: /)
    expect(said).toMatch(why)
  })
})

describe('with a selector', () => {
  test('an object that leaves is told as deleted: its old state, the new revision', async () => {
    await make('a', { labels: { app: 'x' } })
    const told: unknown[] = []
    await world.api.watch(
      { name: 'admin', groups: ['system:masters'] },
      maps,
      { labelSelector: 'app=x' },
      {
        events: (events) => told.push(...events.map(({ type, document }) => [type, document.object.metadata])),
        end: () => undefined,
      },
    )
    await label('a', { app: 'y' })
    await label('a', { more: 'z' })
    await label('a', { app: 'x' })
    await world.admin.call({ verb: 'delete', target: { ...maps, name: 'a' } })
    await new Promise((resolve) => setImmediate(resolve))
    const at = (back: number) => String(world.store.revision - back)
    expect(told).toMatchObject([
      ['ADDED', { labels: { app: 'x' }, resourceVersion: at(4) }],
      ['DELETED', { labels: { app: 'x' }, resourceVersion: at(3) }],
      ['ADDED', { labels: { app: 'x', more: 'z' }, resourceVersion: at(1) }],
      ['DELETED', { labels: { app: 'x', more: 'z' }, resourceVersion: at(0) }],
    ])
  })

  test('on a name, only that object', async () => {
    const watching = await world.admin.watch(maps, { fieldSelector: 'metadata.name=b' })
    await make('a')
    await make('b')
    expect(await watching.atLeast(1)).toEqual([`ADDED b ${world.store.revision}`])
  })

  test('in the target, the same', async () => {
    const watching = await world.admin.watch({ ...maps, name: 'b' })
    await make('a')
    await make('b')
    expect(await watching.atLeast(1)).toEqual([`ADDED b ${world.store.revision}`])
  })

  test('on a field that only documents know', async () => {
    await world.admin.create(at(CRDS), widgetCrd())
    const widgets = at(WIDGETS, 'default')
    const watching = await world.admin.watch(widgets, { fieldSelector: 'spec.color=red' })
    await world.admin.create(widgets, widget('w', { color: 'blue' }))
    await world.admin.patch({ ...widgets, name: 'w' }, { spec: { color: 'red' } })
    await world.admin.patch({ ...widgets, name: 'w' }, { spec: { color: 'green' } })
    expect(await watching.atLeast(2)).toEqual([
      `ADDED w ${world.store.revision - 1}`,
      `DELETED w ${world.store.revision}`,
    ])
  })
})

describe('bookmarks', () => {
  test('claim no more than was delivered', async () => {
    const { metadata } = await make('a')
    await make('b')
    const watching = await world.admin.watch(maps, { resourceVersion: metadata.resourceVersion })
    expect(watching.watch.revision()).toBe(metadata.resourceVersion)
    await watching.atLeast(1)
    expect(watching.watch.revision()).toBe(String(world.store.revision))
    await world.admin.create(at('secrets', 'default'), { metadata: { name: 's' } })
    expect(watching.watch.revision()).toBe(String(world.store.revision))
  })
})

describe('the end', () => {
  test('comes when the API closes', async () => {
    const watching = await world.admin.watch(maps)
    await world.api.close()
    expect(await watching.ended).toBeUndefined()
  })

  test('comes when the CRD goes, after the last events', async () => {
    const crd = at(CRDS, undefined, 'widgets.example.com')
    await world.admin.create(at(CRDS), widgetCrd())
    const widgets = at(WIDGETS, 'default')
    await world.admin.create(widgets, widget('w'))
    const watching = await world.admin.watch(widgets)
    await watching.atLeast(1)
    await world.admin.call({ verb: 'delete', target: crd })
    expect(await watching.ended).toBeUndefined()
    expect(watching.events.map((event) => event.split(' ')[0])).toEqual(['ADDED', 'DELETED'])
  })
})

test('a watch across namespaces tells of all', async () => {
  const watching = await world.admin.watch(at('configmaps'))
  await make('a')
  await world.admin.create(at('configmaps', 'kube-system'), { metadata: { name: 'b' } })
  expect(await watching.atLeast(2)).toHaveLength(2)
})
