/**
 * When the controllers of a program have nothing to do: what can wait is done then.
 *
 * In a burst of claims two of nine writes are Events, and each that is written at once keeps somebody waiting for a Secret. Written in
 * the first quiet moment they cost the same and delay nobody.
 */
import type { Clock } from '../base/clock.ts'

export interface Leisure {
  /** A pass has taken a worker (1), or given it back (-1). */
  change(by: 1 | -1): void
  /** Calls `then` when no pass works, in `mostMs` at the latest. The returned function has it called now, unless it was called. */
  wait(mostMs: number, then: () => void): () => void
}

export function createLeisure(clock: Clock): Leisure {
  let working = 0
  let looking = false
  const waiting = new Set<() => void>()

  /** After the next turn of sockets and timers: between two passes nothing works for a moment, however much there is to do. */
  function lookSoon(): void {
    if (looking || working > 0 || waiting.size === 0) return
    looking = true
    setImmediate(() => {
      looking = false
      if (working === 0) for (const begin of waiting) begin()
    })
  }

  return {
    change(by) {
      working += by
      lookSoon()
    },
    wait(mostMs, then) {
      const begin = (): void => {
        if (!waiting.delete(begin)) return
        cancelTimer()
        then()
      }
      const cancelTimer = clock.after(mostMs, begin)
      waiting.add(begin)
      lookSoon()
      return begin
    },
  }
}
