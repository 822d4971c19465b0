/**
 * One process for each folder. The lock is a transaction held open on a second database: the kernel frees it with the
 * process, also on SIGKILL, so that nothing is ever stale and nobody has to judge whether a pid is still the same program.
 *
 * The pid stands in a file of its own, for the message alone. Nobody may open the lock file by other means: when a process
 * closes any descriptor of a file, POSIX drops all its locks on it.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { StorageInUse } from '../store.ts'

interface Lock {
  release(): void
}

/** Throws `StorageInUse`. */
export function lockFolder(dir: string): Lock {
  const pidFile = join(dir, 'store.pid')
  const database = new Database(join(dir, 'store.lock'))
  try {
    // Not `locking_mode = EXCLUSIVE`: that lock outlives the transaction and even `close`, until statements are collected.
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { code?: string }).code === 'SQLITE_BUSY') throw new StorageInUse(dir, livingPid(pidFile))
    throw error
  }
  writeFileSync(pidFile, `${process.pid}\n`)
  return {
    release() {
      rmSync(pidFile, { force: true })
      database.exec('ROLLBACK')
      database.close()
    },
  }
}

/** The file is old for a moment, between another process's lock and its pid: then it names nobody who lives. */
function livingPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    if (!Number.isInteger(pid) || pid <= 0) return undefined
    process.kill(pid, 0)
    return pid
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EPERM') return Number(readFileSync(file, 'utf8'))
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
