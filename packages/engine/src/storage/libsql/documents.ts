import { Document } from '../../machinery/document.ts'
import type { DocumentSource } from '../entry.ts'
import { Compacted, StorageFailed } from '../store.ts'
import type { Database } from './database.ts'

/** Documents by their revision: the hot ones in memory, all of them on disk. */
export class Documents implements DocumentSource {
  readonly #cache: DocumentCache
  readonly #select: Database.Statement
  readonly #file: string
  readonly #compacted: () => number

  constructor(database: Database.Database, options: { file: string; cacheBytes: number; compacted: () => number }) {
    // As text: libsql wraps each blob in memory outside the heap, of which 100,000 reads left 30 MB behind.
    this.#select = database.prepare('SELECT CAST(value AS TEXT) FROM log WHERE revision = ?').raw()
    this.#cache = new DocumentCache(options.cacheBytes)
    this.#file = options.file
    this.#compacted = options.compacted
  }

  /** A version that was just written and will be asked for soon. */
  remember(revision: number, document: Document, size: number): void {
    this.#cache.set(revision, document, size)
  }

  read(revision: number): Document {
    const cached = this.#cache.get(revision)
    if (cached) return cached
    const row = this.#select.get([revision]) as [string] | undefined
    if (!row) {
      if (revision <= this.#compacted()) throw new Compacted(revision, this.#compacted())
      throw new StorageFailed(`revision ${revision} is missing from ${this.#file}`)
    }
    const bytes = Buffer.from(row[0])
    const document = Document.fromBytes(bytes)
    this.#cache.set(revision, document, bytes.length)
    return document
  }
}

/** A document that has been read as an object, too, takes about four times its bytes: 5.4 KB were measured for 1.4 KB. */
const SIZE_FACTOR = 4
/** Of a Map entry, the Document and its Buffer. */
const OVERHEAD_BYTES = 300

interface Cached {
  readonly document: Document
  readonly size: number
}

/** The least recently used documents leave first. A Map keeps the order of insertion, so a hit is inserted anew. */
class DocumentCache {
  readonly #documents = new Map<number, Cached>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get(revision: number): Document | undefined {
    const cached = this.#documents.get(revision)
    if (!cached) return undefined
    this.#documents.delete(revision)
    this.#documents.set(revision, cached)
    return cached.document
  }

  set(revision: number, document: Document, length: number): void {
    const size = length * SIZE_FACTOR + OVERHEAD_BYTES
    if (size > this.#maxBytes) return
    this.#documents.set(revision, { document, size })
    this.#bytes += size
    for (const [oldest, { size }] of this.#documents) {
      if (this.#bytes <= this.#maxBytes) break
      this.#documents.delete(oldest)
      this.#bytes -= size
    }
  }
}
