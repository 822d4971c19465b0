/** The watches under way, so that they end when what they watch does. */
import type { Resource } from '../../machinery/shape.ts'

export class OpenWatches {
  readonly #byResource = new Map<Resource, Set<(error?: Error) => void>>()

  /** Returns what to call when the watch has stopped. */
  add(resource: Resource, end: (error?: Error) => void): () => void {
    const watches = this.#byResource.get(resource) ?? new Set()
    this.#byResource.set(resource, watches.add(end))
    return () => {
      watches.delete(end)
      if (watches.size === 0) this.#byResource.delete(resource)
    }
  }

  endOf(resource: Resource): void {
    for (const end of this.#byResource.get(resource) ?? []) end()
  }

  endAll(): void {
    for (const resource of this.#byResource.keys()) this.endOf(resource)
  }
}
