/**
 * Follows the kinds that bindings are about, each from the moment when one is first met, and remembers which of their objects have
 * which bindings in them. Nothing else is kept: a pass reads what it needs.
 *
 * An account may be allowed to read a kind and not to watch it (the conformance suite of the specification allows no more). Then, and
 * where nothing may be read at all, everybody concerned looks again now and then, which is how a right that comes or goes is noticed.
 */
import type { Clock } from '@larder/engine/base/clock'
import { backoffMs, pause } from '@larder/engine/client/backoff'
import type { Client } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { isApiError } from '@larder/engine/machinery/status'
import { boundUids } from './projector/marks.ts'

interface News {
  /** Something of an object has changed, or it has gone: then what is given is its last state. */
  object(type: ResourceType, object: KubeObject, isGone: boolean): void
  /** Nobody knows what has changed of a kind. */
  kind(type: ResourceType): void
}

export interface FollowedKinds {
  /** From now on there is news of the kind. */
  follow(type: ResourceType): void
  /** Names of objects that were seen with a binding in them. News of what is missing here is still to come. */
  boundTo(type: ResourceType, namespace: string, uid: string): readonly string[]
  /** Tells until the returned function is called. */
  tell(news: News): () => void
}

const BACKOFF = { baseMs: 250, capMs: 5000 }

const keyOf = ({ group, version, resource }: ResourceType) => `${group}/${version}/${resource}`

export interface FollowedKindsParts {
  readonly client: Client
  readonly clock: Clock
  /** A watch outlives the right to it; asked for again after this time, it is refused. */
  readonly watchSeconds: number
}

export function createFollowedKinds(parts: FollowedKindsParts): FollowedKinds {
  const followed = new Map<string, Followed>()
  let begin: ((kind: Followed) => void) | undefined

  return {
    follow(type) {
      if (followed.has(keyOf(type))) return
      const kind: Followed = { type, bound: new Map(), bindings: new Map() }
      followed.set(keyOf(type), kind)
      begin?.(kind)
    },
    boundTo(type, namespace, uid) {
      const objects = followed.get(keyOf(type))?.bound.get(uid) ?? []
      return [...objects].flatMap((object) =>
        object.startsWith(`${namespace}/`) ? [object.slice(namespace.length + 1)] : [],
      )
    },
    tell(news) {
      const stopped = new AbortController()
      begin = (kind) => void run({ ...parts, kind, news, signal: stopped.signal })
      for (const kind of followed.values()) begin(kind)
      return () => {
        begin = undefined
        stopped.abort()
      }
    },
  }
}

interface Followed {
  readonly type: ResourceType
  /** By the uid of a binding: `namespace/name` of what has it. */
  readonly bound: Map<string, Set<string>>
  /** The other way round. */
  readonly bindings: Map<string, readonly string[]>
}

interface Following extends FollowedKindsParts {
  readonly kind: Followed
  readonly news: News
  readonly signal: AbortSignal
}

/** Why it failed is told by whoever is told to look again: the pass meets the same error, and says so in status. */
async function run(following: Following): Promise<void> {
  const { kind, clock, news, signal } = following
  for (let failures = 0; !signal.aborted;) {
    const startedAt = clock.now()
    const forgotten = await follow(following).catch((error: unknown) => isApiError(error) && error.code === 410)
    if (signal.aborted) return
    news.kind(kind.type)
    if (forgotten) continue
    failures = clock.now() - startedAt > BACKOFF.capMs ? 1 : failures + 1
    await pause(
      clock,
      backoffMs(failures, BACKOFF, () => 0),
      signal,
    )
  }
}

async function follow(following: Following): Promise<never> {
  const { kind, client, watchSeconds, signal } = following
  const objects = client.of(kind.type)
  const list = await objects.list()
  kind.bound.clear()
  kind.bindings.clear()
  for (const object of list.items) note(following, object)
  let { resourceVersion } = list.metadata
  for (;;) {
    signal.throwIfAborted()
    const options = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: watchSeconds }
    for await (const { type, object } of objects.watch(options, signal)) {
      resourceVersion = object.metadata.resourceVersion ?? resourceVersion
      if (type !== 'BOOKMARK') note(following, object, type === 'DELETED')
    }
  }
}

function note({ kind, news }: Following, object: KubeObject, isGone = false): void {
  const { namespace = '', name, annotations } = object.metadata
  const key = `${namespace}/${name}`
  for (const uid of kind.bindings.get(key) ?? []) kind.bound.get(uid)?.delete(key)
  const uids = isGone ? [] : boundUids(annotations)
  if (uids.length > 0) kind.bindings.set(key, uids)
  else kind.bindings.delete(key)
  for (const uid of uids) {
    const objects = kind.bound.get(uid)
    if (objects) objects.add(key)
    else kind.bound.set(uid, new Set([key]))
  }
  news.object(kind.type, object, isGone)
}
