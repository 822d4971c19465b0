/** Follows what others depend on: one watch for each kind and namespace, begun when something of it is first looked at. */
import { setMaxListeners } from 'node:events'
import type { KubeApi, Query, Ref } from '@larder/kit'
import type { Clock } from './clock.ts'

const MAX_PAUSE_MS = 30_000

export interface News {
  /** From now on `id` is told of when the object changes. */
  about(ref: Ref, id: string): void
  /** From now on every object that the query finds is told of by `idOf`. */
  among(query: Query, idOf: (ref: Ref) => string): void
  /** Tells until the signal is aborted. */
  tell(changed: (id: string) => void, signal: AbortSignal): Promise<void>
}

interface Topic {
  readonly query: Query
  /** For single objects: who is told of which. */
  readonly ids: Map<string, Set<string>>
  readonly idOf: ((ref: Ref) => string) | undefined
}

const nameOf = ({ namespace = '', name }: Ref) => `${namespace}/${name}`

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
      const told = ids.get(nameOf(ref))
      if (told) told.add(id)
      else ids.set(nameOf(ref), new Set([id]))
    },
    among: (query, idOf) => void topicOf(query, idOf),
    async tell(changed, signal) {
      // One listener for each kind and namespace that somebody looks at is no leak.
      setMaxListeners(0, signal)
      const running: Promise<void>[] = []
      begin = (topic) => running.push(follow(kube, clock, topic, changed, signal))
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
 * A watch that fails is news too: the account may have lost its right, and whoever looks finds that out. After it works again all
 * are told once more, because nobody knows what was missed.
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
    for (const id of ids.get(nameOf(ref)) ?? []) changed(id)
  }
  const tellAll = (): void => {
    for (const each of ids.values()) for (const id of each) changed(id)
    if (idOf) changed('')
  }
  for (let failures = 0; !signal.aborted; failures++) {
    const startedAt = clock.now()
    // Why it failed is told by whoever is told to look again: observe meets the same error and it reaches status.
    // What went between a first look and the begin of the watch is in no list and no event: so all look once more.
    await kube.watch(query, tell, signal, tellAll).catch(() => undefined)
    if (clock.now() - startedAt > MAX_PAUSE_MS) failures = 0
    if (!signal.aborted) {
      tellAll()
      await pause(clock, Math.min(250 * 2 ** failures, MAX_PAUSE_MS), signal)
    }
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
