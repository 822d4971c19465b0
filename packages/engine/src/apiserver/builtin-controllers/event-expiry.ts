/**
 * Events live for an hour after their last write, as upstream's leases let them.
 *
 * When they were written is known for those that we saw; older ones, from before a start, get one more hour: reading each of
 * them at every start would cost more than an hour of keeping them.
 */
import { isNotFound } from '../../machinery/status.ts'
import type { StoreEvent } from '../../storage/store.ts'
import { EVENTS } from '../core/keys.ts'
import { KeyedWorker } from './keyed-worker.ts'
import type { BuiltinController, ControllerContext } from './namespaces.ts'

const LIFE_MS = 60 * 60 * 1000
const SWEEP_MS = 60 * 1000
/** Deletions that share a commit, so that a sweep does not hold up other writers. */
const AT_ONCE = 100

export function startEventExpiry(context: ControllerContext): BuiltinController {
  const { store, clock } = context
  /** Keys to when they end; in the order of ending, since every write puts its key last. */
  const ends = new Map<string, number>()
  const note = (key: string): void => {
    ends.delete(key)
    ends.set(key, clock.now() + LIFE_MS)
  }
  const onEvent = (event: StoreEvent): void => {
    if (event.type === 'put') note(event.key)
    else ends.delete(event.key)
  }
  const stop = store.watch({ prefix: EVENTS, after: store.revision }, (events) => events.forEach(onEvent))
  for (const { key } of store.list({ prefix: EVENTS }).entries) note(key)

  const worker = new KeyedWorker({ ...context, name: 'event-expiry', work: () => sweep(context, ends) })
  let stopTimer: (() => void) | undefined
  const schedule = (): void => {
    stopTimer = clock.after(SWEEP_MS, () => {
      worker.wake('sweep')
      schedule()
    })
  }
  schedule()
  return {
    idle: () => worker.idle(),
    close: () => {
      stop()
      stopTimer?.()
      return worker.close()
    },
  }
}

async function sweep(context: ControllerContext, ends: Map<string, number>): Promise<void> {
  const now = context.clock.now()
  const due: string[] = []
  for (const [key, end] of ends) {
    if (end > now) break
    due.push(key)
  }
  for (let i = 0; i < due.length; i += AT_ONCE) {
    await Promise.all(due.slice(i, i + AT_ONCE).map((key) => expire(context, key)))
  }
}

async function expire({ call }: ControllerContext, key: string): Promise<void> {
  const [, , , namespace, name] = key.split('/') as [string, string, string, string, string]
  try {
    await call({ verb: 'delete', target: { group: '', version: 'v1', resource: 'events', namespace, name } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
