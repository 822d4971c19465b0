import type { Document } from '../machinery/document.ts'
import type { Entry, Index } from './store.ts'

/** Where documents lie, by their revision. */
export interface DocumentSource {
  /** Throws `Compacted` for a version that somebody held on to for longer than the history is. */
  read(revision: number): Document
}

/** Reads its document when asked. A getter of the class: a closure for each would cost 60 bytes. */
export class StoredEntry implements Entry {
  readonly key: string
  readonly revision: number
  readonly index: Index
  readonly #documents: DocumentSource

  constructor(key: string, revision: number, index: Index, documents: DocumentSource) {
    this.key = key
    this.revision = revision
    this.index = index
    this.#documents = documents
  }

  get document(): Document {
    return this.#documents.read(this.revision)
  }
}
