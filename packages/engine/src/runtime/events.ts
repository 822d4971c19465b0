/**
 * Events of a controller (events.k8s.io/v1), for `kubectl describe`. The name of an Event is derived from what it says,
 * so that the same news, also after a restart, counts up one series instead of filling the list.
 *
 * Events are best effort by nature: a server that is away or forbids them must not fail the pass that tells them, they give way to passes
 * for a while, and where more happens than can be written the rest is left out, with a line in the log: what waits is kept in memory.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { errorChain, type Log } from '../base/log.ts'
import { eventType, type Event, type ObjectReference } from '../client/builtin.ts'
import type { Client } from '../client/client.ts'
import type { KubeObject } from '../machinery/object.ts'
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../machinery/status.ts'
import type { Leisure } from './leisure.ts'

export interface News {
  readonly regarding: KubeObject
  readonly related?: ObjectReference
  readonly type: 'Normal' | 'Warning'
  /** UpperCamelCase, for programs. */
  readonly reason: string
  /** What was done or tried, UpperCamelCase: `Reconcile`. */
  readonly action: string
  /** For people; cut to 1024 bytes. */
  readonly note: string
}

export interface EventRecorder {
  /** Returns at once and never throws; what cannot be written is logged. */
  record(news: News): void
  /** Writes what waits, now. Resolves when everything recorded so far is written or given up. */
  flush(): Promise<void>
}

export interface EventRecorderOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly leisure: Leisure
  /** `example.com/widget-controller`: a qualified name. */
  readonly controller: string
  /** Tells replicas apart; at most 128 bytes. */
  readonly instance: string
}

/** A repetition is written at most this often; those between are counted and told with the next. */
const SERIES_INTERVAL_MS = 30_000
/** After this silence the same news is a new beginning. Upstream's recorder says the same. */
const SERIES_END_MS = 6 * 60_000
const MAX_SERIES = 2000
/** Written at the same time: enough to share commits, few beside the writes that the events are about. */
const PARALLEL = 4
/** About a kilobyte each. */
const MAX_WAITING = 5000
/** With more than this waiting they are written among the passes: none is left out because of those. */
const MAX_RESTING = MAX_WAITING * 0.8
/** What somebody who looks at a busy hub may miss. */
const LONGEST_REST_MS = 10_000

interface Series {
  readonly name: string
  readonly namespace: string
  count: number
  lastAt: number
  writtenAt: number
  pending: boolean
  /** One after the other: a series that is counted up before it exists would be lost. */
  tail: Promise<void>
}

/** RFC 3339 with microseconds, as metav1.MicroTime is written. */
export function formatMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, log, leisure } = options
  const events = client.of(eventType)
  const seriesByName = new Map<string, Series>()
  let running = 0
  const turns: (() => void)[] = []
  let waiting = 0
  let leftOut = 0
  const idle: (() => void)[] = []
  /** What ends the rest of each that waits for leisure. */
  const resting = new Set<() => void>()
  /** Nothing rests until all is written. */
  let flushing = false

  function enqueue(series: Series, work: () => Promise<void>): void {
    waiting++
    const since = clock.now()
    series.tail = series.tail
      .then(() => inTurn(() => rest(since).then(work)))
      .catch(sayUnwritten)
      .then(() => {
        waiting--
        if (waiting === 0) drained()
      })
  }

  function sayUnwritten(error: unknown): void {
    // It goes, and takes its Events along: a thousand objects that go with it are no thousand warnings.
    const level = isNamespaceTerminating(error) ? 'debug' : 'warn'
    log[level]('cannot record an event', { error: errorChain(error) })
  }

  async function inTurn(work: () => Promise<void>): Promise<void> {
    if (running < PARALLEL) running++
    else await new Promise<void>((resolve) => turns.push(resolve))
    try {
      await work()
    } finally {
      const next = turns.shift()
      if (next) next()
      else running--
    }
  }

  function rest(since: number): Promise<void> {
    const leftMs = since + LONGEST_REST_MS - clock.now()
    if (flushing || waiting > MAX_RESTING || leftMs <= 0) return nothing
    return new Promise((resolve) => {
      const end = leisure.wait(leftMs, () => {
        resting.delete(end)
        resolve()
      })
      resting.add(end)
    })
  }

  function drained(): void {
    flushing = false
    if (leftOut > 0) log.warn('events were left out: more happened than could be written', { leftOut })
    leftOut = 0
    for (const resolve of idle.splice(0)) resolve()
  }

  async function create(series: Series, event: ReturnType<typeof eventOf>): Promise<void> {
    try {
      await events.create(event)
      series.writtenAt = clock.now()
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const existing = await events.find(series.name, series.namespace)
      series.count += existing?.series?.count ?? 1
      await write(series)
    }
  }

  async function write(series: Series): Promise<void> {
    series.pending = false
    series.writtenAt = clock.now()
    const body = { series: { count: series.count, lastObservedTime: formatMicroTime(series.lastAt) } }
    try {
      await events.patch(series.name, body, { namespace: series.namespace })
    } catch (error) {
      // Events expire; the next repetition starts over.
      if (!isNotFound(error)) throw error
      seriesByName.delete(series.name)
    }
  }

  /** A flush and an appointment may both ask for the same write. */
  async function writeIfPending(series: Series): Promise<void> {
    if (series.pending) await write(series)
  }

  function repeat(series: Series): void {
    series.count++
    series.lastAt = clock.now()
    if (series.pending) return
    series.pending = true
    // The second time is told at once: one is news, two is a series.
    const waitMs = series.count <= 2 ? 0 : series.writtenAt + SERIES_INTERVAL_MS - clock.now()
    if (waitMs <= 0) enqueue(series, () => writeIfPending(series))
    else clock.after(waitMs, () => enqueue(series, () => writeIfPending(series)))
  }

  return {
    record(news) {
      const name = nameOf(news, options)
      const known = seriesByName.get(name)
      if (known && clock.now() - known.lastAt < SERIES_END_MS) return repeat(known)
      if (waiting >= MAX_WAITING) {
        leftOut++
        return
      }
      const now = clock.now()
      const namespace = news.regarding.metadata.namespace ?? 'default'
      const series = { name, namespace, count: 1, lastAt: now, writtenAt: now, pending: false, tail: nothing }
      seriesByName.delete(name)
      seriesByName.set(name, series)
      for (const oldest of seriesByName.keys()) {
        if (seriesByName.size <= MAX_SERIES) break
        seriesByName.delete(oldest)
      }
      // Made here: who waits keeps the event, and not the object that it is about.
      const event = eventOf(series, news, options, now)
      enqueue(series, () => create(series, event))
    },
    flush() {
      for (const series of seriesByName.values()) if (series.pending) enqueue(series, () => writeIfPending(series))
      flushing = waiting > 0
      for (const end of resting) end()
      return waiting === 0 ? nothing : new Promise((resolve) => idle.push(resolve))
    },
  }
}

const nothing = Promise.resolve()

function nameOf({ regarding, type, reason, action, note }: News, { controller }: EventRecorderOptions): string {
  const { name, namespace = '', uid = '' } = regarding.metadata
  const text = JSON.stringify([regarding.kind, namespace, name, uid, type, reason, action, note, controller])
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return `${name.slice(0, 253 - hash.length - 1)}.${hash}`
}

function eventOf(series: Series, news: News, options: EventRecorderOptions, nowMs: number) {
  const { apiVersion, kind, metadata } = news.regarding
  const { name, namespace, uid, resourceVersion } = metadata
  const regarding = { apiVersion, kind, name, ...(namespace && { namespace }), uid, resourceVersion } as ObjectReference
  return {
    metadata: { name: series.name, namespace: series.namespace },
    eventTime: formatMicroTime(nowMs),
    reportingController: options.controller,
    reportingInstance: options.instance,
    action: news.action,
    reason: news.reason,
    type: news.type,
    note: cutToBytes(news.note, 1024),
    regarding,
    ...(news.related && { related: news.related }),
  } satisfies Partial<Event>
}

function cutToBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= limit) return text
  // A cut inside a character leaves a replacement character, which is not what was said.
  return bytes
    .subarray(0, limit)
    .toString()
    .replace(/\uFFFD+$/, '')
}
