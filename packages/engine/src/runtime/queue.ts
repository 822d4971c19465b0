/**
 * Keys waiting for a worker. A key stands in the queue once however often it is added, and never runs on two workers: what
 * arrives for a running key makes it run once more afterwards. So a pass may read the world as it is, and no event is lost.
 */
import type { Clock } from '../base/clock.ts'
import { backoffMs, type BackoffOptions } from '../client/backoff.ts'
import { createLine } from './line.ts'

export interface Queue {
  /** Runs as soon as a worker is free. */
  add(key: string): void
  /**
   * Runs these when there is time: nothing happened to them that somebody waits for. Of four keys that run one is of these, so that they
   * end however much happens. Each is asked for when its turn comes, so that a hundred thousand of them need not be held here; one that is running then is
   * left out. `size`: how many there are, about.
   */
  sweep(keys: Iterable<string>, size: number): void
  /** Runs in `ms`, unless it runs before: a pass forgets older appointments of its key, and makes its own. */
  addAfter(key: string, ms: number): void
  /** Runs later, the longer the more often it has failed in a row; returns the delay in ms. */
  addRateLimited(key: string): number
  /** The key has succeeded: its next failure starts at the shortest delay. */
  forget(key: string): void
  /** The next key, which then is running until `done(key)`; undefined once the queue is closed. */
  next(): Promise<string | undefined>
  done(key: string): void
  /** Wakes all who wait in `next`; what is queued stays undone. */
  close(): void
  /** Keys ready to run. */
  readonly depth: number
}

export interface QueueOptions {
  readonly clock: Clock
  /** In [0, 1), for jitter. */
  readonly random?: () => number
  readonly backoff?: BackoffOptions
  readonly watch?: QueueWatch
}

/** Hears of what happens in the queue, for metrics. */
export interface QueueWatch {
  queued(): void
  retried(): void
  waited(ms: number): void
}

const nobody: QueueWatch = { queued() {}, retried() {}, waited() {} }

/** Keys that run before one of those behind has its turn. */
const OVERTAKING = 3
const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 200, capMs: 300_000 }

interface Sweep {
  readonly keys: Iterator<string>
  readonly since: number
  left: number
}

interface Appointment {
  readonly at: number
  readonly cancel: () => void
}

export function createQueue(options: QueueOptions): Queue {
  const { clock, random = Math.random, backoff = DEFAULT_BACKOFF, watch = nobody } = options
  /** And since when. */
  const ready = createLine()
  let behind: Sweep | undefined
  /** Keys of `ready` that ran while others stood behind. */
  let overtaken = 0
  const running = new Set<string>()
  /** Added while they were running. */
  const again = new Set<string>()
  const failures = new Map<string, number>()
  const appointments = new Map<string, Appointment>()
  const idle: ((key: string | undefined) => void)[] = []
  let closed = false

  function cancel(key: string): void {
    appointments.get(key)?.cancel()
    appointments.delete(key)
  }

  function start(key: string, since = clock.now()): string {
    watch.waited(clock.now() - since)
    ready.delete(key)
    cancel(key)
    running.add(key)
    return key
  }

  function add(key: string): void {
    if (closed) return
    if (running.has(key)) {
      again.add(key)
      return
    }
    if (!ready.has(key)) {
      watch.queued()
      ready.add(key, clock.now())
    }
    idle.shift()?.(start(key))
  }

  function sweep(keys: Iterable<string>, size: number): void {
    behind = { keys: keys[Symbol.iterator](), since: clock.now(), left: size }
    for (let key = idle[0] && take(); key !== undefined; key = idle[0] && take()) idle.shift()!(key)
  }

  function take(): string | undefined {
    const swept = behind && (ready.size === 0 || overtaken >= OVERTAKING) ? takeBehind(behind) : undefined
    if (swept !== undefined) {
      overtaken = 0
      return swept
    }
    overtaken = behind ? overtaken + 1 : 0
    const key = ready.first()
    return key === undefined ? undefined : start(key, ready.since(key))
  }

  function takeBehind(from: Sweep): string | undefined {
    for (let next = from.keys.next(); next.done !== true; next = from.keys.next()) {
      from.left--
      const key = next.value
      if (running.has(key)) continue
      if (!ready.has(key)) watch.queued()
      return start(key, ready.since(key) ?? from.since)
    }
    behind = undefined
    return undefined
  }

  function addAfter(key: string, ms: number): void {
    if (closed) return
    // By the clock even when it is at once: a pass that always asks for the next would otherwise keep every timer and socket waiting.
    const at = clock.now() + ms
    const existing = appointments.get(key)
    if (existing && existing.at <= at) return
    existing?.cancel()
    const fire = () => {
      appointments.delete(key)
      add(key)
    }
    appointments.set(key, { at, cancel: clock.after(ms, fire) })
  }

  return {
    add,
    sweep,
    addAfter,
    addRateLimited(key) {
      const count = (failures.get(key) ?? 0) + 1
      failures.set(key, count)
      watch.retried()
      const delayMs = backoffMs(count, backoff, random)
      addAfter(key, delayMs)
      return delayMs
    },
    forget(key) {
      failures.delete(key)
    },
    next() {
      if (closed) return Promise.resolve(undefined)
      const key = take()
      return key === undefined ? new Promise((resolve) => idle.push(resolve)) : Promise.resolve(key)
    },
    done(key) {
      running.delete(key)
      if (again.delete(key)) add(key)
    },
    close() {
      closed = true
      behind = undefined
      for (const key of appointments.keys()) cancel(key)
      for (const resolve of idle.splice(0)) resolve(undefined)
    },
    get depth() {
      return ready.size + Math.max(0, behind?.left ?? 0)
    },
  }
}
