/**
 * The account that engines run under. A hub that runs as root must not hand root to a database; a hub that runs as a
 * person can only be that person.
 */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export interface Account {
  name: string
  uid: number
  gid: number
}

/** Undefined: engines run as the hub itself does. */
export function engineAccount(passwd = '/etc/passwd'): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const line of readFileSync(passwd, 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name === 'nobody' && uid !== undefined && gid !== undefined) {
      // Systems that write these as -2 mean the same number without a sign.
      return { name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
    }
  }
  return undefined
}

/** The outermost folder on the way to `path` that `account` may not pass; undefined when it can get there. */
export function blockingFolder(path: string, account: Account): string | undefined {
  const folders: string[] = []
  for (let folder = dirname(realpathSync(path)); ; folder = dirname(folder)) {
    folders.unshift(folder)
    if (folder === dirname(folder)) break
  }
  return folders.find((folder) => !mayPass(folder, account))
}

function mayPass(folder: string, account: Account): boolean {
  const { mode, uid, gid } = statSync(folder)
  if (uid === account.uid) return (mode & 0o100) !== 0
  if (gid === account.gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}
