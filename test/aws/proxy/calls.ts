/** What was asked of AWS, and how it went: a test counts, waits for a call, or looks for the busiest second. */
import { isSelected, type Call, type Selection } from './call.ts'

/** `reached`: AWS has it, whatever became of the answer. `refused`: a fault or the quota kept it from AWS. */
export type Fate = 'reached' | 'refused'

export interface CountedCall extends Call {
  readonly fate: Fate
}

export class Calls {
  #seen: CountedCall[] = []
  #waiting: { selection: Selection; resolve: (call: CountedCall) => void }[] = []

  /** @internal The proxy counts here, when the fate of a call is known. */
  add(call: Call, fate: Fate): void {
    const counted = { ...call, fate }
    this.#seen.push(counted)
    const [woken, waiting] = partition(this.#waiting, ({ selection }) => isSelected(call, selection))
    this.#waiting = waiting
    for (const { resolve } of woken) resolve(counted)
  }

  all(selection: Selection = {}): readonly CountedCall[] {
    return this.#seen.filter((call) => isSelected(call, selection))
  }

  /** Those that AWS saw, unless `fate` is given: a create that was throttled creates nothing. */
  count(selection: Selection = {}, fate: Fate = 'reached'): number {
    return this.all(selection).filter((call) => call.fate === fate).length
  }

  /** How often AWS saw each action, in the order of their first call. */
  byAction(selection: Selection = {}): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { action, fate } of this.all(selection))
      if (fate === 'reached') counts[action] = (counts[action] ?? 0) + 1
    return counts
  }

  /** The most calls that arrived within any one second, refused ones too. */
  busiestSecond(selection: Selection = {}): number {
    const times = this.all(selection).map(({ atMs }) => atMs)
    times.sort((a, b) => a - b)
    let first = 0
    let most = 0
    for (const [last, time] of times.entries()) {
      while (time - (times[first] ?? time) >= 1000) first++
      most = Math.max(most, last - first + 1)
    }
    return most
  }

  /** The next such call, once its fate is known; calls that were seen already do not count. */
  next(selection: Selection = {}): Promise<CountedCall> {
    return new Promise((resolve) => this.#waiting.push({ selection, resolve }))
  }

  clear(): void {
    this.#seen = []
  }
}

function partition<T>(all: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [all.filter(belongs), all.filter((item) => !belongs(item))]
}
