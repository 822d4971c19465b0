/** The store for tests and for hubs that may forget: same rules, nothing on disk. */
import { Ledger } from '../ledger.ts'
import type { Store } from '../store.ts'
import { RevisionedStore, type Journal, type JournalListener } from '../writes.ts'

export function openMemoryStore(options: { historyLimit?: number } = {}): Store {
  return new RevisionedStore(new Ledger(), memoryJournal(), options)
}

function memoryJournal(): Journal {
  let listener: JournalListener
  return {
    start(it) {
      listener = it
    },
    append(writes) {
      // Not at once: a listener that writes would otherwise be told of its own write before others of the one before it.
      queueMicrotask(() => listener.committed(writes[writes.length - 1]!.revision))
    },
    entry: ({ key, revision, index, document }) => ({ key, revision, index, document }),
    compact: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
