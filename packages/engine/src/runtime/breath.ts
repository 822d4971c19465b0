/**
 * Pauses for what is done again and again within one turn of the event loop.
 *
 * Over an API in the same process a write, its event and the next pass are all microtasks, and timers and sockets wait until there are no
 * more. Two hubs with caches that differ for a moment, which put each other's status right, would go on for ever, since the very news
 * that ends the quarrel would never be read; and a hub that looks at a hundred thousand claims after its start would answer nobody meanwhile, nor
 * renew its lease. Over a network the same ends by itself.
 */

/** Undefined when there is nothing to wait for. */
export type Breath = (key: string) => Promise<void> | undefined

/** Lets what is done for a key go on `atOnce` times in one turn. */
export function createBreath(atOnce: number): Breath {
  const counts = new Map<string, number>()
  return (key) => {
    if (counts.size === 0) setImmediate(() => counts.clear())
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count > atOnce ? new Promise((resolve) => setImmediate(resolve)) : undefined
  }
}
