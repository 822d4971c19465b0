import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ListOptions } from '../../../machinery/call.ts'
import { isApiError } from '../../../machinery/status.ts'
import { at, CRDS, openWorld, refusal, widget, widgetCrd, WIDGETS, type World } from '../testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld({ controllers: false })
  await world.admin.create(at('namespaces'), { metadata: { name: 'team' } })
})
afterEach(() => world.close())

const maps = at('configmaps', 'team')
const make = (name: string, metadata = {}) => world.admin.create(maps, { metadata: { name, ...metadata } })

const about = (name: string) => ({ kind: 'Pod', namespace: 'team', name, uid: `uid-${name}` })

async function page(options: ListOptions, target = maps) {
  const result = await world.admin.call({ verb: 'list', target, options })
  if (result.type !== 'list') throw new Error('no list')
  return { ...result, names: result.documents.map(({ object }) => object.metadata.name) }
}

describe('selectors', () => {
  test('by label', async () => {
    await make('a', { labels: { app: 'x' } })
    await make('b', { labels: { app: 'y' } })
    await make('c')
    expect(await world.admin.list(maps, { labelSelector: 'app=x' })).toEqual(['a'])
    expect(await world.admin.list(maps, { labelSelector: 'app!=x' })).toEqual(['b', 'c'])
    expect(await world.admin.list(maps, { labelSelector: 'app in (x,y),app' })).toEqual(['a', 'b'])
    expect(await refusal(world.admin.list(maps, { labelSelector: 'a b' }))).toMatch(/^400 /)
  })

  test('by name and namespace, across namespaces', async () => {
    await make('a')
    await world.admin.create(at('configmaps', 'default'), { metadata: { name: 'a' } })
    const all = at('configmaps')
    expect(await world.admin.list(all, { fieldSelector: 'metadata.name=a' })).toEqual(['a', 'a'])
    expect(await world.admin.list(all, { fieldSelector: 'metadata.name=a,metadata.namespace!=default' })).toEqual(['a'])
    expect(await world.admin.list(maps, { fieldSelector: 'metadata.name=b' })).toEqual([])
  })

  test('by the fields that a kind offers, and by no other', async () => {
    const secrets = at('secrets', 'team')
    await world.admin.create(secrets, { metadata: { name: 'a' }, type: 'example.com/x' })
    await world.admin.create(secrets, { metadata: { name: 'b' } })
    expect(await world.admin.list(secrets, { fieldSelector: 'type=example.com/x' })).toEqual(['a'])
    expect(await world.admin.list(secrets, { fieldSelector: 'type!=example.com/x' })).toEqual(['b'])
    expect(await refusal(world.admin.list(maps, { fieldSelector: 'data=x' }))).toBe(
      '400 field label not supported: data',
    )
  })

  test('events by what they are about, in both groups', async () => {
    const events = at('events', 'team')
    for (const name of ['a', 'b']) {
      await world.admin.create(events, {
        metadata: { name },
        involvedObject: about(name),
        reason: `R${name}`,
        type: 'Normal',
      })
    }
    const describeQuery = 'involvedObject.name=a,involvedObject.kind=Pod,involvedObject.uid=uid-a'
    expect(await world.admin.list(events, { fieldSelector: describeQuery })).toEqual(['a'])
    const newer = at('events.k8s.io/v1/events', 'team')
    expect(await world.admin.list(newer, { fieldSelector: 'regarding.name=b,reason=Rb' })).toEqual(['b'])
    expect(await world.admin.get({ ...newer, name: 'a' })).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: { name: 'a' },
    })
  })

  test('custom resources by their selectable fields', async () => {
    await world.admin.create(at(CRDS), widgetCrd())
    await world.admin.create(at(WIDGETS, 'team'), widget('a', { color: 'blue' }))
    await world.admin.create(at(WIDGETS, 'team'), widget('b', { color: 'red' }))
    expect(await world.admin.list(at(WIDGETS), { fieldSelector: 'spec.color=blue' })).toEqual(['a'])
  })
})

describe('pages', () => {
  test('show the revision of the first, whatever is written between them', async () => {
    await Promise.all(Array.from({ length: 25 }, (_, i) => make(`m${String(i).padStart(2, '0')}`)))
    const first = await page({ limit: 10 })
    expect(first.names).toHaveLength(10)
    expect(first.remainingItemCount).toBe(15)
    await make('m05x')
    await make('m99')
    await world.admin.call({ verb: 'delete', target: { ...maps, name: 'm15' } })
    const second = await page({ limit: 10, continue: first.continue! })
    expect(second.resourceVersion).toBe(first.resourceVersion)
    expect(second.names).toContain('m15')
    const third = await page({ limit: 10, continue: second.continue! })
    expect(third.continue).toBeUndefined()
    expect(third.remainingItemCount).toBeUndefined()
    expect(third.names).toEqual(['m20', 'm21', 'm22', 'm23', 'm24'])
    expect([...first.names, ...second.names]).not.toContain('m05x')
  })

  test('with selectors have no count', async () => {
    for (const name of ['a', 'b', 'c']) await make(name, { labels: { x: 'y' } })
    const first = await page({ limit: 2, labelSelector: 'x=y' })
    expect(first.names).toEqual(['a', 'b'])
    expect(first.remainingItemCount).toBeUndefined()
    expect((await page({ limit: 2, labelSelector: 'x=y', continue: first.continue! })).names).toEqual(['c'])
  })

  test('of a selection that needs documents are full too', async () => {
    const events = at('events', 'team')
    for (let i = 0; i < 6; i++) {
      const involvedObject = { kind: 'Pod', namespace: 'team', name: 'p' }
      await world.admin.create(events, { metadata: { name: `e${i}` }, involvedObject, reason: i % 2 ? 'Odd' : 'Even' })
    }
    const first = await page({ limit: 2, fieldSelector: 'reason=Odd' }, events)
    expect(first.names).toEqual(['e1', 'e3'])
    const second = await page({ limit: 2, fieldSelector: 'reason=Odd', continue: first.continue! }, events)
    expect(second.names).toEqual(['e5'])
    expect(second.continue).toBeUndefined()
  })

  test('whose revision is compacted answer 410 with a token for the mixed rest', async () => {
    for (const name of ['a', 'b', 'c']) await make(name)
    const first = await page({ limit: 1 })
    await make('bb')
    await world.store.compact(world.store.revision)
    const error = await page({ limit: 1, continue: first.continue! }).catch((error: unknown) => error)
    if (!isApiError(error, 'Expired')) throw error
    expect(error.code).toBe(410)
    const rest = await page({ continue: error.continue! })
    expect(rest.names).toEqual(['b', 'bb', 'c'])
    expect(rest.resourceVersion).toBe(String(world.store.revision))
  })

  test('follow tokens in the form of upstream', async () => {
    for (const name of ['a', 'b']) await make(name)
    const { continue: token, resourceVersion } = await page({ limit: 1 }, at('configmaps', 'team'))
    expect(JSON.parse(Buffer.from(token!, 'base64url').toString())).toEqual({
      v: 'meta.k8s.io/v1',
      rv: Number(resourceVersion),
      start: 'a\u0000',
    })
    expect(await refusal(page({ continue: 'rubbish' }))).toMatch(/^400 continue key is not valid/)
  })
})

describe('revisions', () => {
  test("the revision of a list is the store's, also of an empty one", async () => {
    expect((await page({}, at('secrets', 'team'))).resourceVersion).toBe(String(world.store.revision))
    expect((await page({ resourceVersion: '0' })).resourceVersion).toBe(String(world.store.revision))
  })

  test('Exact shows the past, NotOlderThan the present', async () => {
    const { metadata } = await make('a')
    await make('b')
    const { resourceVersion } = metadata
    expect((await page({ resourceVersion, resourceVersionMatch: 'Exact' })).names).toEqual(['a'])
    expect((await page({ resourceVersion, resourceVersionMatch: 'NotOlderThan' })).names).toEqual(['a', 'b'])
    expect((await page({ resourceVersion })).names).toEqual(['a', 'b'])
    expect((await page({ resourceVersion, limit: 5 })).names).toEqual(['a'])
    await world.store.compact(world.store.revision)
    expect(await refusal(page({ resourceVersion, resourceVersionMatch: 'Exact' }))).toBe(
      '410 The resourceVersion for the provided list is too old.',
    )
  })

  test('a future one is waited for, then refused', async () => {
    const next = String(world.store.revision + 1)
    const waiting = page({ resourceVersion: next })
    await make('a')
    expect((await waiting).names).toContain('a')
    const far = page({ resourceVersion: '999999' }).catch((error: unknown) => error)
    await world.clock.advance(3000)
    expect(await far).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: `Timeout: Too large resource version: 999999, current: ${world.store.revision}`,
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
    })
  })

  test.each<[ListOptions, string]>([
    [{ resourceVersion: 'x' }, '400 Invalid resource version: "x"'],
    [
      { resourceVersionMatch: 'Exact' },
      '422 ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ],
    [
      { resourceVersionMatch: 'Exact', resourceVersion: '0' },
      '422 ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    [
      { resourceVersionMatch: 'Nearly', resourceVersion: '1' },
      '422 ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "Nearly": supported values: "Exact", "NotOlderThan", ""',
    ],
  ])('%o is refused', async (options, text) => {
    expect(await refusal(page(options))).toBe(text)
  })
})
