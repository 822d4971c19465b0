/**
 * The API without a network: a transport for controllers that live in the same process.
 *
 * Objects are not serialised: readers share the store's frozen copy. Nothing else is shorter: the user is authorized, and
 * the object admitted and validated, as if it had come over HTTPS. Bodies are taken over: they may end up frozen.
 */
import type { Answer, Call, Target, Transport, WatchEvent, WatchOptions } from '../machinery/call.ts'
import { systemClock, type Clock } from '../base/clock.ts'
import type { Json } from '../base/json.ts'
import { formatApiVersion, type KubeObject } from '../machinery/object.ts'
import { expired, routeNotFound } from '../machinery/status.ts'
import { coreVersions, groupList, resourceList, singleGroup } from './discovery.ts'
import type { Api, ApiWatch, ApiWatchEvent, Result, User } from './api.ts'
import { bookmarkOf } from './bookmark.ts'

/** Events that may wait for a reader; beyond them it is told to list again, so that a stuck one cannot fill the memory. */
const MAX_WAITING = 100_000

/** How often a reader that asked for bookmarks gets one: it then resumes near the end of the log, also after quiet hours. */
const BOOKMARK_INTERVAL_MS = 60_000

/** Whose fields are what a controller writes, on whichever transport: as `httpsTransport` says by its User-Agent. */
const USER_AGENT = 'larder'

export function inProcessTransport(api: Api, user: User, clock: Clock = systemClock): Transport {
  const context = { userAgent: USER_AGENT }
  return {
    async call(call: Call, signal?: AbortSignal): Promise<Answer> {
      signal?.throwIfAborted()
      return answerOf(await api.call(user, call, context))
    },
    watch: (target, options, signal) => watchInProcess(api, user, { target, options, signal, clock }),
    async raw(path: string): Promise<Json> {
      api.authorizePath(user, 'get', path)
      const found = discover(api, path)
      if (!found) throw routeNotFound()
      return found
    },
    close: () => Promise.resolve(),
  }
}

/** Discovery in its plain form; what else has a path belongs to the HTTP server. */
function discover({ resources }: Api, path: string): Json | undefined {
  const [root, ...rest] = path.split('/').slice(1)
  const all = resources.all()
  if (root === 'api') {
    const [version] = rest
    return version === undefined ? coreVersions(all, '') : resourceList(all, { group: '', version })
  }
  if (root !== 'apis') return undefined
  const [group, version] = rest
  if (group === undefined) return groupList(all)
  return version === undefined ? singleGroup(all, group) : resourceList(all, { group, version })
}

function answerOf(result: Result): Answer {
  if (result.type === 'object') return result.document.object
  // A Status has no name; everything else of an object it has.
  if (result.type === 'status') return result.status as unknown as KubeObject
  const { resource, resourceVersion, continue: token, remainingItemCount, documents } = result
  return {
    kind: resource.listKind,
    apiVersion: formatApiVersion(resource.group, resource.version),
    metadata: {
      resourceVersion,
      ...(token !== undefined && { continue: token }),
      ...(remainingItemCount !== undefined && { remainingItemCount }),
    },
    items: documents.map(({ object }) => object),
  }
}

interface WatchAsked {
  readonly target: Target
  readonly options: WatchOptions
  readonly signal: AbortSignal
  readonly clock: Clock
}

async function* watchInProcess(
  api: Api,
  user: User,
  { target, options, signal, clock }: WatchAsked,
): AsyncGenerator<WatchEvent> {
  if (signal.aborted) return
  const mailbox = new Mailbox()
  const watch = await api.watch(user, target, options, {
    events: (events) => mailbox.put(events),
    end: (error) => mailbox.end(error),
  })
  const cancelTimers = keepTime(mailbox, watch, options, clock)
  const onAbort = (): void => mailbox.abandon()
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    for (;;) {
      const events = await mailbox.take()
      if (!events) return
      for (const { type, document } of events) {
        if (signal.aborted) return
        yield { type, object: document.object }
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    cancelTimers()
    watch.stop()
  }
}

/** What the edge does over HTTPS: a bookmark every minute, and at the timeout a last one and the end. Returns the end of it. */
function keepTime(mailbox: Mailbox, watch: ApiWatch, options: WatchOptions, clock: Clock): () => void {
  const { timeoutSeconds = 0, allowWatchBookmarks = false } = options
  const mark = (): void => {
    // All that it claims to be told is in the mailbox before it.
    if (allowWatchBookmarks) mailbox.put([bookmarkOf(watch.resource, watch.revision())])
  }
  let cancelNext = nothing
  const next = (): void => {
    cancelNext = clock.after(BOOKMARK_INTERVAL_MS, () => (mark(), next()))
  }
  if (allowWatchBookmarks) next()
  const end = (): void => {
    mark()
    mailbox.end()
  }
  const cancelEnd = timeoutSeconds > 0 ? clock.after(timeoutSeconds * 1000, end) : nothing
  return () => (cancelNext(), cancelEnd())
}

const nothing = (): void => {}

/** Events between the API, which does not wait, and one reader, which does. */
class Mailbox {
  #waiting: ApiWatchEvent[] = []
  #ended = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  put(events: readonly ApiWatchEvent[]): void {
    if (this.#ended) return
    for (const event of events) this.#waiting.push(event)
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting = []
      this.end(expired('the watch fell too far behind: list again'))
    } else this.#wake?.()
  }

  end(error?: Error): void {
    this.#ended = true
    this.#error ??= error
    this.#wake?.()
  }

  /** Ends without delivering what still waits. */
  abandon(): void {
    this.#waiting = []
    this.end()
  }

  /** What has come since the last time; undefined at the end. Rejects with the error of the end. */
  async take(): Promise<readonly ApiWatchEvent[] | undefined> {
    if (this.#waiting.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#wake = undefined
    if (this.#waiting.length > 0) {
      const events = this.#waiting
      this.#waiting = []
      return events
    }
    if (this.#error) throw this.#error
    return undefined
  }
}
