/**
 * Events live for an hour after their last write, as upstream's leases let them.
 *
 * When each was written is not kept: with a hundred thousand claims that would be half a million times. The store's revision is the clock.
 * Once a minute its revision is noted, and what has not been written since the revision of an hour ago is over. What was there at
 * a start gets one more hour: reading each of them at every start would cost more than an hour of keeping them.
 */
import { setImmediate } from 'node:timers/promises'
import { isNotFound } from '../../machinery/status.ts'
import type { Store } from '../../storage/store.ts'
import { EVENTS } from '../core/keys.ts'
import { KeyedWorker } from './keyed-worker.ts'
import type { BuiltinController, ControllerContext } from './namespaces.ts'

const LIFE_MS = 60 * 60 * 1000
const SWEEP_MS = 60 * 1000
/** Deletions that share a commit, so that a sweep does not hold up other writers. */
const AT_ONCE = 100
/** Looked at in one go: a millisecond. */
const PAGE_EVENTS = 1000

/** Everything up to this revision was written by this time. */
interface Mark {
  readonly revision: number
  readonly at: number
}

export function startEventExpiry(context: ControllerContext): BuiltinController {
  const { store, clock } = context
  const marks: Mark[] = [{ revision: store.revision, at: clock.now() }]
  const worker = new KeyedWorker({ ...context, name: 'event-expiry', work: () => sweep(context, marks) })
  let stopTimer: (() => void) | undefined
  const schedule = (): void => {
    stopTimer = clock.after(SWEEP_MS, () => {
      if (store.revision > (marks.at(-1)?.revision ?? 0)) marks.push({ revision: store.revision, at: clock.now() })
      worker.wake('sweep')
      schedule()
    })
  }
  schedule()
  return {
    idle: () => worker.idle(),
    close: () => {
      stopTimer?.()
      return worker.close()
    },
  }
}

async function sweep(context: ControllerContext, marks: Mark[]): Promise<void> {
  const past = marks.findLast(({ at }) => at + LIFE_MS <= context.clock.now())
  if (!past) return
  const due = await writtenBy(context.store, past.revision)
  for (let i = 0; i < due.length; i += AT_ONCE) {
    const still = due.slice(i, i + AT_ONCE).filter((key) => (context.store.get(key)?.revision ?? 0) <= past.revision)
    await Promise.all(still.map((key) => expire(context, key)))
  }
  // Only now: a sweep that fails is tried again.
  marks.splice(0, marks.indexOf(past) + 1)
}

async function writtenBy(store: Store, revision: number): Promise<string[]> {
  const keys: string[] = []
  let after: string | undefined
  do {
    const { entries } = store.list({ prefix: EVENTS, limit: PAGE_EVENTS, ...(after !== undefined && { after }) })
    for (const entry of entries) if (entry.revision <= revision) keys.push(entry.key)
    after = entries.length < PAGE_EVENTS ? undefined : entries.at(-1)!.key
    if (after !== undefined) await setImmediate()
  } while (after !== undefined)
  return keys
}

async function expire({ call }: ControllerContext, key: string): Promise<void> {
  const [, , , namespace, name] = key.split('/') as [string, string, string, string, string]
  try {
    await call({ verb: 'delete', target: { group: '', version: 'v1', resource: 'events', namespace, name } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
