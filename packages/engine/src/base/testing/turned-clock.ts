import type { Clock } from '../clock.ts'

/** A clock that stands until it is turned. Callbacks run in the order of their times, each at its own time. */
export interface TurnedClock extends Clock {
  /** Runs what falls due in the next `ms`, also what is set meanwhile; promises settle between. */
  advance(ms: number): Promise<void>
  /** How long until the next callback; undefined when none waits. */
  readonly nextMs: number | undefined
}

interface Timer {
  readonly at: number
  readonly callback: () => void
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

export function turnedClock(startMs = Date.UTC(2026, 0, 1)): TurnedClock {
  let nowMs = startMs
  const timers = new Set<Timer>()
  const next = () => [...timers].reduce<Timer | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined)
  return {
    now: () => nowMs,
    after(ms, callback) {
      const timer = { at: nowMs + Math.max(ms, 0), callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(ms) {
      const until = nowMs + ms
      await settle()
      for (let timer = next(); timer && timer.at <= until; timer = next()) {
        timers.delete(timer)
        nowMs = timer.at
        timer.callback()
        await settle()
      }
      nowMs = until
    },
    get nextMs() {
      const timer = next()
      return timer && timer.at - nowMs
    },
  }
}
