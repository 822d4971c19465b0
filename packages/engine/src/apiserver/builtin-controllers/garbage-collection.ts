/**
 * Deletes what its owners have left behind: objects whose `metadata.ownerReferences` name only owners that are gone.
 *
 * A deleted Claim takes the Secret that it owns along in one of three ways. Background: the Claim goes, then we find the Secret
 * without an owner. Foreground: the Claim stays, marked, until what blocks it is gone. Orphan: the Secret is made to forget the
 * Claim, then the Claim goes. The last two are finalizers on the owner (core/dependents.ts), and we are who removes them.
 *
 * What counts is the uid: an owner made anew under the old name protects nothing. The store knows who names which uid
 * (`Store.owned`), so each event leads straight to the few objects that it may concern. Rejected: upstream's graph beside the
 * caches, a second model of the world that must first be proven right by asking the API; ours is asked to begin with.
 *
 * Reading order: this file (what wakes whom), `garbage/collector.ts` (what is done with one object), `garbage/owners.ts` (whether
 * an owner counts).
 */
import { setImmediate } from 'node:timers/promises'
import type { Entry, Index, Store, StoreEvent } from '../../storage/store.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from '../core/keys.ts'
import { Collector } from './garbage/collector.ts'
import { isInReach } from './garbage/owners.ts'
import { KeyedWorker } from './keyed-worker.ts'
import type { BuiltinController, ControllerContext } from './namespaces.ts'

/** Objects under work at a time: an owner of a hundred thousand must not bring all of them into memory. */
const AT_ONCE = 100
/** Looked at in one go: some milliseconds, in which nobody is answered. */
const PAGE_ENTRIES = 500

export function startGarbageCollection(context: ControllerContext): BuiltinController {
  const { store } = context
  const wake = (key: string): void => worker.wake(key)
  const collector = new Collector(context, wake)
  const worker = new KeyedWorker({
    ...context,
    name: 'garbage-collector',
    atOnce: AT_ONCE,
    work: (key) => collector.judge(key),
  })
  /** Owners that wait for their dependents: uid to key. */
  const waiting = new Map<string, string>()
  const note = (key: string, { uid, awaits }: Index): void => {
    if (awaits !== undefined) {
      waiting.set(uid, key)
      wake(key)
    } else if (waiting.size > 0) waiting.delete(uid)
  }
  const tellOwners = ({ owners = [] }: Index): void => {
    for (const uid of owners) {
      const key = waiting.get(uid)
      if (key !== undefined) wake(key)
    }
  }
  const onEvent = ({ type, key, index, previous }: StoreEvent): void => {
    if (type === 'delete') {
      waiting.delete(index.uid)
      collector.forget(key)
      for (const dependent of store.owned(index.uid)) wake(dependent)
    } else {
      note(key, index)
      if (index.owners && !hasSameOwners(index, previous?.index)) wake(key)
      // What could not be judged may have waited for this definition.
      if (key.startsWith(CUSTOM_RESOURCE_DEFINITIONS)) for (const unjudged of collector.unjudged) wake(unjudged)
    }
    if (waiting.size === 0) return
    tellOwners(index)
    if (previous) tellOwners(previous.index)
  }
  const stop = store.watch({ prefix: '/', after: store.revision }, (events) => events.forEach(onEvent))
  const stopped = new AbortController()
  const looked = lookForLeftBehind(store, note, stopped.signal).then((keys) => keys.forEach(wake))
  return {
    async idle() {
      await looked
      await worker.idle()
    },
    async close() {
      stop()
      stopped.abort()
      await looked
      await worker.close()
    },
  }
}

function hasSameOwners({ owners = [] }: Index, before: Index | undefined): boolean {
  const known = before?.owners ?? []
  return owners.length === known.length && owners.every((uid, i) => uid === known[i])
}

/**
 * What a stop may have interrupted, told from indexes alone: dependents of owners that are gone, out of reach, or waiting. Looks page by
 * page: of half a million objects it takes seconds, for which nobody waits. What changes meanwhile is told by events.
 */
async function lookForLeftBehind(
  store: Store,
  note: (key: string, index: Index) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const dependents: { readonly key: string; readonly owners: readonly string[] }[] = []
  const owning = new Set<string>()
  await lookAtAll(store, signal, ({ key, index }) => {
    for (const uid of index.owners ?? []) owning.add(uid)
    if (index.owners) dependents.push({ key, owners: index.owners })
    if (index.awaits) note(key, index)
  })
  // Of owners alone: the places of half a million objects would be the most that the start ever holds.
  const owners = new Map<string, { readonly key: string; readonly awaits: boolean }>()
  await lookAtAll(store, signal, ({ key, index: { uid, awaits } }) => {
    if (owning.has(uid)) owners.set(uid, { key, awaits: awaits !== undefined })
  })
  const isSound = (key: string, uid: string): boolean => {
    const owner = owners.get(uid)
    return owner !== undefined && !owner.awaits && isInReach(owner.key, key)
  }
  if (signal.aborted) return []
  return dependents.filter(({ key, owners }) => !owners.every((uid) => isSound(key, uid))).map(({ key }) => key)
}

async function lookAtAll(store: Store, signal: AbortSignal, look: (entry: Entry) => void): Promise<void> {
  let after: string | undefined
  do {
    const { entries } = store.list({ prefix: '/', limit: PAGE_ENTRIES, ...(after !== undefined && { after }) })
    entries.forEach(look)
    after = entries.length < PAGE_ENTRIES ? undefined : entries.at(-1)!.key
    if (after !== undefined) await setImmediate()
  } while (after !== undefined && !signal.aborted)
}
