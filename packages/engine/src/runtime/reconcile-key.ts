/** One pass from key to status: the only place where outcomes become conditions, requeues, finalizers and events. */
import type { Clock } from '../base/clock.ts'
import { equalJson, type Json, type JsonObject } from '../base/json.ts'
import { errorChain, type Log } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import type { Informers } from '../client/informers.ts'
import { copyJson, isEmpty, mergePatchBetween } from '../client/merge-patch.ts'
import { asJson, type KubeObject } from '../machinery/object.ts'
import { isConflict, isNotFound } from '../machinery/status.ts'
import { createAnnouncer } from './announcing.ts'
import { createBreath } from './breath.ts'
import type { ControllerDefinition, Settled } from './controller.ts'
import type { EventRecorder } from './events.ts'
import { addFinalizers, hasFinalizerOf, hasFinalizers, removeFinalizers } from './finalizers.ts'
import type { PassResult, RuntimeMetrics } from './metrics.ts'
import { done, type Outcome } from './outcome.ts'
import { createOwnWrites } from './own-writes.ts'
import { formatKey, keyOf, parseKey, type Pass, type ReportedStatus, type StatusDraft } from './pass.ts'
import type { Queue } from './queue.ts'
import { applyConditions, settle, settleError } from './report.ts'
import type { Workers } from './workers.ts'

export interface ReconcilerEnvironment {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly metrics: RuntimeMetrics
  readonly queue: Queue
  readonly events: EventRecorder
  /** Each run has one of them, which the pass may lend (see workers.ts). */
  readonly workers: Workers
  /** Aborts running passes. */
  readonly signal: AbortSignal
}

export interface Reconciler {
  /** Is called with a worker taken, and gives it back. Never rejects. */
  run(key: string): Promise<void>
  /**
   * True when a changed object needs no wake: the runtime itself wrote that version at the end of a pass, or a pass is
   * running, whose end will see to it.
   */
  absorbs(object: KubeObject): boolean
}

const PASS_TIMEOUT_MS = 120_000
/** Of one object. */
const STATUS_WRITES_IN_A_TURN = 3

export function createReconciler<T extends KubeObject>(
  definition: ControllerDefinition<T>,
  environment: ReconcilerEnvironment,
): Reconciler {
  const { client, informers, clock, log, metrics, queue, events, workers } = environment
  const { finalizer } = definition
  const announcer = createAnnouncer(informers.of(definition.type), environment)
  const ownWrites = createOwnWrites(client.transport, informers, environment.signal)
  const breath = createBreath(STATUS_WRITES_IN_A_TURN)
  /** Versions of the object that came while its pass ran: only its end knows which of them the runtime wrote. */
  const arrivals = new Map<string, string[]>()
  /** Versions that the runtime wrote in the last pass of a key, that show nothing which that pass did not know, and that are yet to come. */
  const echoes = new Map<string, Set<string>>()

  /** Keys whose next pass waits for the cache. */
  const parked = new Set<string>()

  function noteEcho(key: string, written: KubeObject): void {
    const revision = written.metadata.resourceVersion
    if (revision !== undefined) echoes.get(key)?.add(revision)
  }

  async function run(key: string): Promise<void> {
    const behind = ownWrites.pending(key)
    if (behind) {
      if (!parked.has(key)) {
        parked.add(key)
        // Unless the event that ends the wait has itself begun a pass meanwhile.
        void behind.then(() => parked.delete(key) && queue.add(key))
      }
      return workers.give()
    }
    parked.delete(key)
    const { name, namespace } = parseKey(key)
    const object = informers.of(definition.type).get(name, namespace)
    echoes.delete(key)
    if (!object) {
      queue.forget(key)
      ownWrites.forget(key)
      announcer.forget(key)
      return workers.give()
    }
    arrivals.set(key, [])
    echoes.set(key, new Set())
    const startedAt = clock.now()
    const result = await attempt(key, object)
    metrics.pass(definition.name, result, (clock.now() - startedAt) / 1000)
    const foreign = (arrivals.get(key) ?? []).filter((revision) => !takeEcho(key, revision))
    if (echoes.get(key)?.size === 0) echoes.delete(key)
    if (foreign.length > 0) queue.add(key)
    arrivals.delete(key)
  }

  /** Each is heard once: who kept them until the next pass would keep them for good of most objects. */
  function takeEcho(key: string, revision: string): boolean {
    const own = echoes.get(key)
    const isEcho = own?.delete(revision) ?? false
    // While its pass runs there may be more to come.
    if (own?.size === 0 && !arrivals.has(key)) echoes.delete(key)
    return isEcho
  }

  /** Never rejects: what cannot even be reported is logged and tried again. */
  async function attempt(key: string, object: T): Promise<PassResult> {
    const passLog = log.with({ object: key })
    const timeoutMs = definition.passTimeoutMs ?? PASS_TIMEOUT_MS
    const deadline = abortAfter(clock, timeoutMs, environment.signal, () => metrics.timedOut(definition.name))
    const end = workers.begin(deadline.signal, () => queue.add(key))
    const ended = metrics.began?.(definition.name, object, deadline.signal)
    let result: PassResult = 'aborted'
    try {
      return (result = await passOver(key, object, passLog, deadline.signal))
    } catch (error) {
      if (environment.signal.aborted) return 'aborted'
      result = isConflict(error) ? 'conflict' : 'failed'
      const delayMs = queue.addRateLimited(key)
      if (isConflict(error)) {
        passLog.debug('overtaken by another writer', { delayMs })
        return 'conflict'
      }
      passLog.warn('cannot report a pass', { delayMs, error: errorChain(error) })
      return 'failed'
    } finally {
      deadline.cancel()
      end()
      ended?.(result)
    }
  }

  async function passOver(key: string, seen: T, passLog: Log, signal: AbortSignal): Promise<PassResult> {
    const deleting = seen.metadata.deletionTimestamp !== undefined
    if (deleting && (finalizer === undefined || !hasFinalizerOf(seen, finalizer))) {
      queue.forget(key)
      return 'done'
    }
    const resources = ownWrites.clientOf(key).of(definition.type)
    let object = seen
    if (!deleting && finalizer !== undefined && !hasFinalizers(seen, finalizer)) {
      object = await addFinalizers(resources, seen, finalizer)
      noteEcho(key, object)
    }
    const pass = createPass(key, object, passLog, signal)
    let settled: Settled
    try {
      settled = settle(await (deleting ? finish(pass) : definition.reconcile(pass)), pass.step)
    } catch (error) {
      if (isConflict(error) || environment.signal.aborted) throw error
      settled = settleError(error, pass.step, definition.explain)
    }
    if (deleting && settled.type === 'done') {
      await removeFinalizers(resources, object, finalizer!).catch(unlessNotFound)
      queue.forget(key)
      return 'done'
    }
    await report(key, object, pass.status, settled)
    schedule(key, settled, passLog)
    return settled.type
  }

  function finish(pass: Pass<T>): Outcome | Promise<Outcome> {
    return definition.finalize ? definition.finalize(pass) : done
  }

  function createPass(key: string, object: T, passLog: Log, signal: AbortSignal): Pass<T> {
    return {
      key: parseKey(key),
      object,
      status: copyJson(statusOf(object)) as StatusDraft<T>,
      client: ownWrites.clientOf(key),
      cache(type) {
        const informer = informers.existing(type)
        if (!informer) throw new TypeError(`controller ${definition.name} reads ${type.kind} but does not watch it`)
        return informer
      },
      signal,
      clock,
      log: passLog,
      step: undefined,
      event(type, reason, note, related) {
        events.record({ regarding: object, type, reason, action: 'Reconcile', note, ...(related && { related }) })
      },
    }
  }

  async function report(key: string, object: T, status: StatusDraft<T>, settled: Settled): Promise<void> {
    const before = statusOf(object)
    if (definition.conditions !== false) {
      applyConditions(status as never, settled, object.metadata.generation, clock.now())
    }
    definition.summarize?.({ object, status, settled })
    const patch = mergePatchBetween(before, status as JsonObject)
    if (!isEmpty(patch)) {
      await breath(key)
      const { name, namespace, uid } = object.metadata
      // The uid: between look and write the object may have been deleted and made again under its name.
      const body = { metadata: { uid }, status: patch }
      const resources = ownWrites.clientOf(key).of(definition.type)
      const written = await resources.patchStatus(name, body, { namespace }).catch(unlessNotFound)
      if (written && equalJson(essence(written, statusOf(written)), essence(object, copyJson(status)))) {
        noteEcho(key, written)
      }
    }
    metrics.reported(object, status)
    if (definition.conditions !== false)
      announcer.announce(object, { before, after: status as ReportedStatus, settled })
  }

  function schedule(key: string, settled: Settled, passLog: Log): void {
    if (settled.type === 'failed') {
      const delayMs = Math.round(queue.addRateLimited(key))
      passLog.warn('pass failed', {
        reason: settled.reason,
        ...(settled.step !== undefined && { step: settled.step }),
        delayMs,
        error: errorChain(settled.error),
      })
      return
    }
    queue.forget(key)
    if (settled.type !== 'done' && settled.afterMs !== undefined) queue.addAfter(key, settled.afterMs)
    if (settled.type === 'stalled') passLog.info('stalled', { reason: settled.reason, message: settled.message })
  }

  return {
    run,
    absorbs(object) {
      const revision = object.metadata.resourceVersion ?? ''
      const key = formatKey(keyOf(object))
      const arrived = arrivals.get(key)
      if (arrived) arrived.push(revision)
      return arrived !== undefined || takeEcho(key, revision)
    },
  }
}

function statusOf(object: KubeObject): JsonObject & ReportedStatus {
  return (asJson(object)['status'] ?? {}) as JsonObject
}

/** The object without what every write changes. */
function essence(object: KubeObject, status: Json): Json {
  const { resourceVersion: _, ...metadata } = asJson(object)['metadata'] as JsonObject
  const { managedFields: __, ...rest } = metadata
  return { ...asJson(object), metadata: rest, status }
}

function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}

function abortAfter(
  clock: Clock,
  ms: number,
  parent: AbortSignal,
  tooLong: () => void,
): { signal: AbortSignal; cancel: () => void } {
  const controller = new AbortController()
  const stop = () => controller.abort(parent.reason)
  if (parent.aborted) stop()
  parent.addEventListener('abort', stop)
  const cancelTimer = clock.after(ms, () => {
    tooLong()
    controller.abort(new Error(`the pass took longer than ${ms} ms`))
  })
  const cancel = () => {
    cancelTimer()
    parent.removeEventListener('abort', stop)
  }
  return { signal: controller.signal, cancel }
}
