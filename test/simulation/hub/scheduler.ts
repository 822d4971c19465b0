/**
 * Decides what happens next in a simulated run, and when it is.
 *
 * Whatever would be decided by a network, an operating system or a clock is parked here as an action, and the dice release one at a
 * time: a call that arrives, an answer, an event of a watch, a timer that falls due. Between two actions everything that follows from the
 * first has ended, because nothing in the world waits for anything but promises and parked actions. So the list of choices is the whole
 * of the run, and a seed replays it.
 *
 * Rejected: fake timers over the real event loop. They replay time and not order, and order is where the mistakes are.
 */
import type { Clock } from '@larder/engine/base/clock'
import type { Dice } from './dice.ts'

export interface Action {
  /** Who would do it, so that what a killed process had under way can be taken back. */
  readonly owner: object
  readonly label: string
  readonly run: () => void | Promise<void>
}

export interface Scheduler {
  /** Of the world. Timers are told by `step`. */
  readonly clock: Clock
  /** What happened, a line for each action. */
  readonly trace: readonly string[]
  note(line: string): void
  park(action: Action): Action
  /** False when it has run already. */
  withdraw(action: Action): boolean
  parkedOf(owner: object): readonly Action[]
  /** Nothing is parked: only time can go on. */
  readonly isIdle: boolean
  /** Lets one action happen, or when none is parked the next timer; false when there is neither. */
  step(): Promise<boolean>
  /** Resolves when everything that can happen without an action has happened. */
  settle(): Promise<void>
}

/** A clock of one process: with the process its timers end. */
export interface ProcessClock extends Clock {
  stop(): void
}

interface Timer {
  readonly at: number
  readonly callback: () => void
}

export interface SchedulerOptions {
  readonly dice: Dice
  readonly startMs: number
  /** How often time passes although something else could happen. */
  readonly hurry: number
  /** How much of it at once, at most. */
  readonly leapMs: number
}

const STEP_MS = 1
/** A timer that is due comes soon, and not at once: the process may have other things to do. */
const OVERDUE = 0.3

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

export function createScheduler({ dice, startMs, hurry, leapMs }: SchedulerOptions): Scheduler {
  const parked: Action[] = []
  /** In the order in which they fall due. */
  const timers: Timer[] = []
  const trace: string[] = []
  let nowMs = startMs
  let changes = 0

  function after(ms: number, callback: () => void): () => void {
    changes++
    const timer = { at: nowMs + Math.max(ms, 0), callback }
    let index = timers.length
    while (index > 0 && timers[index - 1]!.at > timer.at) index--
    timers.splice(index, 0, timer)
    return () => {
      const found = timers.indexOf(timer)
      if (found >= 0) timers.splice(found, 1)
    }
  }

  function note(line: string): void {
    trace.push(`${((nowMs - startMs) / 1000).toFixed(3)} ${line}`)
  }

  async function settle(): Promise<void> {
    for (let before = -1; before !== changes;) {
      before = changes
      await turn()
      await turn()
    }
  }

  /** That the next thing to happen is a timer. */
  function chanceOfTime(): number {
    const at = timers[0]?.at
    if (at === undefined) return 0
    if (at <= nowMs) return OVERDUE
    return at <= nowMs + leapMs ? hurry : 0
  }

  function fire(): void {
    const timer = timers.shift()!
    nowMs = Math.max(nowMs, timer.at)
    timer.callback()
  }

  return {
    clock: { now: () => nowMs, after },
    trace,
    note,
    settle,
    park(action) {
      changes++
      parked.push(action)
      return action
    },
    withdraw(action) {
      const index = parked.indexOf(action)
      if (index >= 0) parked.splice(index, 1)
      return index >= 0
    },
    parkedOf: (owner) => parked.filter((action) => action.owner === owner),
    get isIdle() {
      return parked.length === 0
    },
    async step() {
      if (parked.length === 0 && timers.length === 0) return false
      if (parked.length === 0 || dice.chance(chanceOfTime())) fire()
      else {
        const [action] = parked.splice(dice.below(parked.length), 1)
        note(action!.label)
        // Everything takes time: without it a loop that never waits would go on for ever in one moment.
        nowMs += STEP_MS
        await action!.run()
      }
      await settle()
      return true
    },
  }
}

export function processClock(world: Clock): ProcessClock {
  let stopped = false
  return {
    now: () => world.now(),
    after: (ms, callback) => world.after(ms, () => stopped || callback()),
    stop: () => (stopped = true),
  }
}
