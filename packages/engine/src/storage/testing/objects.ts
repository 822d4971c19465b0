import { Document } from '../../machinery/document.ts'
import type { Entry, Index, Store, Write } from '../store.ts'

/** A document that says which write made it, so that a wrong one is noticed wherever it turns up. */
export function sample(key: string, revision: number, data: string): Document {
  const object = {
    apiVersion: 'v1',
    kind: 'Sample',
    metadata: { name: key.slice(key.lastIndexOf('/') + 1), resourceVersion: String(revision) },
    data,
    key,
  }
  return Document.fromObject(object)
}

export interface Content {
  readonly key: string
  readonly revision: number
  readonly data: string
}

/** What `sample` put in, read back. */
export function contentOf(entry: Pick<Entry, 'document'>): Content {
  const { key, data, metadata } = entry.document.object as unknown as Record<string, string> & {
    metadata: { resourceVersion: string }
  }
  return { key: key!, revision: Number(metadata.resourceVersion), data: data! }
}

export function putOf(key: string, expect: number, data = 'x', index: Index = { uid: `uid-of-${key}` }): Write {
  return { type: 'put', key, expect, index, document: (revision) => sample(key, revision, data) }
}

export function deleteOf(key: string, expect: number, data = 'gone'): Write {
  return { type: 'delete', key, expect, document: (revision) => sample(key, revision, data) }
}

/** Puts whatever the key is at. */
export function put(store: Store, key: string, data = 'x', index?: Index): Promise<Entry> {
  return store.write(putOf(key, store.get(key)?.revision ?? 0, data, index))
}

export function remove(store: Store, key: string): Promise<Entry> {
  return store.write(deleteOf(key, store.get(key)?.revision ?? 0))
}
