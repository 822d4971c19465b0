/** What a walk says to the hub. */
import type { Changing, Drift, Json, Seen } from '@larder/kit'
import { NoValue, type Words } from './cel.ts'
import type { Keys } from './graph.ts'
import { readMemory, remembered, type Memory } from './memory.ts'
import { told } from './naming.ts'
import { ofTheClaim } from './objects.ts'
import type { Left } from './removal.ts'
import { render } from './template.ts'
import { messageOf, type Step, type Walked } from './walk.ts'

/** The watch tells sooner. */
export const AGAIN_MS = 10_000

export interface Sight {
  readonly walked: Walked
  /** What the recipe does not have any more. */
  readonly left: readonly Left[]
  /** What the hub remembers. */
  readonly state: string | undefined
  readonly outputs: Keys
  /** It was whole before, so that what is missing is a difference. */
  readonly wasMade: boolean
  /** It is somebody else's: nothing is missing that could be made. */
  readonly isOnlyLookedAt: boolean
  /** For people: the name of the instance. */
  readonly name: string
}

export const isThere = ({ steps }: Walked): boolean =>
  steps.some(({ node, thing, look }) => !node.isExternal && thing !== undefined && look.is !== 'foreign')

export function seenOf({ walked, left, state, outputs, name, wasMade, isOnlyLookedAt }: Sight): Seen {
  const { steps, memory } = walked
  const foreign = steps.find(({ look }) => look.is === 'foreign')
  if (foreign) return { phase: 'conflict', message: messageOf(foreign) }
  if (!isThere(walked) && left.length === 0) return nothingThere(readMemory(state))
  const kept = { ...remembered(memory, state), outside: { id: name } }
  const broken = failureOf(steps, wasMade)
  if (broken) return { ...kept, ...broken }
  const missing = steps.filter(({ look }) => look.is === 'missing')
  const rest = steps.filter(({ look }) => !['ready', 'excluded', 'missing'].includes(look.is))
  const drift = [
    ...steps.flatMap((step) => step.drift),
    ...(wasMade ? missing.map(({ node }) => `resources.${node.id}`) : []),
  ]
  if (isOnlyLookedAt && missing.length + rest.length > 0) return { ...kept, ...waiting(steps) }
  const isMore = missing.length > 0 || drift.length > 0
  if (isMore && (rest.length > 0 || !wasMade)) return { ...kept, phase: 'unknown' }
  if (rest.length > 0) return { ...kept, ...waiting(steps) }
  const going = left.filter(({ isNext }) => !isNext)
  if (drift.length === 0 && left.length > 0 && going.length === left.length) return { ...kept, ...leaving(left) }
  const differs: readonly Drift[] = [...drift, ...left.map(({ made }) => `resources.${made.id}`)].map((path) => ({
    path,
  }))
  return { ...kept, phase: 'ready', drift: differs, outputs: outputsOf(outputs, walked.words) }
}

/** What was about to be made is repeated; what was there and is gone altogether is gone. */
function nothingThere(memory: Memory): Seen {
  const isBegun = memory.size > 0 && [...memory.values()].every(({ uid }) => uid === undefined)
  return isBegun ? { phase: 'unknown' } : { phase: 'absent' }
}

function failureOf(steps: readonly Step[], wasMade: boolean): Extract<Seen, { phase: 'failed' }> | undefined {
  const lost = steps.find(({ look }) => look.is === 'lost')
  if (lost) {
    const message = `${nameOf(lost)} was there and is gone, and it held data: made anew it would be empty. Restore it, or delete what it was for`
    return { phase: 'failed', reason: 'ResourceLost', message, usable: false, retry: 'no' }
  }
  const failed = steps.find(({ look }) => look.is === 'failed')
  if (!failed) return undefined
  const made = steps.filter(({ node, look }) => !node.isExternal && look.is !== 'excluded')
  const usable = wasMade && made.every(({ thing }) => thing !== undefined)
  const message = `${nameOf(failed)}: ${messageOf(failed)}`
  return { phase: 'failed', reason: 'ResourceFailed', message, usable, retry: 'same' }
}

/** `2 of 7 are ready: waiting for ReplicationGroup services/redis: creating`. */
export function waiting(steps: readonly Step[]): Changing {
  const counted = steps.filter(({ look }) => look.is !== 'excluded')
  const ready = counted.filter(({ look }) => look.is === 'ready').length
  const first =
    counted.find(({ look }) => look.is === 'unready' || look.is === 'pending' || look.is === 'missing') ??
    counted.find(({ look }) => look.is !== 'ready')!
  const message = `${ready} of ${counted.length} are ready: waiting for ${nameOf(first)}: ${messageOf(first)}`
  return { phase: 'changing', doing: `Waiting for ${first.node.id}`, message, againMs: AGAIN_MS }
}

function leaving(left: readonly Left[]): Changing {
  const [first] = left
  const message = `waiting for ${told(first!.made)} to be gone, which is no part of it any more`
  return { phase: 'changing', doing: `Removing ${first!.made.id}`, message, againMs: AGAIN_MS }
}

const nameOf = ({ node, ref }: Step): string => (ref ? told(ref) : `${node.kind} ${node.id}`)

/** What is not reported yet is left out. */
function outputsOf(outputs: Keys, words: Words): Json {
  return Object.fromEntries(
    outputs.flatMap(([key, template]) => {
      try {
        const value = render(template, words)
        return value === undefined ? [] : [[key, value] as const]
      } catch (error) {
        if (error instanceof NoValue && error.isMissing) return []
        throw ofTheClaim(error)
      }
    }),
  )
}
