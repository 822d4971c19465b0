import { join } from 'node:path'
import { expect } from 'vitest'
import type { Store } from '../store.ts'
import { storeContract, type ContractOptions, type OpenedStore } from '../testing/contract.ts'
import { temporaryFolder } from '../testing/folder.ts'
import { heardLog, TAKEN_UP } from '../testing/log.ts'
import { openLibsqlStore } from './store.ts'

storeContract('the libsql store', { runs: 25, open: opener(undefined) })
storeContract('the libsql store, taken up from its last stop,', { runs: 25, open: opener('this') })

function opener(build: string | undefined): ContractOptions['open'] {
  return async (options) => {
    const folder = temporaryFolder()
    const { log, said } = heardLog()
    // A cache of four documents: most reads go to the disk.
    const storeOptions = { dir: join(folder.dir, 'store'), cacheBytes: 4_000, log, ...(build && { build }), ...options }
    let store: Store = await openLibsqlStore(storeOptions)
    let reopened = 0
    const opened: OpenedStore = {
      store,
      reopen: async () => {
        await store.close()
        store = await openLibsqlStore(storeOptions)
        reopened++
        expect(said().filter((line) => line === TAKEN_UP)).toHaveLength(build ? reopened : 0)
        return store
      },
      dispose: async () => {
        await store.close()
        folder.dispose()
      },
    }
    return opened
  }
}
