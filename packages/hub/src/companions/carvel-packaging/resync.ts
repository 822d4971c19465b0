/** Wakes objects again after their sync period. What is due is in memory alone: after a start every object is looked at anyway. */
import type { Clock } from '@larder/engine/base/clock'
import type { Source } from '@larder/engine/runtime/controller'
import { formatKey, type Key } from '@larder/engine/runtime/pass'

export interface Resync {
  readonly source: Source
  /** In the place of what was asked for before. */
  after(key: Key, ms: number): void
}

export function createResync(clock: Clock): Resync {
  const due = new Map<string, () => void>()
  let wake: ((keys: readonly Key[]) => void) | undefined
  return {
    source(wakeKeys) {
      wake = wakeKeys
      return () => {
        wake = undefined
        for (const cancel of due.values()) cancel()
        due.clear()
      }
    },
    after(key, ms) {
      const id = formatKey(key)
      due.get(id)?.()
      due.delete(id)
      if (wake === undefined) return
      const cancel = clock.after(ms, () => {
        due.delete(id)
        wake?.([key])
      })
      due.set(id, cancel)
    },
  }
}

const SHORTEST_MS = 30_000
const UNITS_MS = { h: 3_600_000, m: 60_000, s: 1000 } as const
const PERIOD = /^(?:\d+(?:\.\d+)?[hms])+$/

/** `1h30m` and the like, as Go writes them; what cannot be read counts as not said. */
export function periodMs(text: string | undefined, unlessTold: number): number {
  if (text === undefined || !PERIOD.test(text)) return unlessTold
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)]
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS], 0)
  return Math.max(SHORTEST_MS, ms)
}
