/** What goes wrong in a run, and how often: some runs have one kind of trouble, some all. After `cease` nothing goes wrong any more. */
import type { Call } from '@larder/engine/machinery/call'
import type { Dice } from './dice.ts'
import type { CallFate, Chances, EventFate } from './wire-chances.ts'
import type { YardChances, YardFate } from './yard.ts'

export interface Faults {
  readonly wire: Chances
  readonly yard: YardChances
  /** How often time passes although something else could happen. */
  readonly hurry: number
  /** How much of it at once, at most. */
  readonly leapMs: number
  cease(): void
}

type Odds<T extends string> = Readonly<Partial<Record<T, number>>>

interface Profile {
  readonly call: Odds<CallFate>
  readonly event: Odds<EventFate>
  readonly verb: Odds<YardFate>
  readonly lateAnswers: number
  readonly fails: number
  readonly flickers: number
  readonly slow: number
}

const CALM: Profile = { call: {}, event: {}, verb: {}, lateAnswers: 0.1, fails: 0, flickers: 0, slow: 0.2 }

const PEACE: Profile = { ...CALM, lateAnswers: 0, slow: 0 }

const PROFILES: readonly Profile[] = [
  CALM,
  { ...CALM, call: { killedBefore: 0.005, killedAfter: 0.01 }, verb: { killedBefore: 0.03, killedAfter: 0.1 } },
  { ...CALM, call: { lost: 0.05, answerLost: 0.08, doubled: 0.05 }, lateAnswers: 0.4 },
  { ...CALM, call: { overtaken: 0.15 }, event: { late: 0.05 }, lateAnswers: 0.3 },
  { ...CALM, event: { late: 0.15, breaks: 0.02, expires: 0.02 } },
  { ...CALM, verb: { refused: 0.2, answerLost: 0.2, doubled: 0.1, hangs: 0.03, crashes: 0.03 }, slow: 0.7 },
  { ...CALM, fails: 0.3, flickers: 0.2, slow: 0.5 },
  {
    call: { lost: 0.02, answerLost: 0.03, doubled: 0.02, overtaken: 0.04, killedBefore: 0.002, killedAfter: 0.004 },
    event: { late: 0.05, breaks: 0.01, expires: 0.01 },
    verb: { refused: 0.08, answerLost: 0.08, doubled: 0.05, hangs: 0.02, crashes: 0.02, killedAfter: 0.03 },
    lateAnswers: 0.25,
    fails: 0.1,
    flickers: 0.08,
    slow: 0.5,
  },
]

function draw<T extends string>(dice: Dice, odds: Odds<T>, otherwise: T): T {
  let left = dice.random()
  for (const [fate, chance] of Object.entries(odds) as [T, number][]) {
    if (left < chance) return fate
    left -= chance
  }
  return otherwise
}

/** Nobody else touches a Lease, and its time would only make the standby wait. */
const isOvertaken = (call: Call): boolean => call.verb !== 'create' && call.target.resource !== 'leases'

export function chooseFaults(dice: Dice): Faults {
  return faultsOf(dice, dice.chance(0.4) ? PROFILES.at(-1)! : dice.pick(PROFILES))
}

export const noFaults = (dice: Dice): Faults => faultsOf(dice, PEACE)

function faultsOf(dice: Dice, chosen: Profile): Faults {
  let profile = chosen
  return {
    hurry: dice.pick([0.02, 0.05, 0.15]),
    leapMs: dice.pick([50, 2000, 2000, 60_000]),
    cease: () => (profile = PEACE),
    wire: {
      call(call) {
        const fate = draw<CallFate>(dice, profile.call, 'arrives')
        return fate === 'overtaken' && !isOvertaken(call) ? 'arrives' : fate
      },
      answerIsLate: () => dice.chance(profile.lateAnswers),
      event: () => draw<EventFate>(dice, profile.event, 'arrives'),
      lateMs: () => dice.pick([5, 100, 2000, 15_000]),
    },
    yard: {
      verb: () => draw<YardFate>(dice, profile.verb, 'done'),
      takesMs: () => (dice.chance(profile.slow) ? dice.pick([100, 1500, 8000]) : 0),
      fails: () => dice.chance(profile.fails),
      flickers: () => dice.chance(profile.flickers),
    },
  }
}
