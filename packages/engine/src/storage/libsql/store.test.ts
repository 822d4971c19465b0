import { join } from 'node:path'
import type { Store } from '../store.ts'
import { storeContract, type OpenedStore } from '../testing/contract.ts'
import { temporaryFolder } from '../testing/folder.ts'
import { openLibsqlStore } from './store.ts'

storeContract('the libsql store', {
  runs: 25,
  open: async (options) => {
    const folder = temporaryFolder()
    // A cache of four documents: most reads go to the disk.
    const storeOptions = { dir: join(folder.dir, 'store'), cacheBytes: 4_000, ...options }
    let store: Store = await openLibsqlStore(storeOptions)
    const opened: OpenedStore = {
      store,
      reopen: async () => {
        await store.close()
        return (store = await openLibsqlStore(storeOptions))
      },
      dispose: async () => {
        await store.close()
        folder.dispose()
      },
    }
    return opened
  },
})
