import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Run } from '../../cli/command.ts'
import { dataFolder, runningHub, type DataFolder, type RunRecord } from '../../cli/data-folder.ts'
import { CommandFailed, EXIT } from '../../cli/failure.ts'
import { stopLeftovers } from '../../drivers/process/leftovers.ts'

const STOP_LIMIT_MS = 30_000

/** Stops the hub, and what a hub that was killed left running. */
export const run: Run = async ({ options }, terminal) => {
  const folder = dataFolder(options, terminal.cwd)
  if (options['delete-data']) refuseForeignFolder(folder.dir)
  const hub = runningHub(folder)
  if (hub) await stopHub(hub, folder)
  const stopped = await stopLeftovers(folder.dir)
  for (const file of [folder.run, folder.kubeconfig]) rmSync(file, { force: true })
  if (options['delete-data']) rmSync(folder.dir, { recursive: true, force: true })
  if (hub) terminal.note(`stopped the hub on ${folder.dir}\n`)
  if (stopped.length > 0) terminal.note(`stopped ${stopped.length} services that a killed hub had left\n`)
  if (!hub && stopped.length === 0) terminal.note(`nothing ran on ${folder.dir}\n`)
  if (options['delete-data']) terminal.note(`removed ${folder.dir}\n`)
}

async function stopHub(hub: RunRecord, folder: DataFolder): Promise<void> {
  process.kill(hub.pid, 'SIGTERM')
  const deadline = Date.now() + STOP_LIMIT_MS
  while (runningHub(folder)?.pid === hub.pid) {
    if (Date.now() > deadline) {
      throw new CommandFailed(
        EXIT.timedOut,
        `the hub (process ${hub.pid}) did not stop within ${STOP_LIMIT_MS / 1000}s`,
        {
          why: `see ${folder.log}`,
          next: `kill -9 ${hub.pid}, then larder down again: it stops what is left`,
        },
      )
    }
    await delay(20)
  }
}

/** What is in the folder of a hub that could not even open its store. */
const LEFT_BY_A_FAILED_START = ['log', 'store', 'ports.json']

/** `--data ~ --delete-data` must not remove a home: only what a hub has lived in goes. */
function refuseForeignFolder(dir: string): void {
  if (!existsSync(dir) || existsSync(join(dir, 'store', 'store.db'))) return
  const foreign = readdirSync(dir).filter((name) => !LEFT_BY_A_FAILED_START.includes(name))
  if (foreign.length === 0) return
  throw new CommandFailed(EXIT.usage, `${dir} is no data folder of Larder, and is not removed`, {
    why: `it has no store/store.db, and holds ${foreign.length} entries that no hub made`,
    next: 'name the data folder with --data DIR',
  })
}
