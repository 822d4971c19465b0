import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { jsonLog, type Log } from '@larder/engine/base/log'
import type { DataFolder } from '../cli/data-folder.ts'

export interface HubLog {
  readonly log: Log
  close(): Promise<void>
}

/** JSON lines in `DIR/log/hub.log`, readable by the owner only: names of a tenant's objects stand in it. */
export function openHubLog(folder: DataFolder): HubLog {
  mkdirSync(dirname(folder.log), { recursive: true, mode: 0o700 })
  const stream = createWriteStream(folder.log, { flags: 'a', mode: 0o600 })
  return {
    log: jsonLog({ write: (line) => void stream.write(line), now: () => Date.now() }),
    async close() {
      stream.end()
      await finished(stream)
    },
  }
}
