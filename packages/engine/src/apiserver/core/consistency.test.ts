/** A crowd of writers against caches that are fed by watches: at rest every cache equals the list, whatever came in between. */
import { expect, test } from 'vitest'
import { ADMIN, at, eventually, openWorld, type World } from './testing/world.ts'

const maps = at('configmaps', 'default')

/** Numbers that look random and are the same in every run (Mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides
  }
}

interface Cache {
  readonly labelSelector: string
  readonly objects: Map<string, string>
  readonly faults: string[]
  /** Where to go on: what a bookmark would have said when the watch broke. */
  revision: string
  stop(): void
}

/** Follows from the cache's revision, and notes what no informer could make sense of. */
async function follow(world: World, cache: Cache): Promise<void> {
  const options = {
    labelSelector: cache.labelSelector,
    ...(cache.revision !== '' && { resourceVersion: cache.revision }),
  }
  const watch = await world.api.watch(ADMIN, maps, options, {
    events: (events) => {
      for (const { type, document } of events) {
        const { name, resourceVersion = '' } = document.object.metadata
        const known = cache.objects.has(name)
        if (known === (type === 'ADDED')) cache.faults.push(`${type} ${name} ${resourceVersion}`)
        if (Number(resourceVersion) <= Number(cache.objects.get(name) ?? 0)) cache.faults.push(`back: ${name}`)
        if (type === 'DELETED') cache.objects.delete(name)
        else cache.objects.set(name, resourceVersion)
      }
    },
    end: () => undefined,
  })
  cache.stop = () => {
    cache.revision = watch.revision()
    watch.stop()
  }
}

async function write(world: World, roll: (sides: number) => number): Promise<void> {
  const name = `m${roll(12)}`
  const labels = { app: ['x', 'y', 'z'][roll(3)]! }
  const target = { ...maps, name }
  const { admin } = world
  const actions = [
    () => admin.create(maps, { metadata: { name, labels } }),
    () => admin.patch(target, { metadata: { labels } }),
    () => admin.patch(target, { metadata: { finalizers: ['example.com/x'] } }),
    () => admin.patch(target, { metadata: { finalizers: null } }),
    () => admin.update(target, { metadata: { name, labels }, data: { k: String(roll(3)) } }),
    () => admin.call({ verb: 'delete', target }),
    () => admin.call({ verb: 'deletecollection', target: maps, options: { labelSelector: 'app=z' } }),
  ]
  // Refusals (404, 409, 422) are part of the crowd's life.
  await actions[roll(actions.length)]!().catch(() => undefined)
}

test.each([1, 2, 3])('seed %i', async (seed) => {
  const roll = dice(seed)
  const world = await openWorld({ controllers: false })
  const caches: Cache[] = ['', 'app=x', 'app!=x', 'app in (y,z)'].map((labelSelector) => ({
    labelSelector,
    objects: new Map(),
    faults: [],
    revision: '',
    stop: () => undefined,
  }))
  for (const cache of caches) await follow(world, cache)
  for (let round = 0; round < 80; round++) {
    await Promise.all(Array.from({ length: 25 }, () => write(world, roll)))
    const broken = caches[roll(caches.length)]!
    await new Promise((resolve) => setImmediate(resolve))
    broken.stop()
    await follow(world, broken)
  }
  for (const cache of caches) {
    const result = await world.admin.call({
      verb: 'list',
      target: maps,
      options: { labelSelector: cache.labelSelector },
    })
    if (result.type !== 'list') throw new Error('no list')
    const listed = result.documents.map(({ object: { metadata } }) =>
      [metadata.name, metadata.resourceVersion].join(' '),
    )
    await eventually(
      () =>
        [...cache.objects]
          .map((one) => one.join(' '))
          .sort()
          .join() === listed.sort().join(),
    )
    expect(cache.faults).toEqual([])
  }
  expect(world.store.revision).toBeGreaterThan(400)
  await world.close()
})
