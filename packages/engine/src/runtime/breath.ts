/**
 * A pause for a key whose status is written again and again within one turn of the event loop.
 *
 * Two hubs in one process over one API, with caches that differ for a moment, put each other's status right. In-process a write,
 * its event and the next pass are all microtasks: they would go on for ever, and the very news that ends the quarrel, which
 * comes with timers and sockets, would never be read. Over a network the same ends by itself.
 */
const WRITES_BEFORE_PAUSE = 3

/** Undefined when there is nothing to wait for. */
export type Breath = (key: string) => Promise<void> | undefined

export function createBreath(): Breath {
  const writes = new Map<string, number>()
  return (key) => {
    if (writes.size === 0) setImmediate(() => writes.clear())
    const count = (writes.get(key) ?? 0) + 1
    writes.set(key, count)
    return count > WRITES_BEFORE_PAUSE ? new Promise((resolve) => setImmediate(resolve)) : undefined
  }
}
