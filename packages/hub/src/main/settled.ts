import { classKind, type Class } from '../model/class.ts'
import type { DataFolder } from '../cli/data-folder.ts'
import { withApi } from '../cli/connect.ts'
import { readiness } from '../cli/readiness.ts'
import type { Terminal } from '../cli/terminal.ts'
import { watchUntil } from '../cli/watch-until.ts'

const SETTLE_LIMIT_MS = 60_000

/** Waits until every class is Ready, or says why it is not. */
export async function waitForSamples(folder: DataFolder, terminal: Terminal): Promise<void> {
  await withApi({ data: folder.dir }, terminal, async ({ client }) => {
    const classes = await client.of(classKind).list()
    for (const { metadata } of classes.items) {
      await watchUntil<Class, true>(client, terminal, {
        type: classKind,
        name: metadata.name,
        timeoutMs: SETTLE_LIMIT_MS,
        what: `class ${metadata.name} to settle`,
        look: (now) =>
          now === undefined || readiness(now) !== 'waiting' || now.status?.cause !== undefined ? true : undefined,
      })
    }
  })
}
