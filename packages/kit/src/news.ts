/**
 * Follows the Kubernetes objects on which a driver's instances depend, for `Driver.watch`: one watch for each kind and namespace, begun
 * when something of it is first looked at.
 */
import { setMaxListeners } from 'node:events'
import type { Clock } from './clock.ts'
import type { KubeApi, Query, Ref } from './driver.ts'

const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 30_000

export interface News {
  /** From now on `id` is told of when the object changes. */
  about(ref: Ref, id: string): void
  /** From now on every object that the query finds is told of by `idOf`, and by an empty id when nobody knows which ones changed. */
  among(query: Query, idOf: (ref: Ref) => string): void
  /** Nobody asks for `id` any more. */
  forget(id: string): void
  /** Tells until the signal is aborted. */
  tell(changed: (id: string) => void, signal: AbortSignal): Promise<void>
}

interface Topic {
  readonly query: Query
  /** For single objects: who is told of which. */
  readonly ids: Map<string, Set<string>>
  readonly idOf: ((ref: Ref) => string) | undefined
  /** Of its watch. */
  stop?: AbortController
}

const placeOf = ({ namespace = '', name }: Ref) => `${namespace}/${name}`

export function createNews(kube: KubeApi, clock: Clock): News {
  const topics = new Map<string, Topic>()
  let begin: ((topic: Topic) => void) | undefined

  function topicOf(query: Query, idOf?: (ref: Ref) => string): Topic {
    const key = JSON.stringify([query, idOf !== undefined])
    let topic = topics.get(key)
    if (!topic) {
      topic = { query, ids: new Map(), idOf }
      topics.set(key, topic)
      begin?.(topic)
    }
    return topic
  }

  return {
    about(ref, id) {
      const { apiVersion, kind, namespace } = ref
      const { ids } = topicOf({ apiVersion, kind, ...(namespace !== undefined && { namespace }) })
      const told = ids.get(placeOf(ref))
      if (told) told.add(id)
      else ids.set(placeOf(ref), new Set([id]))
    },
    among: (query, idOf) => void topicOf(query, idOf),
    forget(id) {
      for (const [key, { ids, idOf, stop }] of topics) {
        for (const [place, told] of ids) if (told.delete(id) && told.size === 0) ids.delete(place)
        if (ids.size > 0 || idOf) continue
        topics.delete(key)
        stop?.abort()
      }
    },
    async tell(changed, signal) {
      // One listener for each kind and namespace that somebody looks at is no leak.
      setMaxListeners(0, signal)
      const running = new Set<Promise<void>>()
      begin = (topic) => {
        topic.stop = new AbortController()
        const both = AbortSignal.any([signal, topic.stop.signal])
        const following = follow(kube, clock, topic, changed, both).finally(() => running.delete(following))
        running.add(following)
      }
      for (const topic of topics.values()) begin(topic)
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        signal.addEventListener('abort', () => resolve())
      })
      begin = undefined
      await Promise.all(running)
    },
  }
}

/**
 * A watch that fails is news too: the account may have lost its right, or the kind may be gone, and whoever looks finds that out. What went
 * between a first look and the begin of the watch is in no list and no event, so once it has begun, or begun again, all are told.
 */
async function follow(
  kube: KubeApi,
  clock: Clock,
  { query, ids, idOf }: Topic,
  changed: (id: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const tell = (ref: Ref): void => {
    if (idOf) changed(idOf(ref))
    for (const id of ids.get(placeOf(ref)) ?? []) changed(id)
  }
  const tellAll = (): void => {
    for (const id of new Set([...ids.values()].flatMap((told) => [...told]))) changed(id)
    if (idOf) changed('')
  }
  for (let failures = 0; !signal.aborted; failures++) {
    const startedAt = clock.now()
    // Why it failed is told by whoever is told to look again: observe meets the same error and it reaches status.
    await kube.watch(query, tell, signal, tellAll).catch(() => undefined)
    if (clock.now() - startedAt > MAX_PAUSE_MS) failures = 0
    if (signal.aborted) return
    tellAll()
    await pause(clock, Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS), signal)
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(ms, end)
    signal.addEventListener('abort', end)
  })
}
