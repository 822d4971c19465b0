/**
 * The store on disk. See docs/adr/0002-storage-on-libsql.md for why, and writes.ts for how writes are decided.
 *
 *   main thread    decides, keeps keys and indexes, reads cold documents through a connection of its own
 *   writer thread  commits what has queued as one transaction, one fsync; says so
 *   main thread    makes it visible: index, cache, watches, then the promise of each writer
 *
 * In the folder: `store.db` with `-wal` and `-shm`, `store.lock` and `store.pid` (lock.ts).
 */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Log } from '../../base/log.ts'
import { Ledger } from '../ledger.ts'
import { StorageFailed, StorageInUse, type Index, type Store } from '../store.ts'
import { RevisionedStore } from '../writes.ts'
import { createSchema, openDatabase, type Database } from './database.ts'
import { Documents } from './documents.ts'
import { LibsqlJournal } from './journal.ts'
import { lockFolder } from './lock.ts'

interface LibsqlStoreOptions {
  /** Made when it does not exist. On a local file system: WAL needs shared memory. */
  readonly dir: string
  /** What hot documents may take in memory, as an estimate. Default 32 MiB: some 7,000 documents of 1 KB. */
  readonly cacheBytes?: number
  /** Events kept for watches and reads of the past; default 10,000. */
  readonly historyLimit?: number
  readonly log?: Log
}

const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024

/** Throws `StorageInUse` when another process holds the folder, `StorageFailed` when it cannot be read or written. */
export async function openLibsqlStore(options: LibsqlStoreOptions): Promise<Store> {
  const dir = resolve(options.dir)
  const lock = takeFolder(dir)
  const file = join(dir, 'store.db')
  let database: Database.Database | undefined
  let journal: LibsqlJournal | undefined
  try {
    makePrivateFile(file)
    database = openDatabase(file)
    createSchema(database, file)
    database.pragma('query_only = ON')
    const reader = database
    const cacheBytes = options.cacheBytes ?? DEFAULT_CACHE_BYTES
    const documents = new Documents(database, { file, cacheBytes, compacted: () => ledger.compacted })
    const ledger = new Ledger(documents, readCompacted(database))
    const release = () => {
      reader.close()
      lock.release()
    }
    // The thread starts while this one scans.
    journal = new LibsqlJournal({ file, documents, release })
    scan(database, file, ledger)
    await journal.ready
    return new RevisionedStore(ledger, journal, options)
  } catch (error) {
    await journal?.abandon()
    database?.close()
    lock.release()
    if (error instanceof StorageFailed) throw error
    throw new StorageFailed(`cannot open ${file}: ${(error as Error).message}`, { cause: error })
  }
}

type LogRow = [revision: number, key: string, previous: number, deleted: number, index: string]

/** Builds what is kept in memory, from everything but the documents: 0.9 s for 100,000 of them. */
function scan(database: Database.Database, file: string, ledger: Ledger): void {
  const { compacted } = ledger
  const rows = database.prepare('SELECT revision, key, previous, deleted, idx FROM log ORDER BY revision').raw()
  for (const row of rows.iterate([])) {
    const [revision, key, previous, deleted, text] = row as LogRow
    const expected = ledger.newest(key)?.revision ?? 0
    // Compaction notes its revision in the transaction that deletes: behind it each key has one row, and none is a tombstone.
    const sound = revision > compacted ? previous === expected : expected === 0 && !deleted
    if (!sound) {
      throw new StorageFailed(`${file} is damaged at revision ${revision} (${key}); put back a copy of the folder`)
    }
    const index = JSON.parse(text) as Index
    if (revision <= compacted) ledger.load({ key, revision, index })
    else ledger.apply(deleted ? 'delete' : 'put', { key, revision, index })
  }
}

function readCompacted(database: Database.Database): number {
  const row = database.prepare("SELECT value FROM meta WHERE name = 'compacted'").raw().get([]) as [number]
  return row[0]
}

function takeFolder(dir: string): ReturnType<typeof lockFolder> {
  try {
    makeFolder(dir)
    return lockFolder(dir)
  } catch (error) {
    if (error instanceof StorageInUse) throw error
    throw new StorageFailed(`cannot use the folder ${dir}: ${(error as Error).message}`, { cause: error })
  }
}

/** A power failure must not take the folder away from under writes that were acknowledged in it. */
function makeFolder(dir: string): void {
  const first = mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = dir; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made))
}

function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Secrets are in it. SQLite gives its side files the mode of the database. */
function makePrivateFile(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
}
