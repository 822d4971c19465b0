import type { StoreEvent } from './store.ts'

type Listener = (events: readonly StoreEvent[]) => void

interface Watch {
  readonly listener: Listener
  /** Events wait here until the replay has been delivered, so that live ones cannot overtake it. */
  replay: StoreEvent[] | undefined
  /** Events up to here have been delivered or are in `replay`. */
  after: number
}

/** Who is told of what. Watches of one prefix share the filtered batch. */
export class Watches {
  readonly #byPrefix = new Map<string, Set<Watch>>()

  /** `replay`: what happened behind `after` until now. Delivered in a microtask: the caller has its stop function by then. */
  add(prefix: string, after: number, replay: StoreEvent[], listener: Listener): () => void {
    const watch: Watch = { listener, replay, after: replay.at(-1)?.revision ?? after }
    const watches = this.#byPrefix.get(prefix) ?? new Set()
    this.#byPrefix.set(prefix, watches.add(watch))
    if (replay.length === 0) watch.replay = undefined
    else queueMicrotask(() => deliverReplay(watch, watches))
    return () => {
      watches.delete(watch)
      if (watches.size === 0 && this.#byPrefix.get(prefix) === watches) this.#byPrefix.delete(prefix)
    }
  }

  publish(events: readonly StoreEvent[]): void {
    for (const [prefix, watches] of this.#byPrefix) {
      const matching = events.filter((event) => event.key.startsWith(prefix))
      if (matching.length === 0) continue
      for (const watch of watches) offer(watch, matching)
    }
  }

  clear(): void {
    for (const watches of this.#byPrefix.values()) watches.clear()
    this.#byPrefix.clear()
  }
}

function offer(watch: Watch, events: readonly StoreEvent[]): void {
  // Some are old news to a watch that was started by a listener of this very batch, or that starts in the future.
  const news = events[0]!.revision > watch.after ? events : events.filter((event) => event.revision > watch.after)
  if (news.length === 0) return
  watch.after = news[news.length - 1]!.revision
  if (watch.replay) watch.replay.push(...news)
  else watch.listener(news)
}

function deliverReplay(watch: Watch, watches: Set<Watch>): void {
  const events = watch.replay!
  watch.replay = undefined
  if (watches.has(watch)) watch.listener(events)
}
