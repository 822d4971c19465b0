/** Between two owners: wiped, seen to be wiped, and only then free. */
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { classKind } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { USED_ANNOTATION } from '../../model/names.ts'
import { isFree } from '../../model/reclaim.ts'
import type { TestHub } from '../testing/hub.ts'
import { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

const HOME = 'larder-instances'
let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub())
})

afterEach(() => hub.stop())

const instances = () => hub.admin.of(instanceKind)
const get = () => instances().get('mine', HOME)
const patch = (body: object) => instances().patch('mine', body, { namespace: HOME })

const make = (metadata: Partial<Instance['metadata']> = {}) =>
  instances().create({
    metadata: { name: 'mine', namespace: HOME, ...metadata },
    spec: { backendRef: { name: 'shelf' }, type: 'jar', reclaimPolicy: 'Recycle', externalID: 'jar-1' },
  })

const free = () =>
  hub.until('the instance to be free', async () => {
    const instance = await get()
    return isFree(instance) ? instance : undefined
  })

/** As the last owner left it. */
async function used(): Promise<void> {
  await make()
  await free()
  const service = shelf.services.get('jar-1')!
  service.data.add('a letter')
  service.credentials.set('c-1', { role: undefined, password: 'of the last owner' })
}

const release = () => patch({ metadata: { annotations: { [USED_ANNOTATION]: 'uid-of-the-last-owner' } } })

describe('an instance that is to be recycled', () => {
  test('is wiped when its claim has gone, the steps say so, and it is free', async () => {
    await used()
    await patch({ metadata: { annotations: { [USED_ANNOTATION]: 'a' } } })
    const { status } = await free()
    expect(shelf.services.get('jar-1')!.data.size).toBe(0)
    expect(shelf.accepts('of the last owner')).toBe(false)
    expect(status?.steps?.map((s) => [s.name, s.outcome])).toEqual([
      ['create', 'Done'],
      ['wipe', 'Done'],
    ])
    expect(shelf.created.get('jar-1')).toBe(1)
  })

  test('that nobody held yet is never wiped', async () => {
    await used()
    await patch({ metadata: { labels: { news: 'yes' } } })
    shelf.changed('jar-1')
    await free()
    expect(shelf.count('wipe')).toBe(0)
  })

  test('is not free while credentials are left or the backend is away', async () => {
    await used()
    let away = true
    shelf.fail = (verb) => (away && verb === 'wipe' ? new Error('away') : undefined)
    await release()
    const waiting = await hub.until('the failure to be told', async () => {
      const instance = await get()
      return instance.status?.cause?.reason === 'DriverFailed' ? instance : undefined
    })
    expect(findCondition(waiting.status?.conditions, 'Provisioned')).toMatchObject({
      status: 'False',
      reason: 'Recycling',
    })
    away = false
    // Says that it has wiped, and still lets the last owner in.
    shelf.seen = (want) => (want.id === 'jar-1' ? { phase: 'ready', drift: [], bindings: ['c-1'] } : undefined)
    await hub.until('a wipe that left something', async () =>
      (await get()).status?.cause?.message.includes('credentials are left') ? true : undefined,
    )
    expect(isFree(await get())).toBe(false)
    shelf.seen = undefined
    await free()
  })

  test.each([1, 2, 3].flatMap((write) => [[write, 'before'] as const, [write, 'after'] as const]))(
    'heals when the hub is killed at write %i, %s it',
    async (write, when) => {
      await used()
      hub.cut.dieAt(hub.cut.writes.length + write, when)
      await release()
      await hub.until('the death of the hub, or a free instance', async () =>
        hub.cut.dead || isFree(await get()) ? true : undefined,
      )
      if (hub.cut.dead) {
        await hub.kill()
        await hub.start()
      }
      await free()
      expect(shelf.services.get('jar-1')!.data.size).toBe(0)
      expect(shelf.accepts('of the last owner')).toBe(false)
    },
  )
})

describe('a driver that cannot wipe', () => {
  beforeEach(async () => {
    await hub.stop()
    shelf = new Shelf()
    shelf.canWipe = false
    ;({ hub } = await shelfHub({}, { shelf }))
  })

  test('has no class that recycles', async () => {
    await hub.service('jars', { reclaimPolicy: 'Recycle' })
    expect(await hub.cause(classKind, 'jars')).toMatchObject({
      reason: 'WipeNotSupported',
      message: 'spec.reclaimPolicy: driver shelf cannot wipe what it made',
      heals: false,
    })
  })

  test('gives no used instance to another claim', async () => {
    await used()
    await release()
    const cause = await hub.until('a cause', async () => (await get()).status?.cause)
    expect(cause).toMatchObject({ reason: 'WipeNotSupported', actor: 'platform' })
    expect(isFree(await get())).toBe(false)
    expect(shelf.services.get('jar-1')!.data.size).toBe(1)
  })
})

test('what claims share is not recycled between them', async () => {
  await hub.service('jars', { reclaimPolicy: 'Recycle', sharing: 'Shared' })
  const cause = await hub.cause(classKind, 'jars')
  expect(['RecipeInvalid', 'NotSupportedYet']).toContain(cause.reason)
})

test('two hubs wipe once for each release, and never what the next owner has', async () => {
  const end = await hub.startAnother()
  await used()
  await release()
  await free()
  // The next owner, as a claim takes it: hold and mark with one write.
  const { resourceVersion } = (await get()).metadata
  const claimRef = { namespace: 'shop', name: 'next', uid: 'next' }
  await patch({ metadata: { resourceVersion, annotations: { [USED_ANNOTATION]: 'next' } }, spec: { claimRef } })
  shelf.services.get('jar-1')!.data.add('of the next owner')
  for (let i = 0; i < 5; i++) {
    shelf.changed('jar-1')
    await patch({ metadata: { labels: { turn: String(i) } } })
  }
  await hub.until('both to have looked', async () => {
    const { metadata, status } = await get()
    return status?.observedGeneration === metadata.generation && status?.claims === 1 ? true : undefined
  })
  expect([...shelf.services.get('jar-1')!.data]).toEqual(['of the next owner'])
  await patch({ spec: { claimRef: null } })
  await free()
  expect(shelf.services.get('jar-1')!.data.size).toBe(0)
  await end()
})
