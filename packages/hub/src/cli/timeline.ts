/** The steps of an object in the order of time, with what surrounds them: from the claim to its credentials. Pure. */
import type { Claim } from '../model/claim.ts'
import type { Instance, InstanceStep } from '../model/instance.ts'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Condition } from '../model/shared-fields.ts'
import { renderTable } from './table.ts'
import { readyCondition } from './chain.ts'

interface TimelineEntry {
  readonly name: string
  readonly startedAt: string
  /** Absent for a moment, and for what still runs. */
  readonly tookMs?: number
  readonly outcome?: InstanceStep['outcome']
  readonly attempts?: number
  readonly message?: string
}

export interface Timeline {
  readonly entries: readonly TimelineEntry[]
  /** What runs now and when it should be done, as the backend says. */
  readonly progress?: { readonly step?: string; readonly message?: string; readonly expectedAt?: string }
}

/** `instance` is what a claim holds, where one may read it. */
export function timelineOf(object: KubeObject, instance: Instance | undefined): Timeline {
  const { status } = object as Claim
  const ready = readyCondition(object)
  const steps = [...stepsOf(object), ...(instance ? stepsOf(instance) : [])].map(entryOf)
  const moments = [
    moment(object.kind === 'Claim' ? 'claimed' : 'created', object.metadata.creationTimestamp),
    ...[
      moment('credentials', object.kind === 'Claim' ? status?.credential?.issuedAt : undefined),
      moment(ready?.status === 'True' ? 'Ready' : (ready?.reason ?? ''), ready?.lastTransitionTime, ready),
    ].map((entry) => entry && afterSteps(entry, steps)),
  ].filter((entry) => entry !== undefined)
  const progress = status?.progress ?? instance?.status?.progress
  return {
    entries: [...moments.slice(0, 1), ...steps, ...moments.slice(1)].toSorted(byTime),
    ...(progress && { progress }),
  }
}

const stepsOf = (object: KubeObject): readonly InstanceStep[] => (object as Instance).status?.steps ?? []

function moment(name: string, startedAt: string | undefined, condition?: Condition): TimelineEntry | undefined {
  if (startedAt === undefined) return undefined
  return { name, startedAt, ...(condition && condition.status !== 'True' && { message: condition.message }) }
}

/** Conditions are told in whole seconds, steps in milliseconds: what ended in the second of a moment led to it. */
function afterSteps(entry: TimelineEntry, steps: readonly TimelineEntry[]): TimelineEntry {
  const from = Date.parse(entry.startedAt)
  const ends = steps.map((step) => Date.parse(step.startedAt) + (step.tookMs ?? 0)).filter((end) => end < from + 1000)
  return { ...entry, startedAt: new Date(Math.max(from, ...ends)).toISOString() }
}

function entryOf({ took, ...step }: InstanceStep): TimelineEntry {
  const tookMs = took === undefined ? undefined : parseTook(took)
  return { ...step, ...(tookMs !== undefined && { tookMs }) }
}

/** Of two at the same time the first of the list comes first: what was done, then what was reached by it. */
const byTime = (a: TimelineEntry, b: TimelineEntry): number => Date.parse(a.startedAt) - Date.parse(b.startedAt)

/** `412ms`, `2.4s`, `3m40s`, as steps have it. Undefined for any other text. */
export function parseTook(text: string): number | undefined {
  const match = /^(?:(\d+)ms|(?:(\d+)m)?(\d+(?:\.\d+)?)s)$/.exec(text)
  if (!match) return undefined
  const [, ms, minutes = '0', seconds = '0'] = match
  return ms === undefined ? Math.round(Number(minutes) * 60_000 + Number(seconds) * 1000) : Number(ms)
}

const BAR_WIDTH = 24
/** A pause this long between two steps begins a new scale: a change months later must not shrink the creation to nothing. */
const NEW_SCALE_MS = 10 * 60_000

/** One row for each entry, its bar on the scale of those around it. */
export function renderTimeline({ entries }: Timeline, now: number): string {
  const first = Date.parse(entries[0]?.startedAt ?? '')
  const rows = scales(entries, now).flatMap((group) => {
    const from = Date.parse(group[0]!.startedAt)
    const span = Math.max(...group.map((entry) => endOf(entry, now) - from), 1)
    return group.map((entry) => {
      const start = Date.parse(entry.startedAt)
      const length = endOf(entry, now) - start
      return [
        `+${duration(start - first)}`,
        entry.name,
        bar((start - from) / span, length / span, entry.outcome),
        entry.outcome === undefined ? '' : duration(length),
        entry.outcome ?? '',
        entry.attempts === undefined ? '' : String(entry.attempts),
        entry.message ?? '',
      ]
    })
  })
  return renderTable(['START', 'STEP', '', 'TOOK', 'OUTCOME', 'ATTEMPTS', 'MESSAGE'], rows)
}

function scales(entries: readonly TimelineEntry[], now: number): readonly (readonly TimelineEntry[])[] {
  const groups: TimelineEntry[][] = []
  let end = -Infinity
  for (const entry of entries) {
    if (Date.parse(entry.startedAt) - end > NEW_SCALE_MS) groups.push([])
    groups.at(-1)!.push(entry)
    end = Math.max(end, endOf(entry, now))
  }
  return groups
}

function endOf(entry: TimelineEntry, now: number): number {
  const start = Date.parse(entry.startedAt)
  if (entry.outcome === 'Running') return Math.max(now, start)
  return start + (entry.tookMs ?? 0)
}

/** A moment is a stroke; what runs is half filled, what failed is crossed out. */
function bar(offset: number, length: number, outcome: TimelineEntry['outcome']): string {
  const at = Math.min(Math.floor(offset * BAR_WIDTH), BAR_WIDTH - 1)
  const cells = Math.max(1, Math.min(Math.round(length * BAR_WIDTH), BAR_WIDTH - at))
  const cell = outcome === undefined ? '│' : { Done: '█', Running: '▒', Failed: '✗' }[outcome]
  return `${' '.repeat(at)}${cell.repeat(outcome === undefined ? 1 : cells)}`.padEnd(BAR_WIDTH)
}

/** `412ms`, `2.4s`, `3m40s`, `2h05m`, `3d4h`. */
export function duration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms))
  if (rounded < 1000) return `${rounded}ms`
  if (rounded < 60_000) return `${(rounded / 1000).toFixed(1)}s`
  const seconds = Math.round(rounded / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`
  const hours = Math.floor(seconds / 3600)
  if (hours < 48) return `${hours}h${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')}m`
  return `${Math.floor(hours / 24)}d${hours % 24}h`
}
