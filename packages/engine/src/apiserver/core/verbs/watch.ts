/**
 * Watch: a reading of the store's log, seen through a selection.
 *
 * From a revision, every later event once and in order. Without one, or where initial events are asked for, first every object
 * as it is now, then the log from there. An object that leaves the selection is told as deleted, with its last matching state and
 * the new revision.
 */
import type { WatchOptions } from '../../../machinery/call.ts'
import { Document } from '../../../machinery/document.ts'
import { forbiddenField, unsupportedValue } from '../../../machinery/problems.ts'
import { expired, invalid, type FieldProblem } from '../../../machinery/status.ts'
import { Compacted, type StoreEvent } from '../../../storage/store.ts'
import type { ApiWatch, ApiWatchEvent } from '../../api.ts'
import { endOfInitialEvents } from '../../bookmark.ts'
import type { Core, Request } from '../core.ts'
import { prefixOf } from '../keys.ts'
import { parseRevision, waitForRevision } from '../revisions.ts'
import { rangeOf, selectionOf, type Selection } from '../selection.ts'
import type { Stored } from '../versions.ts'

export interface WatchSink {
  events(events: readonly ApiWatchEvent[]): void
  end(error?: Error): void
}

/** Throws ApiError 400, 410, 422 or 504. */
export async function watch(core: Core, request: Request, options: WatchOptions, sink: WatchSink): Promise<ApiWatch> {
  const selection = selectionOf(core, request, ofOneName(request, options))
  const translate = translator(core, request, selection)
  const start = await startOf(core, options)
  const prefix = prefixOf(request.resource, request.target.namespace)
  const after = start.revision ?? core.store.revision
  const outlet = new Outlet(core, sink, after)
  if (start.withPresent) outlet.push(present(core, request, prefix, selection))
  if (start.withMark) outlet.push([endOfInitialEvents(request.resource, String(after))])
  try {
    const stop = core.store.watch({ prefix, after }, (events) => outlet.push(translate(events)))
    return { resource: request.resource, revision: () => outlet.revision(), stop: () => (outlet.close(), stop()) }
  } catch (error) {
    if (error instanceof Compacted) throw expired(`too old resource version: ${after} (${core.store.compacted})`)
    throw error
  }
}

interface Start {
  /** Undefined: the newest. */
  readonly revision: number | undefined
  readonly withPresent: boolean
  readonly withMark: boolean
}

async function startOf(core: Core, options: WatchOptions): Promise<Start> {
  checkInitialEvents(options)
  const { sendInitialEvents, allowWatchBookmarks } = options
  const asked = parseRevision(options.resourceVersion)
  const from = asked === 0 ? undefined : asked
  if (!sendInitialEvents) {
    return { revision: from, withPresent: from === undefined && sendInitialEvents === undefined, withMark: false }
  }
  if (from !== undefined) await waitForRevision(core.store, core.clock, from)
  return { revision: undefined, withPresent: true, withMark: allowWatchBookmarks === true }
}

/** The rules of upstream's validation of list options, the part for watches. Throws ApiError 422. */
function checkInitialEvents({ sendInitialEvents, resourceVersionMatch: match = '' }: WatchOptions): void {
  const path = 'resourceVersionMatch'
  const problems: FieldProblem[] = []
  if (sendInitialEvents !== undefined && match !== NOT_OLDER_THAN) {
    problems.push(forbiddenField(path, `sendInitialEvents requires setting resourceVersionMatch to ${NOT_OLDER_THAN}`))
  }
  if (sendInitialEvents === undefined && match !== '') {
    problems.push(forbiddenField(path, `${path} is forbidden for watch unless sendInitialEvents is provided`))
  }
  if (match !== '' && match !== NOT_OLDER_THAN) problems.push(unsupportedValue(path, match, [NOT_OLDER_THAN]))
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems)
}

const NOT_OLDER_THAN = 'NotOlderThan'

/** A target with a name, as the paths under `/watch/` have it, is a selection by name. */
function ofOneName({ target: { name } }: Request, options: WatchOptions): WatchOptions {
  if (name === undefined) return options
  const { fieldSelector } = options
  const byName = `metadata.name=${name}`
  return { ...options, fieldSelector: fieldSelector ? `${fieldSelector},${byName}` : byName }
}

/** Holds events back until the caller has its ApiWatch in hand, so that it knows what the first of them belong to. */
class Outlet {
  readonly #core: Core
  readonly #sink: WatchSink
  readonly #after: number
  #held: ApiWatchEvent[] | undefined = []
  #closed = false

  constructor(core: Core, sink: WatchSink, after: number) {
    this.#core = core
    this.#sink = sink
    this.#after = after
    setImmediate(() => this.#open())
  }

  /** While events are held back nothing is claimed; later the store has told all up to its revision. */
  revision(): string {
    return String(this.#held ? this.#after : Math.max(this.#after, this.#core.store.revision))
  }

  push(events: readonly ApiWatchEvent[]): void {
    if (this.#closed || events.length === 0) return
    if (this.#held) for (const event of events) this.#held.push(event)
    else this.#sink.events(events)
  }

  close(): void {
    this.#closed = true
  }

  #open(): void {
    const held = this.#held!
    this.#held = undefined
    this.push(held)
  }
}

function present(core: Core, { served }: Request, prefix: string, selection: Selection): ApiWatchEvent[] {
  const { entries } = core.store.list({ prefix, ...rangeOf(selection) })
  const matching = selection.matchesDocument ? entries.filter(selection.matchesDocument) : entries
  return matching.map((entry) => ({ type: 'ADDED', document: core.versions.view(served, entry) }))
}

function translator(
  core: Core,
  { served }: Request,
  selection: Selection,
): (events: readonly StoreEvent[]) => readonly ApiWatchEvent[] {
  const view = (stored: Stored): Document => core.versions.view(served, stored)
  if (selection.everything) return (events) => events.map((event) => ({ type: typeOf(event), document: view(event) }))
  const matches = (stored: Stored & { key: string; index: StoreEvent['index'] }): boolean =>
    selection.matchesIndex(stored.key, stored.index) && (selection.matchesDocument?.(stored) ?? true)
  return (events) =>
    events.flatMap((event): ApiWatchEvent[] => {
      const did = event.previous !== undefined && matches(event.previous)
      if (event.type === 'delete') return did ? [{ type: 'DELETED', document: view(event) }] : []
      if (matches(event)) return [{ type: did ? 'MODIFIED' : 'ADDED', document: view(event) }]
      return did ? [{ type: 'DELETED', document: farewell(view(event.previous), event) }] : []
    })
}

function typeOf(event: StoreEvent): 'ADDED' | 'MODIFIED' | 'DELETED' {
  if (event.type === 'delete') return 'DELETED'
  return event.previous === undefined ? 'ADDED' : 'MODIFIED'
}

/** Shared by all watches that the object leaves with this event, and so encoded once. */
const farewells = new WeakMap<Document, Document>()

function farewell(last: Document, event: StoreEvent): Document {
  let document = farewells.get(last)
  if (!document) {
    const { object } = last
    const metadata = { ...object.metadata, resourceVersion: String(event.revision) }
    document = Document.fromObject({ ...object, metadata })
    farewells.set(last, document)
  }
  return document
}
