/** What every store keeps, rule by rule (S1 to S6 of store.ts); S7 to S9 are about disks: libsql/*.test.ts. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Compacted, RevisionConflict, StorageFailed, type Entry, type Store, type StoreEvent } from '../store.ts'
import { describeAgainstModel } from './model.ts'
import { contentOf, deleteOf, put, putOf, remove, sample } from './objects.ts'

export interface OpenedStore {
  store: Store
  /** Closes and opens again; undefined where nothing outlives the process. */
  readonly reopen: (() => Promise<Store>) | undefined
  readonly dispose: () => Promise<void>
}

export interface ContractOptions {
  readonly open: (options?: { historyLimit?: number }) => Promise<OpenedStore>
  /** Of the property test. */
  readonly runs: number
}

const keysOf = (entries: readonly Entry[]) => entries.map(({ key }) => key)
const brief = ({ type, key, revision, previous }: StoreEvent) =>
  `${type} ${key} ${revision} ${previous?.revision ?? '-'}`

export function storeContract(name: string, { open, runs }: ContractOptions): void {
  describe(`${name} keeps the contract of a store`, () => {
    let opened: OpenedStore
    let store: Store
    beforeEach(async () => {
      opened = await open()
      store = opened.store
    })
    afterEach(() => opened.dispose())

    const described: [string, (get: () => Store) => void][] = [
      ['S1 revisions', describeRevisions],
      ['S2 visibility', describeVisibility],
      ['S3 conflicts', describeConflicts],
      ['S4 reads', describeReads],
      ['S5 watches', describeWatches],
      ['S6 compaction', describeCompaction],
    ]
    for (const [rule, tests] of described) describe(rule, () => tests(() => store))

    test('S6 a history beyond its limit compacts itself, and writes go on meanwhile', async () => {
      const small = await open({ historyLimit: 100 })
      try {
        for (let round = 0; round < 40; round++) {
          await Promise.all(Array.from({ length: 50 }, (_, i) => put(small.store, `//secrets/a/n${i}`, `${round}`)))
        }
        await expect.poll(() => small.store.compacted).toBeGreaterThan(small.store.revision - 100 - 500)
        expect(small.store.compacted).toBeLessThanOrEqual(small.store.revision - 100)
        expect(small.store.list({ prefix: '//secrets/' }).entries.map((entry) => contentOf(entry).data)).toEqual(
          Array.from({ length: 50 }, () => '39'),
        )
        expect(() => small.store.get('//secrets/a/n1', small.store.compacted - 1)).toThrow(Compacted)
      } finally {
        await small.dispose()
      }
    })

    test('a closed store refuses writes and has kept those on their way', async () => {
      const writes = [put(store, '//secrets/a/x'), put(store, '//secrets/a/y')]
      const closed = store.close()
      await expect(put(store, '//secrets/a/z')).rejects.toThrow(StorageFailed)
      await closed
      expect((await Promise.all(writes)).map(({ revision }) => revision)).toEqual([2, 3])
    })
  })

  describeAgainstModel(name, { open, runs })
}

function describeRevisions(get: () => Store): void {
  test('an empty store is at 1', () => {
    expect(get()).toMatchObject({ revision: 1, compacted: 1 })
    expect(get().list({ prefix: '//secrets/' })).toEqual({ revision: 1, entries: [], remaining: 0 })
  })

  test('one counter numbers the writes of all keys, and the document carries its number', async () => {
    const store = get()
    const a = await put(store, '//secrets/a/x')
    const b = await put(store, '/apps/deployments/a/x')
    const gone = await remove(store, '//secrets/a/x')
    expect([a, b, gone].map(({ revision }) => revision)).toEqual([2, 3, 4])
    expect([a, b, gone].map((entry) => contentOf(entry).revision)).toEqual([2, 3, 4])
    expect(store.revision).toBe(4)
  })

  test('a write whose document cannot be made fails alone and takes no revision', async () => {
    const store = get()
    const bad = store.write({
      ...putOf('//secrets/a/x', 0),
      document: () => {
        throw new Error('no such document')
      },
    })
    const good = put(store, '//secrets/a/y')
    await expect(bad).rejects.toThrow('no such document')
    expect((await good).revision).toBe(2)
  })
}

function describeVisibility(get: () => Store): void {
  test('until it is durable, a write is seen by no reader and no watcher', async () => {
    const store = get()
    const seen: string[] = []
    store.watch({ prefix: '//secrets/', after: 1 }, (events) => seen.push(...events.map(({ key }) => key)))
    const writing = put(store, '//secrets/a/x', 'x', { uid: 'u', owners: ['owner'] })
    expect(store.get('//secrets/a/x')).toBeUndefined()
    expect(store.list({ prefix: '//secrets/' }).entries).toEqual([])
    expect([store.revision, store.count('//secrets/'), store.owned('owner'), seen]).toEqual([1, 0, [], []])
    await writing
    expect(store.get('//secrets/a/x')?.revision).toBe(2)
    expect([store.revision, store.count('//secrets/'), store.owned('owner'), seen]).toEqual([
      2,
      1,
      ['//secrets/a/x'],
      ['//secrets/a/x'],
    ])
  })
}

function describeConflicts(get: () => Store): void {
  const key = '//secrets/a/x'

  test('of many writes that expect the same revision, one wins', async () => {
    const store = get()
    const { revision } = await put(store, key)
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => store.write(putOf(key, revision, `${i}`))),
    )
    const won = results.filter((result) => result.status === 'fulfilled')
    const lost = results
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => reason as RevisionConflict)
    expect(won).toHaveLength(1)
    expect(new Set(lost.map((error) => `${error.name} ${error.key} ${error.actual}`))).toEqual(
      new Set([`RevisionConflict ${key} ${store.get(key)!.revision}`]),
    )
  })

  test('of many creations of one key, one wins', async () => {
    const store = get()
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => store.write(putOf(key, 0))))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
  })

  test('a conflict tells what is durable, so that the loser finds it when it reads again', async () => {
    const store = get()
    const { revision } = await put(store, key)
    const winner = store.write(putOf(key, revision))
    const loser = store.write(putOf(key, revision))
    const conflict = await loser.catch((error: unknown) => error as RevisionConflict)
    expect(conflict).toMatchObject({ name: 'RevisionConflict', key, actual: (await winner).revision })
    expect(store.get(key)?.revision).toBe((conflict as RevisionConflict).actual)
  })

  test.each([
    ['put that expects absence', putOf(key, 0), 2],
    ['put that expects an old revision', putOf(key, 1), 2],
    ['delete that expects an old revision', deleteOf(key, 1), 2],
    ['put of an absent key that expects presence', putOf('//secrets/a/absent', 2), 0],
    ['delete of an absent key', deleteOf('//secrets/a/absent', 0), 0],
  ])('a %s conflicts and changes nothing', async (_, write, actual) => {
    const store = get()
    await put(store, key)
    await expect(store.write(write)).rejects.toEqual(new RevisionConflict(write.key, actual))
    expect(store.revision).toBe(2)
  })

  test('a write may be decided on top of one that is still on its way', async () => {
    const store = get()
    await put(store, key, 'first')
    const writes = [
      store.write(deleteOf(key, 2)),
      store.write(putOf(key, 0, 'second')),
      store.write(putOf(key, 4, 'third')),
    ]
    expect((await Promise.all(writes)).map(({ revision }) => revision)).toEqual([3, 4, 5])
    expect(contentOf(store.get(key)!)).toEqual({ key, revision: 5, data: 'third' })
  })
}

const uid = (i: number) => `b02daf6b-8976-4c15-b33c-328b30f1${String(i).padStart(4, '0')}`

function describeReads(get: () => Store): void {
  test('a list is in order of its keys, whatever the order of writes', async () => {
    const store = get()
    for (const name of ['b/2', 'a/1', 'a-b/3', 'b/10', 'a/0']) await put(store, `//secrets/${name}`)
    await put(store, '//secretsother/a/1')
    expect(keysOf(store.list({ prefix: '//secrets/' }).entries)).toEqual(
      ['a-b/3', 'a/0', 'a/1', 'b/10', 'b/2'].map((name) => `//secrets/${name}`),
    )
    expect(keysOf(store.list({ prefix: '//secrets/b/' }).entries)).toEqual(['//secrets/b/10', '//secrets/b/2'])
    expect([store.count('//secrets/'), store.count('//secrets/a/'), store.count('/')]).toEqual([5, 2, 6])
  })

  test('what is selected by a value that all of it mentions is all that has the value, however common that became', async () => {
    const store = get()
    for (let i = 0; i < 40; i++) {
      const index = { uid: uid(i), labels: { team: i % 3 === 0 ? 'shop' : 'other' }, fields: { about: uid(i >> 1) } }
      await put(store, `//secrets/a/n${i}`, 'x', index)
    }
    const shop = store.list({
      prefix: '//secrets/',
      mentions: 'shop',
      limit: 10,
      match: (_, { labels }) => labels?.['team'] === 'shop',
    })
    expect([shop.entries.length, shop.remaining]).toEqual([10, 4])
    const about = store.list({
      prefix: '//secrets/a/',
      mentions: uid(7),
      match: (_, { fields }) => fields?.['about'] === uid(7),
    })
    expect(keysOf(about.entries)).toEqual(['//secrets/a/n14', '//secrets/a/n15'])
    const named = store.list({ prefix: '//secrets/', mentions: 'n14', match: (key) => key.endsWith('/n14') })
    expect(keysOf(named.entries)).toEqual(['//secrets/a/n14'])
  })

  test('what is selected by a value is all that has it, however often it is asked for', async () => {
    const store = get()
    const index = { uid: uid(0), labels: { offer: 'caches' } }
    for (let i = 0; i < 40; i++) await put(store, `//secrets/a/n${i}`, 'x', index)
    const caches = () => store.list({ prefix: '//secrets/', mentions: 'caches' }).entries.length
    for (let times = 0; times < 40; times++) expect(caches()).toBe(40)
    await put(store, '//secrets/a/later', 'x', index)
    expect(caches()).toBe(41)
  })

  test('pages of a list at one revision show one snapshot, whatever is written between them', async () => {
    const store = get()
    for (let i = 0; i < 10; i++) await put(store, `//secrets/a/${i}`, 'old')
    const first = store.list({ prefix: '//secrets/', limit: 4 })
    expect([first.revision, first.remaining]).toEqual([11, 6])
    await put(store, '//secrets/a/5', 'new')
    await remove(store, '//secrets/a/6')
    await put(store, '//secrets/a/65', 'new')
    const page = { prefix: '//secrets/', at: first.revision, limit: 4 }
    const second = store.list({ ...page, after: '//secrets/a/3' })
    expect([second.revision, second.remaining]).toEqual([11, 2])
    const third = store.list({ ...page, after: '//secrets/a/7' })
    expect([...second.entries, ...third.entries].map((entry) => contentOf(entry))).toEqual(
      [4, 5, 6, 7, 8, 9].map((i) => ({ key: `//secrets/a/${i}`, revision: i + 2, data: 'old' })),
    )
    expect(third.remaining).toBe(0)
  })

  test('a match reads the index alone, and counts what matches behind the page', async () => {
    const store = get()
    for (let i = 0; i < 9; i++) {
      await put(store, `//secrets/a/${i}`, 'x', {
        uid: `u${i}`,
        labels: { app: i % 2 ? 'odd' : 'even' },
        fields: { type: 't' },
      })
    }
    const result = store.list({ prefix: '//secrets/', limit: 2, match: (_, { labels }) => labels?.['app'] === 'odd' })
    expect(keysOf(result.entries)).toEqual(['//secrets/a/1', '//secrets/a/3'])
    expect(result.remaining).toBe(2)
    expect(result.entries[0]!.index).toEqual({ uid: 'u1', labels: { app: 'odd' }, fields: { type: 't' } })
  })

  test('owned keys follow the owners of the newest version', async () => {
    const store = get()
    for (const name of ['x', 'y', 'z']) await put(store, `//secrets/a/${name}`, 'x', { uid: name, owners: ['one'] })
    expect(store.owned('one')).toEqual(['//secrets/a/x', '//secrets/a/y', '//secrets/a/z'])
    await put(store, '//secrets/a/x', 'x', { uid: 'x', owners: ['two'] })
    await remove(store, '//secrets/a/y')
    expect([store.owned('one'), store.owned('two')]).toEqual([['//secrets/a/z'], ['//secrets/a/x']])
  })

  test('the future cannot be read', async () => {
    const store = get()
    await put(store, '//secrets/a/x')
    expect(() => store.get('//secrets/a/x', 3)).toThrow('revision 3 is ahead of the store, which is at 2')
    expect(() => store.list({ prefix: '//secrets/', at: 3 })).toThrow(RangeError)
  })

  test('a key or prefix of another form is a mistake, not an empty answer', async () => {
    const store = get()
    expect(() => store.list({ prefix: '//secrets' })).toThrow('does not end with "/"')
    await expect(store.write(putOf('secrets/x', 0))).rejects.toThrow('is not of the form')
    expect((await put(store, '//secrets/a/x')).revision).toBe(2)
  })
}

function describeWatches(get: () => Store): void {
  test('an event tells the state, the state before, and for a deletion the last state', async () => {
    const store = get()
    const seen: StoreEvent[] = []
    store.watch({ prefix: '//secrets/', after: 1 }, (events) => seen.push(...events))
    await put(store, '//secrets/a/x', 'one', { uid: 'u', labels: { a: '1' } })
    await put(store, '//secrets/a/x', 'two', { uid: 'u', labels: { a: '2' } })
    await put(store, '//configmaps/a/x')
    await remove(store, '//secrets/a/x')
    expect(seen.map(brief)).toEqual(['put //secrets/a/x 2 -', 'put //secrets/a/x 3 2', 'delete //secrets/a/x 5 3'])
    expect(seen.map((event) => contentOf(event).data)).toEqual(['one', 'two', 'gone'])
    expect(seen.map(({ previous }) => previous && contentOf(previous).data)).toEqual([undefined, 'one', 'two'])
    expect(seen.map(({ index }) => index.labels)).toEqual([{ a: '1' }, { a: '2' }, { a: '2' }])
  })

  test('replay and live join without gap or repetition, also with writes on their way', async () => {
    const store = get()
    for (let i = 0; i < 5; i++) await put(store, `//secrets/a/${i}`)
    const seen: number[] = []
    const writing = [5, 6, 7].map((i) => put(store, `//secrets/a/${i}`))
    store.watch({ prefix: '//secrets/', after: 3 }, (events) => seen.push(...events.map(({ revision }) => revision)))
    await Promise.all([...writing, put(store, '//secrets/a/8')])
    expect(seen).toEqual([4, 5, 6, 7, 8, 9, 10])
  })

  test('a listener that writes and watches does not disturb the order of others', async () => {
    const store = get()
    const first: number[] = []
    const second: number[] = []
    const nested: number[] = []
    store.watch({ prefix: '//secrets/', after: 1 }, (events) => {
      first.push(...events.map(({ revision }) => revision))
      if (first.length > 3) return
      void put(store, `//secrets/a/${first.length}`)
      if (first.length === 1) {
        store.watch({ prefix: '//secrets/', after: 1 }, (more) => nested.push(...more.map(({ revision }) => revision)))
      }
    })
    store.watch({ prefix: '//secrets/', after: 1 }, (events) => second.push(...events.map(({ revision }) => revision)))
    await put(store, '//secrets/a/0')
    await expect.poll(() => [first, second, nested]).toEqual(Array.from({ length: 3 }, () => [2, 3, 4, 5]))
  })

  test('a watch from the future begins there', async () => {
    const store = get()
    const seen: number[] = []
    store.watch({ prefix: '//secrets/', after: 3 }, (events) => seen.push(...events.map(({ revision }) => revision)))
    for (let i = 0; i < 4; i++) await put(store, `//secrets/a/${i}`)
    expect(seen).toEqual([4, 5])
  })

  test('a stopped watch hears nothing more, not even its replay', async () => {
    const store = get()
    await put(store, '//secrets/a/x')
    const seen: StoreEvent[] = []
    const stop = store.watch({ prefix: '//secrets/', after: 1 }, (events) => seen.push(...events))
    stop()
    await put(store, '//secrets/a/y')
    expect(seen).toEqual([])
  })
}

function describeCompaction(get: () => Store): void {
  test('what is compacted is refused, and the newest state stays', async () => {
    const store = get()
    for (const data of ['one', 'two', 'three']) await put(store, '//secrets/a/x', data)
    await put(store, '//secrets/a/y')
    await remove(store, '//secrets/a/y')
    await store.compact(3)
    expect(store.compacted).toBe(3)
    const refusals = [
      () => store.get('//secrets/a/x', 2),
      () => store.list({ prefix: '//secrets/', at: 2 }),
      () => store.watch({ prefix: '//secrets/', after: 2 }, () => {}),
    ]
    for (const refused of refusals) expect(refused).toThrow(new Compacted(2, 3))
    expect(contentOf(store.get('//secrets/a/x', 3)!).data).toBe('two')
    expect(contentOf(store.get('//secrets/a/x')!).data).toBe('three')
    await store.compact(store.revision)
    expect(contentOf(store.get('//secrets/a/x')!).data).toBe('three')
    expect(store.list({ prefix: '//secrets/' }).entries).toHaveLength(1)
    await expect(store.compact(store.revision + 1)).rejects.toThrow(RangeError)
  })

  test('a watch that was started before a compaction is told everything', async () => {
    const store = get()
    for (let i = 0; i < 5; i++) await put(store, `//secrets/a/${i}`)
    const seen: number[] = []
    store.watch({ prefix: '//secrets/', after: 1 }, (events) => seen.push(...events.map(({ revision }) => revision)))
    await store.compact(5)
    await put(store, '//secrets/a/5')
    expect(seen).toEqual([2, 3, 4, 5, 6, 7])
  })

  test('an old version that somebody holds is whole or refused', async () => {
    const store = get()
    const held = await put(store, '//secrets/a/x', 'one')
    await put(store, '//secrets/a/x', 'two')
    await store.compact(store.revision)
    const read = () => contentOf(held).data
    try {
      expect(read()).toBe('one')
    } catch (error) {
      expect(error).toBeInstanceOf(Compacted)
    }
  })

  test('the revision of a deletion outlives its compaction', async () => {
    const store = get()
    await put(store, '//secrets/a/x')
    const gone = await remove(store, '//secrets/a/x')
    await store.compact(gone.revision)
    expect(sample('k', (await put(store, '//secrets/a/x')).revision, '').object.metadata.resourceVersion).toBe('4')
  })
}
