/** Events as people read them: who was it about, what, and when last. */
import { age } from '@larder/engine/machinery/age'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Client } from '@larder/engine/client/client'
import type { ObjectReference } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { ShownColumn } from './print.ts'

/** The core form: its field selectors are served by every Kubernetes. */
export interface CoreEvent extends KubeObject {
  readonly involvedObject: ObjectReference
  readonly reason?: string
  readonly message?: string
  readonly type?: string
  readonly count?: number
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string }
}

export const coreEventType: ResourceType<CoreEvent> = {
  group: '',
  version: 'v1',
  resource: 'events',
  kind: 'Event',
  namespaced: true,
}

/** Events about cluster-scoped objects are kept in this namespace. */
export const CLUSTER_EVENTS = 'default'

export interface EventSubject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string | undefined
}

export const eventsAbout = ({ kind, name }: EventSubject) => `involvedObject.kind=${kind},involvedObject.name=${name}`

/** Oldest first, as in a log. */
export async function listEvents(client: Client, subject: EventSubject): Promise<readonly CoreEvent[]> {
  const { items } = await client
    .of(coreEventType)
    .list({ namespace: subject.namespace ?? CLUSTER_EVENTS, fieldSelector: eventsAbout(subject) })
  return inOrder(items)
}

export const inOrder = (events: readonly CoreEvent[]): readonly CoreEvent[] =>
  events.toSorted((a, b) => (lastSeen(a) < lastSeen(b) ? -1 : 1))

const lastSeen = (event: CoreEvent): string =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? ''

const asEvent = (object: KubeObject) => object as CoreEvent

export const eventColumns: readonly ShownColumn[] = [
  { heading: 'LAST SEEN', cell: (object, now) => age(lastSeen(asEvent(object)), now) },
  { heading: 'COUNT', cell: (object) => String(asEvent(object).series?.count ?? asEvent(object).count ?? 1) },
  { heading: 'TYPE', cell: (object) => asEvent(object).type ?? '' },
  { heading: 'REASON', cell: (object) => asEvent(object).reason ?? '' },
  {
    heading: 'OBJECT',
    cell(object) {
      const { kind = '', name = '' } = asEvent(object).involvedObject
      return `${kind.toLowerCase()}/${name}`
    },
  },
  { heading: 'MESSAGE', cell: (object) => asEvent(object).message ?? '' },
]
