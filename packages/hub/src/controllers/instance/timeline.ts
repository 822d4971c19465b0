/**
 * The steps of an instance: what people see while they wait, and afterwards where the time went. Bounded, because
 * an instance lives for years.
 */
import type { InstanceStep } from '../../model/instance.ts'

const MAX_STEPS = 20

type Step = { -readonly [K in keyof InstanceStep]: InstanceStep[K] }
export interface Timeline {
  steps?: Step[]
}

/** Begins a step, or goes on with the last one of the same name; another that still runs is over with that. */
export function beginStep(timeline: Timeline, name: string, nowMs: number): void {
  const steps = (timeline.steps ??= [])
  const last = steps.at(-1)
  if (last?.name === name && last.outcome === 'Running') return
  if (last?.name === name && last.outcome === 'Failed') {
    last.outcome = 'Running'
    last.attempts++
    delete last.message
    delete last.took
    return
  }
  if (last?.outcome === 'Running') endStep(timeline, 'Done', undefined, nowMs)
  steps.push({ name, startedAt: new Date(nowMs).toISOString(), attempts: 1, outcome: 'Running' })
  if (steps.length > MAX_STEPS) steps.splice(0, steps.length - MAX_STEPS)
}

/** Ends the step that runs; without one there is nothing to say. */
export function endStep(
  timeline: Timeline,
  outcome: 'Done' | 'Failed',
  message: string | undefined,
  nowMs: number,
): void {
  const last = timeline.steps?.at(-1)
  if (last?.outcome !== 'Running') return
  last.outcome = outcome
  last.took = formatTook(nowMs - Date.parse(last.startedAt))
  if (message !== undefined) last.message = message
}

/** `412ms`, `2.4s`, `3m40s`. */
export function formatTook(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
