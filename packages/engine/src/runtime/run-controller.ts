/** Runs one controller: wakes, workers, passes. What a pass is made of is in reconcile-key.ts. */
import { setMaxListeners } from 'node:events'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { pause } from '../client/backoff.ts'
import type { Client } from '../client/client.ts'
import type { Informers } from '../client/informers.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { ControllerDefinition } from './controller.ts'
import { createBreath } from './breath.ts'
import { createEventRecorder } from './events.ts'
import type { Leisure } from './leisure.ts'
import type { RuntimeMetrics } from './metrics.ts'
import { createReconciler } from './reconcile-key.ts'
import { createQueue } from './queue.ts'
import { formatKey, keyOf, type Key } from './pass.ts'
import { createWorkers } from './workers.ts'

export interface ControllerEnvironment {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly metrics: RuntimeMetrics
  /** Of all controllers that share the processor. */
  readonly leisure: Leisure
  /** `reportingInstance` of events. */
  readonly instance: string
}

export interface RunningController {
  /** Resolves when the caches that it reads are filled and its workers run. */
  readonly ready: Promise<void>
  /**
   * Lets running passes finish for `graceMs`, then aborts them. Resolves when none runs, or none can write any more, and the events
   * are written.
   */
  stop(graceMs: number): Promise<void>
}

const WORKERS = 4
/** Some milliseconds' worth, where nothing is to be done. */
const PASSES_IN_A_TURN = 16
/** What an aborted pass has to notice it. */
const LAST_MS = 2000

export function runController<T extends KubeObject>(
  definition: ControllerDefinition<T>,
  environment: ControllerEnvironment,
): RunningController {
  const { informers, clock, random, metrics, client, leisure } = environment
  const log = environment.log.with({ controller: definition.name })
  const { name } = definition
  const queue = createQueue({
    clock,
    random,
    ...(definition.backoff && { backoff: definition.backoff }),
    watch: {
      queued: () => metrics.queued(name),
      retried: () => metrics.retried(name),
      waited: (ms) => metrics.waited(name, ms / 1000),
    },
  })
  const events = createEventRecorder({
    client,
    clock,
    log,
    leisure,
    controller: `larder.dev/${definition.name}`,
    instance: environment.instance,
  })
  const stopped = new AbortController()
  // Each pass under way listens, and those that wait outside are many.
  setMaxListeners(0, stopped.signal)
  const most = definition.workers ?? WORKERS
  const workers = createWorkers(most, (change) => {
    metrics.active(name, change)
    leisure.change(change)
  })
  metrics.workers(name, most)
  const { signal } = stopped
  const reconciler = createReconciler(definition, { ...environment, log, queue, events, workers, signal })
  const unsubscribe: (() => void)[] = []

  /** Until then nothing wakes: each object is looked at in any case, with all caches filled. */
  let begun = false

  function wake(keys: readonly Key[]): void {
    if (!begun || keys.length === 0) return
    for (const key of keys) queue.add(formatKey(key))
    metrics.depth(name, queue.depth)
  }

  function wakeItself(object: T): void {
    if (begun && !reconciler.absorbs(object)) wake([keyOf(object)])
  }

  /** What is there at a start is looked at behind what happens from then on: a new object must not wait for a hundred thousand old ones. */
  function begin(): void {
    begun = true
    const own = informers.of(definition.type)
    queue.sweep(formatted(own.keys()), own.size)
    metrics.depth(name, queue.depth)
  }

  function subscribe(): Promise<unknown> {
    const own = informers.of(definition.type)
    for (const [name, values] of Object.entries(definition.indexes ?? {})) own.addIndex(name, values)
    unsubscribe.push(own.subscribe({ added: wakeItself, updated: wakeItself, deleted: wakeItself }, 'now'))
    const synced = [own.synced]
    for (const watch of definition.watches ?? []) {
      const informer = informers.of(watch.type)
      for (const [name, values] of Object.entries(watch.indexes ?? {})) informer.addIndex(name, values)
      const wakeBy = (...objects: readonly KubeObject[]): void => {
        if (begun) wake(objects.flatMap((object) => watch.keys(object, informers)))
      }
      unsubscribe.push(
        informer.subscribe(
          { added: wakeBy, updated: (object, old) => wakeBy(old, object), deleted: (object) => wakeBy(object) },
          'now',
        ),
      )
      synced.push(informer.synced)
    }
    return Promise.all(synced)
  }

  const running = new Set<Promise<void>>()
  const breath = createBreath(PASSES_IN_A_TURN)
  let stopping = false

  async function run(key: string): Promise<void> {
    await reconciler.run(key)
    queue.done(key)
  }

  /** Gives each free worker the next key. */
  async function dispatch(): Promise<void> {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
      metrics.depth(name, queue.depth)
      await workers.take()
      if (stopping) return workers.give()
      const pass = run(key)
      running.add(pass)
      void pass.finally(() => running.delete(pass))
      await breath(name)
    }
  }

  let dispatching = Promise.resolve()
  const ready = subscribe().then(() => {
    // A source that begins after the stop would never be ended.
    if (stopping) return
    for (const source of definition.sources ?? []) unsubscribe.push(source(wake, informers))
    begin()
    dispatching = dispatch()
  })

  return {
    ready,
    async stop(graceMs) {
      for (const end of unsubscribe) end()
      stopping = true
      queue.close()
      const allDone = dispatching.then(() => Promise.all(running))
      await Promise.race([allDone, pause(clock, graceMs, stopped.signal)])
      stopped.abort()
      const inTime = await Promise.race([allDone.then(() => true), pause(clock, LAST_MS, new AbortController().signal)])
      if (inTime !== true) log.error('a pass ignores its signal; left behind, it can write no more')
      await events.flush()
    },
  }
}

function* formatted(keys: Iterable<Key>): Iterable<string> {
  for (const key of keys) yield formatKey(key)
}
