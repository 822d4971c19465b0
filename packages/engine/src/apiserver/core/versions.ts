/**
 * Between the form in which objects are kept and the versions at which they are asked for.
 *
 * Nearly always the two are the same, and the stored document is handed on unread. It is rewritten only for another
 * version of the kind, or when the CRD's schema has changed since it was written; each rewriting is made once.
 */
import type { JsonObject } from '../../base/json.ts'
import { Document } from '../../machinery/document.ts'
import { asJson, formatApiVersion, type KubeObject } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import { conversionOf } from '../../machinery/types/conversion.ts'
import type { Catalog, Served } from './catalog.ts'
import { isStoredAsItself } from './index-of.ts'

/** One version of a stored object: a store's entry, or what one of its events carries. */
export interface Stored {
  readonly revision: number
  readonly document: Document
}

export class Versions {
  readonly #catalog: Catalog
  readonly #views = new WeakMap<Resource, WeakMap<Document, Document>>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** The document as the resource's version shows it. */
  view(served: Served, stored: Stored): Document {
    const { resource, custom } = served
    if (isStoredAsItself(resource) && (!custom || stored.revision >= custom.schemaSince)) return stored.document
    let views = this.#views.get(resource)
    if (!views) this.#views.set(resource, (views = new WeakMap()))
    let view = views.get(stored.document)
    if (!view) {
      view = Document.fromObject(this.#rewrite(resource, stored.document.object))
      views.set(stored.document, view)
    }
    return view
  }

  /** The object, which is normalized at the resource's version, as it is kept. */
  toStored(resource: Resource, object: JsonObject): JsonObject {
    if (isStoredAsItself(resource)) return object
    const storage = this.#catalog.storageOf(resource)
    const converted = conversionOf(resource)?.toStored(object) ?? object
    return storage.shape.normalize({ ...converted, ...identityOf(storage) }).object
  }

  #rewrite(resource: Resource, object: KubeObject): KubeObject {
    const converted = isStoredAsItself(resource) ? undefined : conversionOf(resource)?.fromStored(asJson(object))
    const { object: rewritten } = resource.shape.normalize({
      ...(converted ?? asJson(object)),
      ...identityOf(resource),
    })
    return rewritten as unknown as KubeObject
  }
}

function identityOf(resource: Resource): { apiVersion: string; kind: string } {
  return { apiVersion: formatApiVersion(resource.group, resource.version), kind: resource.kind }
}
