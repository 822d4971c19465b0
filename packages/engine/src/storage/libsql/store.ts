/**
 * The store on disk. See docs/adr/0002-storage-on-libsql.md for why, and writes.ts for how writes are decided.
 *
 *   main thread    decides, keeps keys and indexes, reads cold documents through a connection of its own
 *   writer thread  commits what has queued as one transaction, one fsync; says so
 *   main thread    makes it visible: index, cache, watches, then the promise of each writer
 *
 * In the folder: `store.db` with `-wal` and `-shm`, `store.lock` and `store.pid` (lock.ts), `checkpoint/` (checkpoint.ts).
 */
import { join, resolve } from 'node:path'
import { silentLog, type Log } from '../../base/log.ts'
import { Ledger } from '../ledger.ts'
import { StorageFailed, StorageInUse, type Store } from '../store.ts'
import { RevisionedStore } from '../writes.ts'
import { CheckpointFiles } from './checkpoint.ts'
import { createSchema, openDatabase, type Database } from './database.ts'
import { Documents } from './documents.ts'
import { makeFolder, makePrivateFile } from './folder.ts'
import { LibsqlJournal } from './journal.ts'
import { lockFolder } from './lock.ts'
import { readAll, readHistory } from './read-log.ts'

interface LibsqlStoreOptions {
  /** Made when it does not exist. On a local file system: WAL needs shared memory. */
  readonly dir: string
  /** What hot documents may take in memory, as an estimate. Default 32 MiB: some 7,000 documents of 1 KB. */
  readonly cacheBytes?: number
  /** Events kept for watches and reads of the past; default 10,000. */
  readonly historyLimit?: number
  /**
   * Which program this is, to the last change of its code: a clean stop leaves what is in memory for the next start of the same one. Absent:
   * nothing is left and nothing is taken up.
   */
  readonly build?: string
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
    const { build, log = silentLog } = options
    const checkpoint = new CheckpointFiles(database, { dir: join(dir, 'checkpoint'), build, log })
    database.pragma('query_only = ON')
    const reader = database
    const cacheBytes = options.cacheBytes ?? DEFAULT_CACHE_BYTES
    const documents = new Documents(database, { file, cacheBytes, compacted: () => ledger.compacted })
    const compacted = readCompacted(database)
    const release = () => {
      reader.close()
      lock.release()
    }
    // The thread starts while this one reads.
    journal = new LibsqlJournal({ file, documents, checkpoint, release })
    const ledger = checkpoint.openLedger(
      (state) => readHistory(reader, new Ledger(documents, compacted, state)),
      () => readAll(reader, file, new Ledger(documents, compacted)),
    )
    await journal.ready
    return new RevisionedStore(ledger, journal, { ...options, checkpoint })
  } catch (error) {
    await journal?.abandon()
    database?.close()
    lock.release()
    if (error instanceof StorageFailed) throw error
    throw new StorageFailed(`cannot open ${file}: ${(error as Error).message}`, { cause: error })
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
