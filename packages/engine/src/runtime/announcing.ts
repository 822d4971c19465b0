/**
 * What of readiness is told as an Event, for those who read `kubectl describe`.
 *
 * Failures are told at once. A wait is news only when it lasts, and readiness only to those who could have seen that it was lacking: a
 * claim that is served within a moment would else say three times that all is well, a third of all that is written for it.
 */
import type { Clock } from '../base/clock.ts'
import type { Condition } from '../client/builtin.ts'
import type { Lister } from '../client/informer.ts'
import { asJson, type KubeObject } from '../machinery/object.ts'
import { findCondition } from './conditions.ts'
import type { Settled } from './controller.ts'
import type { EventRecorder } from './events.ts'
import { formatKey, keyOf, type ReportedStatus } from './pass.ts'

/** Longer than a burst of a thousand claims keeps one of them waiting. */
const LASTING_MS = 5000

export interface Turn {
  readonly before: ReportedStatus
  readonly after: ReportedStatus
  readonly settled: Settled
}

interface AnnouncerEnvironment {
  readonly clock: Clock
  readonly events: EventRecorder
  readonly signal: AbortSignal
}

export interface Announcer<T extends KubeObject> {
  announce(object: T, turn: Turn): void
  /** Of an object that is gone. */
  forget(key: string): void
}

/** `cache` shows, when a wait has lasted, whether it still does. */
export function createAnnouncer<T extends KubeObject>(
  cache: Lister<T>,
  { clock, events, signal }: AnnouncerEnvironment,
): Announcer<T> {
  /** Keys of those of which was told that they are not ready. */
  const told = new Set<string>()

  function tell(object: T, type: 'Normal' | 'Warning', { status, reason, message }: Condition): void {
    const key = formatKey(keyOf(object))
    if (status === 'True') told.delete(key)
    else told.add(key)
    const note = message || `${object.kind} is ready`
    events.record({ regarding: object, type, reason, action: 'Reconcile', note })
  }

  function tellIfItLasts(object: T, { status, reason }: Condition): void {
    clock.after(LASTING_MS, () => {
      const { name, namespace, uid } = object.metadata
      const current = signal.aborted ? undefined : cache.get(name, namespace)
      if (!current || current.metadata.uid !== uid) return
      const now = readinessOf((asJson(current)['status'] ?? {}) as ReportedStatus)
      if (now?.status === status && now.reason === reason) tell(object, 'Normal', now)
    })
  }

  /** A hub before this one may have told it: then the time since says so. */
  const wasTold = (object: T, { lastTransitionTime }: Condition): boolean =>
    told.has(formatKey(keyOf(object))) || clock.now() - Date.parse(lastTransitionTime) >= 2 * LASTING_MS

  return {
    announce(object, { before, after, settled }) {
      const old = readinessOf(before)
      const ready = readinessOf(after)
      if (!ready || (old?.status === ready.status && old.reason === ready.reason)) return
      if (settled.type === 'stalled' || settled.type === 'failed') tell(object, 'Warning', ready)
      else if (ready.status !== 'True') tellIfItLasts(object, ready)
      else if (old && wasTold(object, old)) tell(object, 'Normal', ready)
    },
    forget: (key) => void told.delete(key),
  }
}

const readinessOf = ({ conditions }: ReportedStatus): Condition | undefined => findCondition(conditions, 'Ready')
