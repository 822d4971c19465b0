/** A hub with the sample classes over real engines, and clients of those engines as applications have them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@larder/engine/base/clock'
import type { Driver } from '@larder/kit'
import { Redis } from 'ioredis'
import { processDriver } from '../../drivers/process/driver.ts'
import { realEngines } from '../../drivers/process/testing/engines.ts'
import { installSamples } from '../../samples/install.ts'
import { testHub, type TestHub } from './hub.ts'

export interface RealHub {
  readonly hub: TestHub
  readonly dataDir: string
  /** Ends the hub and its engines, and takes the data away. */
  stop(): Promise<void>
}

/** Running. `others`: drivers beside `process`. */
export async function realHub(...others: readonly Driver[]): Promise<RealHub> {
  const dataDir = mkdtempSync(join(tmpdir(), 'larder-hub-'))
  const processes = processDriver({ dataDir, clock: systemClock, engines: await realEngines() })
  const hub = await testHub({ drivers: [processes, ...others] })
  await installSamples(hub.admin)
  await hub.start()
  return {
    hub,
    dataDir,
    async stop() {
      await hub.stop()
      await processes.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** One attempt: rejects when the engine does not let it in. */
export async function connect(uri: string): Promise<Redis> {
  const client = new Redis(uri, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
