/**
 * The file: one table, in which every write is a row under its revision and no row is ever changed. Only compaction deletes.
 *
 * `previous` repeats what the rows before already say; the start checks it, so that a damaged log is noticed. The
 * value stands last: a scan of the other columns then never follows the overflow pages of long documents.
 */
import Database from 'libsql'

export type { Database }

const SCHEMA_VERSION = 1

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    previous INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    idx TEXT NOT NULL,
    value BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT OR IGNORE INTO meta VALUES ('compacted', 1);
`

/** A connection whose commits are durable when they return. */
export function openDatabase(file: string): Database.Database {
  const database = new Database(file)
  // Recovery after a crash is the one moment in which our two connections may meet on a lock.
  database.pragma('busy_timeout = 5000')
  // Asked back, because SQLite stays silently in another mode where the file system has no shared memory.
  const mode = pragma(database, 'journal_mode = WAL')
  database.pragma('synchronous = FULL')
  if (mode !== 'wal' || pragma(database, 'synchronous') !== 2) {
    throw new Error(`${file} cannot be opened in WAL mode (it is in ${String(mode)}); use a local file system`)
  }
  return database
}

/** Makes the tables of a new file. */
export function createSchema(database: Database.Database, file: string): void {
  const version = pragma(database, 'user_version')
  if (version === SCHEMA_VERSION) return
  if (version !== 0) {
    throw new Error(`${file} has format ${String(version)}, this Larder knows ${SCHEMA_VERSION}; use the newer Larder`)
  }
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
}

function pragma(database: Database.Database, text: string): unknown {
  const row = database.prepare(`PRAGMA ${text}`).raw().get([]) as unknown[] | undefined
  return row?.[0]
}
