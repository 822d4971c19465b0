/** S9, S1 across restarts, and what a folder may look like when it is opened. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StorageFailed, StorageInUse, type Store } from '../store.ts'
import { temporaryFolder } from '../testing/folder.ts'
import { contentOf, put, remove } from '../testing/objects.ts'
import { endStragglers, startWriter } from '../testing/processes.ts'
import { openLibsqlStore } from './store.ts'

let folder: ReturnType<typeof temporaryFolder>
let dir: string
let open: Store[] = []
beforeEach(() => {
  folder = temporaryFolder()
  dir = join(folder.dir, 'store')
})
afterEach(async () => {
  await endStragglers()
  for (const store of open) await store.close()
  open = []
  folder.dispose()
})

async function openStore(): Promise<Store> {
  const store = await openLibsqlStore({ dir })
  open.push(store)
  return store
}

async function change(sql: string): Promise<void> {
  const database = new Database(join(dir, 'store.db'))
  database.exec(sql)
  database.close()
}

describe('S9 one process for each folder', () => {
  test('a second process is told who holds the folder, and gets it when that one is killed', async () => {
    const holder = startWriter(dir, { size: 1, rounds: 1 })
    await holder.until((lines) => lines.includes('done'))
    const refusal = await openLibsqlStore({ dir }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(StorageInUse)
    expect(refusal).toMatchObject({
      pid: holder.pid,
      message: `${dir} is in use by process ${holder.pid}; stop it with \`larder down --data ${dir}\``,
    })
    await holder.end('SIGKILL')
    expect((await openStore()).revision).toBe(2)
  })

  test('and so is the other process when this one holds it', async () => {
    const store = await openStore()
    await put(store, '//samples/a/x')
    const second = startWriter(dir, { size: 1, rounds: 1 })
    await second.end()
    expect(second.lines).toEqual([])
    expect(second.errors.join('\n')).toContain(`StorageInUse: ${dir} is in use by process ${process.pid}`)
    expect((await put(store, '//samples/a/y')).revision).toBe(3)
  })

  test('a second store in the same process is refused, and does not unlock the first', async () => {
    await openStore()
    for (let i = 0; i < 3; i++) await expect(openLibsqlStore({ dir })).rejects.toMatchObject({ pid: process.pid })
    const second = startWriter(dir, { size: 1, rounds: 1 })
    await second.end()
    expect(second.errors.join('\n')).toContain('StorageInUse')
  })

  test('a pid that was left behind by a killed process names nobody', async () => {
    const holder = startWriter(dir, { size: 1, rounds: 1 })
    await holder.until((lines) => lines.includes('done'))
    await holder.end('SIGKILL')
    expect(readFileSync(join(dir, 'store.pid'), 'utf8')).toBe(`${holder.pid}\n`)
    const lock = new Database(join(dir, 'store.lock'))
    lock.exec('BEGIN EXCLUSIVE')
    await expect(openLibsqlStore({ dir })).rejects.toMatchObject({ name: 'StorageInUse', pid: undefined })
    lock.exec('ROLLBACK')
    lock.close()
  })
})

describe('S1 across restarts', () => {
  test('the counter goes on when the last writes were deletions that are compacted', async () => {
    const first = await openStore()
    await put(first, '//samples/a/x')
    const gone = await remove(first, '//samples/a/x')
    await first.compact(gone.revision)
    await first.close()
    const again = await openStore()
    expect([again.revision, again.compacted, again.count('/')]).toEqual([3, 3, 0])
    expect((await put(again, '//samples/a/x')).revision).toBe(4)
  })
})

describe('the folder', () => {
  test('is made for its owner alone, and is tidy when the store is closed', async () => {
    const store = await openStore()
    await put(store, '//samples/a/x')
    const modes = [dir, join(dir, 'store.db'), join(dir, 'store.db-wal')].map((path) => statSync(path).mode & 0o777)
    expect(modes).toEqual([0o700, 0o600, 0o600])
    await store.close()
    expect(existsSync(join(dir, 'store.pid'))).toBe(false)
  })

  test('that is damaged is refused with the place of the damage', async () => {
    const store = await openStore()
    for (const data of ['one', 'two', 'three']) await put(store, '//samples/a/x', data)
    await store.close()
    await change('DELETE FROM log WHERE revision = 3')
    await expect(openLibsqlStore({ dir })).rejects.toThrow(
      `${join(dir, 'store.db')} is damaged at revision 4 (//samples/a/x); put back a copy of the folder`,
    )
  })

  test('that cannot be made is refused', async () => {
    writeFileSync(dir, 'a file')
    await expect(openLibsqlStore({ dir })).rejects.toThrow(
      new StorageFailed(`cannot use the folder ${dir}: EEXIST: file already exists, mkdir '${dir}'`),
    )
  })

  test('of a newer Larder is refused', async () => {
    await (await openStore()).close()
    await change('PRAGMA user_version = 2')
    await expect(openLibsqlStore({ dir })).rejects.toThrow('has format 2, this Larder knows 1; use the newer Larder')
  })

  test('that was refused can be opened once it is right again', async () => {
    await (await openStore()).close()
    await change('PRAGMA user_version = 2')
    await expect(openLibsqlStore({ dir })).rejects.toThrow()
    await change('PRAGMA user_version = 1')
    const store = await openStore()
    await put(store, '//samples/a/x', 'whole')
    expect(contentOf(store.get('//samples/a/x')!).data).toBe('whole')
  })
})
