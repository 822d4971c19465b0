/** What a clean stop leaves is taken up by the next start alone, and only where it fits. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Store, StoreEvent } from '../store.ts'
import { temporaryFolder } from '../testing/folder.ts'
import { heardLog, READ_WHOLE, TAKEN_UP } from '../testing/log.ts'
import { contentOf, put, remove } from '../testing/objects.ts'
import { endStragglers, script, startTraced, startWriter } from '../testing/processes.ts'
import { openLibsqlStore } from './store.ts'

const CANNOT_KEEP = 'warn the next start will take longer: what is in memory cannot be kept'

let folder: ReturnType<typeof temporaryFolder>
let dir: string
let kept: string
let heard: ReturnType<typeof heardLog>
let open: Store[] = []
beforeEach(() => {
  folder = temporaryFolder()
  dir = join(folder.dir, 'store')
  kept = join(dir, 'checkpoint')
})
afterEach(async () => {
  await endStragglers()
  for (const store of open) await store.close()
  open = []
  folder.dispose()
})

async function openStore(options: { build?: string; dir?: string } = { build: 'this' }): Promise<Store> {
  heard = heardLog()
  // No cache: what is read comes from the disk.
  const store = await openLibsqlStore({ dir, cacheBytes: 0, log: heard.log, ...options })
  open.push(store)
  return store
}

/** Some writes of each sort, some of them compacted. */
async function fill(store: Store): Promise<void> {
  for (const name of ['a/x', 'a/y', 'b/x', 'a/gone']) {
    await put(store, `//samples/${name}`, 'first', { uid: name, owners: ['owner'], labels: { app: name } })
  }
  await remove(store, '//samples/a/gone')
  await put(store, '/apps/others/a/x')
  await store.compact(store.revision - 2)
  for (const data of ['second', 'third']) await put(store, '//samples/a/x', data, { uid: 'a/x', owners: ['other'] })
  await remove(store, '//samples/b/x')
  await put(store, '//samples/b/x', 'anew')
  await remove(store, '//samples/a/y')
}

/** All that a store can be asked. */
async function answersOf(store: Store): Promise<unknown> {
  const told: StoreEvent[] = []
  store.watch({ prefix: '/', after: store.compacted }, (events) => told.push(...events))
  await Promise.resolve()
  const revisions = Array.from({ length: store.revision - store.compacted + 1 }, (_, i) => store.compacted + i)
  return {
    revision: store.revision,
    compacted: store.compacted,
    lists: revisions.map((at) =>
      store.list({ prefix: '/', at }).entries.map((entry) => [contentOf(entry), entry.index]),
    ),
    owned: ['owner', 'other'].map((uid) => store.owned(uid)),
    told: told.map(({ type, key, revision, index, document, previous }) => {
      return { type, key, revision, index, content: contentOf({ document }), previous: previous && contentOf(previous) }
    }),
  }
}

/** What it answers must be the truth, whatever it was worked out from; then it stops and starts again as it should. */
async function expectWhole(truth: unknown, options?: Parameters<typeof openStore>[0]): Promise<void> {
  expect(heard.said()).toEqual([READ_WHOLE])
  expect(await answersOf(open.at(-1)!)).toEqual(truth)
  await open.at(-1)!.close()
  const again = await openStore(options)
  expect(heard.said()).toEqual([TAKEN_UP])
  expect(await answersOf(again)).toEqual(truth)
}

/** Fills, stops, and says what the store answered. */
async function stopped(): Promise<unknown> {
  const store = await openStore()
  await fill(store)
  store.checkpoint.keep('other', () => ({ rank: 'second' }))
  const truth = await answersOf(store)
  await store.close()
  expect(readdirSync(kept)).toEqual(['ledger', 'other'])
  return truth
}

function change(sql: string): void {
  const database = new Database(join(dir, 'store.db'))
  database.exec(sql)
  database.close()
}

function ticketInDatabase(): number | undefined {
  const database = new Database(join(dir, 'store.db'))
  const [ticket] = (database.prepare("SELECT value FROM meta WHERE name = 'checkpoint'").raw().get([]) ?? []) as [
    number?,
  ]
  database.close()
  return ticket
}

describe('what a stop leaves', () => {
  test('is answered from as from the whole log: reads and watches of the past, owners, and what is written next', async () => {
    const truth = await stopped()
    cpSync(dir, join(folder.dir, 'copy'), { recursive: true })
    const taken = await openStore()
    expect(heard.said()).toEqual([TAKEN_UP])
    const whole = await openStore({ dir: join(folder.dir, 'copy') })
    await whole.close()
    const scanned = await openStore({ dir: join(folder.dir, 'copy'), build: 'other' })
    expect(heard.said()).toEqual([READ_WHOLE])
    expect([await answersOf(taken), await answersOf(scanned)]).toEqual([truth, truth])
    for (const store of [taken, scanned]) {
      await put(store, '//samples/a/x', 'fourth', { uid: 'a/x', owners: ['owner'] })
      await put(store, '//samples/c/new')
      await remove(store, '//samples/b/x')
    }
    expect(await answersOf(taken)).toEqual(await answersOf(scanned))
    await taken.compact(taken.revision)
    expect(taken.list({ prefix: '/' }).entries.map((entry) => contentOf(entry).data)).toEqual(['fourth', 'x', 'x'])
  })

  test('shares no index with anybody who could change it', async () => {
    await stopped()
    const store = await openStore()
    const told: StoreEvent[] = []
    store.watch({ prefix: '/', after: store.compacted }, (events) => told.push(...events))
    await Promise.resolve()
    const indexes = told.flatMap(({ index, previous }) => [index, ...(previous ? [previous.index] : [])])
    expect(indexes.every((index) => Object.isFrozen(index) && Object.isFrozen(index.labels ?? index))).toBe(true)
  })

  test('is for the owner alone, and gone when it was read', async () => {
    await stopped()
    const modes = [kept, ...readdirSync(kept).map((name) => join(kept, name))].map(
      (path) => statSync(path).mode & 0o777,
    )
    expect(modes).toEqual([0o700, 0o600, 0o600])
    const store = await openStore()
    expect(readdirSync(kept)).toEqual(['other'])
    expect(store.checkpoint.kept('other')).toEqual({ rank: 'second' })
    expect(store.checkpoint.kept('other')).toBeUndefined()
    expect([readdirSync(kept), ticketInDatabase()]).toEqual([[], undefined])
  })

  test('of an empty store is taken up as well', async () => {
    await (await openStore()).close()
    expect((await openStore()).revision).toBe(1)
    expect(heard.said()).toEqual([TAKEN_UP])
  })

  test('others leave under names that are names of files, and what they no longer keep is not there', async () => {
    const store = await openStore()
    for (const name of ['ledger', '../store.db', 'a/b', '.', '', 'A', 'x'.repeat(101)]) {
      expect(() => store.checkpoint.keep(name, () => 1)).toThrow(TypeError)
      expect(() => store.checkpoint.kept(name)).toThrow(TypeError)
    }
    store.checkpoint.keep('larder.dev.claims', () => new Map([[1, Buffer.from('one')]]))
    store.checkpoint.keep('nothing', () => undefined)
    await store.close()
    const again = await openStore()
    expect(again.checkpoint.kept('larder.dev.claims')).toEqual(new Map([[1, Buffer.from('one')]]))
    expect(again.checkpoint.kept('nothing')).toBeUndefined()
    await again.close()
    expect(readdirSync(kept)).toEqual(['ledger'])
    expect(heard.said()).toEqual([TAKEN_UP])
  })

  test('is asked for behind the last write', async () => {
    const store = await openStore()
    store.checkpoint.keep('revision', () => store.revision)
    const writing = put(store, '//samples/a/x')
    await store.close()
    const again = await openStore()
    expect([again.checkpoint.kept('revision'), again.revision]).toEqual([2, (await writing).revision])
  })
})

describe('nothing is taken up', () => {
  test.each<[string, () => void]>([
    ['is cut off', () => truncateSync(join(kept, 'ledger'), statSync(join(kept, 'ledger')).size - 1)],
    ['is empty', () => truncateSync(join(kept, 'ledger'), 0)],
    ['has another byte', () => flipByte(join(kept, 'ledger'), 500)],
    ['is away', () => renameSync(join(kept, 'ledger'), join(kept, 'mislaid'))],
    ['is a folder', () => (renameSync(join(kept, 'ledger'), join(kept, 'mislaid')), mkdirSync(join(kept, 'ledger')))],
    ['is of another name', () => copyFileSync(join(kept, 'other'), join(kept, 'ledger'))],
  ])('of a ledger that %s', async (_, spoil) => {
    const truth = await stopped()
    spoil()
    const store = await openStore()
    expect(store.checkpoint.kept('other')).toBeUndefined()
    expect(existsSync(kept)).toBe(false)
    await expectWhole(truth)
  })

  test('of one torn file, and the others are', async () => {
    await stopped()
    truncateSync(join(kept, 'other'), 100)
    const store = await openStore()
    expect(store.checkpoint.kept('other')).toBeUndefined()
    expect(heard.said()).toEqual([TAKEN_UP, 'info works out anew what the last stop kept'])
  })

  test('by another Larder, or by one that does not say which it is', async () => {
    const truth = await stopped()
    await openStore({ build: 'newer' })
    await expectWhole(truth, { build: 'newer' })
    await open.at(-1)!.close()
    const silent = await openStore({})
    expect([heard.said(), existsSync(kept), ticketInDatabase()]).toEqual([[], false, undefined])
    await silent.close()
    expect([existsSync(kept), ticketInDatabase()]).toEqual([false, undefined])
    await openStore()
    await expectWhole(truth)
  })

  test('after a process that was killed', async () => {
    const first = startWriter(dir, { size: 3, rounds: 5, build: 'this' })
    await first.end()
    expect([first.errors, readdirSync(kept)]).toEqual([[], ['ledger']])
    const second = startWriter(dir, { size: 3, rounds: 5, first: 15, build: 'this' })
    await second.until((lines) => lines.includes('done'))
    expect(second.lines[0]).toBe('open 16 kept')
    await second.end('SIGKILL')
    const store = await openStore()
    expect(store.revision).toBe(31)
    expect(heard.said()).toEqual([READ_WHOLE])
    expect(heard.lines[0]!.why).toBe('Error: it was killed, or kept nothing')
  })

  test('of the files of another stop', async () => {
    await stopped()
    cpSync(kept, join(folder.dir, 'earlier'), { recursive: true })
    const store = await openStore()
    await put(store, '//samples/a/x', 'newest')
    const truth = await answersOf(store)
    await store.close()
    cpSync(join(folder.dir, 'earlier'), kept, { recursive: true })
    await openStore()
    expect(heard.lines[0]!.why).toContain('is of another stop')
    await expectWhole(truth)
  })

  test.each([
    ['at rest', true],
    ['at work', false],
  ])('beside a copy of the database from before, made %s', async (_, atRest) => {
    let store = await openStore()
    await fill(store)
    const truth = await answersOf(store)
    if (atRest) await store.close()
    const copy = join(folder.dir, 'copy')
    copyDatabase(dir, copy)
    if (atRest) store = await openStore()
    await put(store, '//samples/a/x', 'newer')
    await remove(store, '//samples/b/x')
    await store.close()
    cpSync(kept, join(copy, 'checkpoint'), { recursive: true })
    await openStore({ build: 'this', dir: copy })
    await expectWhole(truth, { build: 'this', dir: copy })
  })

  test('when one that knows of no tickets has written in between', async () => {
    await stopped()
    const ticket = ticketInDatabase()
    cpSync(kept, join(folder.dir, 'earlier'), { recursive: true })
    const older = await openStore({})
    await put(older, '//samples/a/x', 'by another')
    const truth = await answersOf(older)
    await older.close()
    // It would have left both where they were.
    cpSync(join(folder.dir, 'earlier'), kept, { recursive: true })
    change(`INSERT INTO meta VALUES ('checkpoint', ${ticket})`)
    await openStore()
    expect(heard.lines[0]!.why).toBe('Error: it is of revision 12, and the log at 13')
    await expectWhole(truth)
  })

  test('where the ticket cannot be removed, which another start would find again', async () => {
    const truth = await stopped()
    const other = new Database(join(dir, 'store.db'))
    other.exec('BEGIN IMMEDIATE')
    await openStore()
    other.exec('ROLLBACK')
    other.close()
    expect(heard.lines[0]!.why).toContain('database is locked')
    expect([existsSync(kept), ticketInDatabase()]).toEqual([false, expect.any(Number)])
    await expectWhole(truth)
  })

  test.each(['DELETE FROM log WHERE revision = 8', 'UPDATE log SET previous = 4 WHERE revision = 11'])(
    'over a log that is damaged (%s): it is refused as ever',
    async (damage) => {
      await stopped()
      change(damage)
      await expect(openStore()).rejects.toThrow('is damaged at revision')
      expect(heard.said()).toEqual([READ_WHOLE])
    },
  )

  test('over a log that says something else of a key', async () => {
    await stopped()
    change('DELETE FROM log WHERE revision = 9')
    const store = await openStore()
    expect(heard.lines[0]!.why).toBe('Error: it does not fit the log at revision 12 (//samples/a/x)')
    await expectWhole(await answersOf(store))
  })
})

async function expectNothingLeft(store: Store): Promise<void> {
  const truth = await answersOf(store)
  await store.close()
  expect(heard.said()).toEqual([CANNOT_KEEP])
  expect([existsSync(kept), ticketInDatabase()]).toEqual([false, undefined])
  await openStore()
  await expectWhole(truth)
}

describe('a stop that can leave nothing is a clean stop', () => {
  test.each<[string, () => unknown]>([
    ['of a state that cannot be told', () => JSON.parse('{')],
    ['of a state that is not data', () => () => {}],
  ])('because %s', async (_, state) => {
    const store = await openStore()
    await fill(store)
    store.checkpoint.keep('other', state)
    await expectNothingLeft(store)
  })

  test('because its ticket cannot be noted', async () => {
    const store = await openStore()
    await fill(store)
    const other = new Database(join(dir, 'store.db'))
    store.checkpoint.keep('other', () => other.exec('BEGIN IMMEDIATE') && undefined)
    const truth = await answersOf(store)
    await store.close()
    other.exec('ROLLBACK')
    other.close()
    expect(heard.lines.map(({ msg, why }) => `${msg}: ${why}`)).toEqual([
      'the next start will take longer: what is in memory cannot be kept: database is locked',
    ])
    expect([existsSync(kept), ticketInDatabase()]).toEqual([false, undefined])
    await openStore()
    await expectWhole(truth)
  })

  test.each([
    ['may not make the folder', '?mkdir,?mkdirat:error=EACCES'],
    ['finds the disk full', 'write:error=ENOSPC'],
    ['finds the disk full at the sync', 'fsync:error=ENOSPC'],
  ])('because it %s', async (_, fault) => {
    const output = join(folder.dir, 'trace')
    const flags = ['-P', kept, '-P', join(kept, 'ledger'), '-e', `fault=${fault}`]
    const settings = JSON.stringify({ size: 3, rounds: 5, build: 'this' })
    const writer = await startTraced(output, flags, [script('writer.mjs'), dir, settings])
    await writer.end()
    expect([writer.errors, writer.child.exitCode]).toEqual([[], 0])
    expect(writer.lines.at(-1)).toBe(`log ${CANNOT_KEEP}`)
    expect(readFileSync(output, 'utf8')).toContain('(INJECTED)')
    expect([existsSync(kept), ticketInDatabase()]).toEqual([false, undefined])
    expect((await openStore()).revision).toBe(16)
    expect(heard.said()).toEqual([READ_WHOLE])
  })
})

test('a start that is killed anywhere leaves a store that starts, from the truth', { timeout: 120_000 }, async () => {
  const truth = await stopped()
  let [deaths, tookUp] = [0, 0]
  for (const call of ['pwrite64', 'fsync', '?unlink,?unlinkat,?rmdir']) {
    for (let nth = 1; nth < 50; nth += nth < 4 ? 1 : 9) {
      // A folder of its own: this process would share what it knows of the WAL with what it opens there next.
      const copy = join(folder.dir, `${call.slice(-5)}-${nth}`)
      cpSync(dir, copy, { recursive: true })
      const flags = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${nth}`]
      const settings = JSON.stringify({ size: 1, rounds: 0, build: 'this' })
      const starting = await startTraced(join(folder.dir, 'trace'), flags, [script('writer.mjs'), copy, settings])
      await starting.end()
      if (starting.child.signalCode === 'SIGKILL') deaths++
      const store = await openStore({ build: 'this', dir: copy })
      if (heard.said()[0] === TAKEN_UP) tookUp++
      expect(await answersOf(store)).toEqual(truth)
    }
  }
  console.log(`${deaths} starts and stops killed; ${tookUp} times the next start could take up what was left`)
  expect(deaths).toBeGreaterThan(10)
})

function flipByte(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at]! ^= 1
  writeFileSync(file, bytes)
}

/** The database alone, as one who makes a copy may do. */
function copyDatabase(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of ['store.db', 'store.db-wal']) copyFileSync(join(from, name), join(to, name))
}
