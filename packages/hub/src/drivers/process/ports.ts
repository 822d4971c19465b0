/**
 * Ports of 127.0.0.1. An instance keeps its port for life, since it stands in Secrets; ports come from below the range
 * that systems use for outgoing connections, so that none is lost to one of those while its service is down.
 */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'

export const HOST = '127.0.0.1'
const FIRST = 20_000
const COUNT = 12_000

/** A free port that nobody in `taken` keeps; the search starts where `seed` says. */
export async function freePort(seed: string, taken: ReadonlySet<number>): Promise<number> {
  const start = createHash('sha256').update(seed).digest().readUInt32BE(0)
  for (let i = 0; i < COUNT; i++) {
    const port = FIRST + ((start + i) % COUNT)
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new Error(`no free port between ${FIRST} and ${FIRST + COUNT - 1}`)
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false)
      else reject(error)
    })
    server.listen(port, HOST, () => server.close(() => resolve(true)))
  })
}

/** Who listens there, `nginx (pid 12)`; undefined where the system does not tell. */
export function portHolder(port: number): string | undefined {
  try {
    const inodes = listeningInodes(port)
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      if (holdsSocket(pid, inodes)) return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`
    }
  } catch {
    // Only a courtesy: where /proc is missing or closed to us, the message goes without the name.
  }
  return undefined
}

function listeningInodes(port: number): Set<string> {
  const inodes = new Set<string>()
  const LISTEN = '0A'
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const row of readFileSync(table, 'utf8').split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = row.trim().split(/\s+/)
      if (state === LISTEN && inode && local && Number.parseInt(local.split(':').at(-1) ?? '', 16) === port) {
        inodes.add(`socket:[${inode}]`)
      }
    }
  }
  return inodes
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`)))
  } catch {
    return false
  }
}
