import { readdirSync, readlinkSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Until this process holds no file of the folder any more, on Linux. Connections of libsql that were closed live until their statements are
 * collected, and share their memory of the WAL with the next one of the same process: that one does not look at what a killed writer left
 * there, as the first of a new process does.
 */
export async function untilUnheld(dir: string): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let tries = 0; isHeld(dir); tries++) {
    if (tries === MAX_TRIES) throw new Error(`files of ${dir} are held for good`)
    collect()
    await turn()
  }
}

const MAX_TRIES = 1000

const isHeld = (dir: string): boolean => readdirSync('/proc/self/fd').some((fd) => pathOf(fd).startsWith(dir))

function pathOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    // It was closed between the list and the look.
    return ''
  }
}
