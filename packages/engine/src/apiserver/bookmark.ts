/** Bookmarks: how far a watch has come, told without an object. */
import { Document } from '../machinery/document.ts'
import { type DynamicObject, formatApiVersion } from '../machinery/object.ts'
import type { Resource } from '../machinery/shape.ts'
import type { ApiWatchEvent } from './api.ts'

/** On the bookmark behind the initial events of a watch: whoever reads so far has seen all that was there. */
const INITIAL_EVENTS_END = { 'k8s.io/initial-events-end': 'true' }

export function bookmarkOf(resource: Resource, resourceVersion: string): ApiWatchEvent {
  return bookmark(resource, { resourceVersion })
}

export function endOfInitialEvents(resource: Resource, resourceVersion: string): ApiWatchEvent {
  return bookmark(resource, { resourceVersion, annotations: INITIAL_EVENTS_END })
}

function bookmark({ group, version, kind }: Resource, metadata: object): ApiWatchEvent {
  const object: DynamicObject = {
    kind,
    apiVersion: formatApiVersion(group, version),
    // ObjectMeta of a bookmark has no name.
    metadata: { ...metadata, creationTimestamp: null } as never,
  }
  return { type: 'BOOKMARK', document: Document.fromObject(object) }
}
