/**
 * What the runtime counts, under the names of controller-runtime and of client-go's work queues, so that dashboards that exist
 * work. The program decides where to: the hub adds it to the registry of its API.
 */
import { counter, gauge, histogram, type Instrument, type Meter } from '../base/meter.ts'
import type { KubeObject } from '../machinery/object.ts'

export interface RuntimeMetrics {
  /** The most passes of a controller at the same time. */
  workers(controller: string, most: number): void
  /** A pass took a worker, or gave it back. */
  active(controller: string, change: 1 | -1): void
  pass(controller: string, result: PassResult, seconds: number): void
  /** A pass begins, known by its signal; what is returned is told how it ended. For traces. */
  began?(controller: string, object: KubeObject, signal: AbortSignal): (result: PassResult) => void
  timedOut(controller: string): void
  depth(controller: string, keys: number): void
  queued(controller: string): void
  retried(controller: string): void
  /** A key waited so long for its pass. */
  waited(controller: string, seconds: number): void
  /** A pass has reported: the object as the pass saw it, and its status as it is now. For what a program counts of its own. */
  reported(object: KubeObject, status: object): void
}

/** `conflict`: overtaken by another writer, repeated soon. `aborted`: the manager stopped. */
export type PassResult = 'done' | 'wait' | 'stalled' | 'failed' | 'conflict' | 'aborted'

export const noMetrics: RuntimeMetrics = {
  workers() {},
  active() {},
  pass() {},
  timedOut() {},
  depth() {},
  queued() {},
  retried() {},
  waited() {},
  reported() {},
}

const CONTROLLER = ['controller']
const QUEUE = ['controller', 'name']
const RECONCILES = counter('controller_runtime_reconcile_total', 'Passes by how they ended.', ['controller', 'result'])
const ERRORS = counter('controller_runtime_reconcile_errors_total', 'Passes that failed or stalled.', CONTROLLER)
const TERMINAL = counter(
  'controller_runtime_terminal_reconcile_errors_total',
  'Passes that ended with something only a person can mend.',
  CONTROLLER,
)
const TIME = histogram('controller_runtime_reconcile_time_seconds', 'How long passes took, with waits.', CONTROLLER)
const MOST = gauge('controller_runtime_max_concurrent_reconciles', 'Workers of a controller.', CONTROLLER)
const ACTIVE = gauge('controller_runtime_active_workers', 'Workers that have a pass now.', CONTROLLER)
const TIMEOUTS = counter('controller_runtime_reconcile_timeouts_total', 'Passes that took too long.', CONTROLLER)
const DEPTH = gauge('workqueue_depth', 'Keys that wait for a worker.', QUEUE)
const ADDS = counter('workqueue_adds_total', 'Keys that came into the queue.', QUEUE)
const RETRIES = counter('workqueue_retries_total', 'Keys that come again after a failure.', QUEUE)
const WAITED = histogram('workqueue_queue_duration_seconds', 'How long keys waited for a worker.', QUEUE)
const WORKED = histogram('workqueue_work_duration_seconds', 'How long keys were worked on.', QUEUE)

export const RUNTIME_INSTRUMENTS: readonly Instrument[] = [
  RECONCILES,
  ERRORS,
  TERMINAL,
  TIME,
  MOST,
  ACTIVE,
  TIMEOUTS,
  DEPTH,
  ADDS,
  RETRIES,
  WAITED,
  WORKED,
]

/** In the words of controller-runtime. */
const RESULTS: Readonly<Record<PassResult, string>> = {
  done: 'success',
  wait: 'requeue_after',
  stalled: 'error',
  failed: 'error',
  conflict: 'requeue',
  aborted: 'requeue',
}

export function countRuntime(meter: Meter, reported: RuntimeMetrics['reported'] = () => undefined): RuntimeMetrics {
  return {
    reported,
    workers: (controller, most) => meter.set(MOST, [controller], most),
    active: (controller, change) => meter.add(ACTIVE, [controller], change),
    pass(controller, result, seconds) {
      meter.add(RECONCILES, [controller, RESULTS[result]])
      if (RESULTS[result] === 'error') meter.add(ERRORS, [controller])
      if (result === 'stalled') meter.add(TERMINAL, [controller])
      meter.observe(TIME, [controller], seconds)
      meter.observe(WORKED, [controller, controller], seconds)
    },
    timedOut: (controller) => meter.add(TIMEOUTS, [controller]),
    depth: (controller, keys) => meter.set(DEPTH, [controller, controller], keys),
    queued: (controller) => meter.add(ADDS, [controller, controller]),
    retried: (controller) => meter.add(RETRIES, [controller, controller]),
    waited: (controller, seconds) => meter.observe(WAITED, [controller, controller], seconds),
  }
}
