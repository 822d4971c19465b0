import { storeContract } from '../testing/contract.ts'
import { openMemoryStore } from './store.ts'

storeContract('the memory store', {
  runs: 300,
  open: (options) => {
    const store = openMemoryStore(options)
    return Promise.resolve({ store, reopen: undefined, dispose: () => store.close() })
  },
})
