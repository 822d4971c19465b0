/** The store for tests and for hubs that may forget: same rules, nothing on disk. */
import type { Document } from '../../machinery/document.ts'
import { Ledger } from '../ledger.ts'
import { Compacted, type Store } from '../store.ts'
import { RevisionedStore, type Journal, type JournalListener } from '../writes.ts'

export function openMemoryStore(options: { historyLimit?: number } = {}): Store {
  const documents = new Map<number, Document>()
  const ledger = new Ledger({
    read(revision) {
      const document = documents.get(revision)
      if (!document) throw new Compacted(revision, ledger.compacted)
      return document
    },
  })
  return new RevisionedStore(ledger, memoryJournal(documents), options)
}

function memoryJournal(documents: Map<number, Document>): Journal {
  let listener: JournalListener
  return {
    start(it) {
      listener = it
    },
    append(writes) {
      // Not at once: a listener that writes would otherwise be told of its own write before others of the one before it.
      queueMicrotask(() => listener.committed(writes[writes.length - 1]!.revision))
    },
    keep: ({ revision, document }) => void documents.set(revision, document),
    compact(_, superseded) {
      for (const revision of superseded) documents.delete(revision)
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}
