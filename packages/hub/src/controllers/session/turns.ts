/**
 * Whose turn it is at one backend: so many calls at a time, oldest first, and no instance before the others because it asks more often.
 *
 * Who waits longer than a moment is sent away, so that its status can say why it waits, but keeps its place: when its turn comes it is woken,
 * and whoever came after it stands behind it still. So a thousand that wait for a backend cost it no requests and the hub no workers
 * (see engine/runtime/workers.ts), and those of other backends do not meet them.
 *
 * Rejected: a limit for each controller, because one backend would use it up for all; tokens per second, because a backend that
 * slows down would be sent the same number.
 */
import type { Clock } from '@larder/engine/base/clock'
import { DriverFailure } from './failure.ts'

/** Longer than a healthy backend keeps anybody waiting, shorter than a person wonders why nothing is said. */
const PATIENCE_MS = 2000
/** Who was woken for its turn and has not come by then has gone. */
const CALLED_MS = 10_000
/** Who keeps a place is woken; this is for a wake that was lost. Spread, so that they do not come together. */
const LOOK_AGAIN_MS = 30_000

export interface Caller {
  /** The same for a call that is repeated: `create 7f3c`. */
  readonly key: string
  /** Whose call it is: turns are shared out between them. */
  readonly id: string
  readonly signal: AbortSignal
  /** Asks whoever was sent away to come again; undefined for callers that only wait. */
  readonly wake: (() => void) | undefined
}

export interface Turns {
  /** Resolves when it is the caller's turn, with what ends it. Rejects with a DriverFailure that says why there is none. */
  take(caller: Caller): Promise<() => void>
  /** Nobody's turn comes until `open`; those who wait and who come are told this. */
  close(failure: DriverFailure): void
  /** Turns come again: one call at first, and with each success twice as many, up to the limit. */
  open(): void
  succeeded(): void
  /** The line ends: all who stand in it, or kept a place, are asked to come again, to the line that takes its place. */
  dissolve(): void
  /** Calls back when somebody has waited in vain. */
  onSlow(told: () => void): void
  forget(id: string): void
  readonly running: number
  /** Who waits here, and who was sent away with a place. */
  readonly waiting: number
}

export interface TurnsOptions {
  readonly backend: string
  /** Calls at the same time. */
  readonly limit: number
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
}

interface Place {
  readonly at: number
  readonly id: string
  wake: (() => void) | undefined
  /** Woken, and on its way. */
  called: boolean
}

interface Waiter {
  readonly caller: Caller
  readonly place: Place
  readonly admit: (end: () => void) => void
  readonly sendAway: (failure: DriverFailure) => void
}

export function createTurns({ backend, limit, clock, random }: TurnsOptions): Turns {
  const waiters = new Set<Waiter>()
  const places = new Map<string, Place>()
  let runningOf = new Map<string, number>()
  let running = 0
  let allowed = limit
  let arrivals = 0
  let closed: DriverFailure | undefined
  /** Calls from before a backend was given up no longer count. */
  let era = 0
  let slow: (() => void) | undefined

  const busy = () =>
    new DriverFailure(
      'BackendBusy',
      `backend ${backend} works on as many requests as it may; this one keeps its place`,
      {
        afterMs: LOOK_AGAIN_MS * (1 + random()),
        repeated: true,
      },
    )

  const away = (failure: DriverFailure) =>
    new DriverFailure(failure.reason, failure.message, {
      afterMs: LOOK_AGAIN_MS * (1 + random()),
      stalled: failure.stalled,
      repeated: true,
    })

  function begin({ key, id }: Caller): () => void {
    places.delete(key)
    running++
    runningOf.set(id, (runningOf.get(id) ?? 0) + 1)
    const begunIn = era
    let ended = false
    return () => {
      if (ended) return
      ended = true
      if (begunIn !== era) return
      running--
      const left = (runningOf.get(id) ?? 1) - 1
      if (left === 0) runningOf.delete(id)
      else runningOf.set(id, left)
      next()
    }
  }

  /** Of those whose instance has the fewest calls under way the one that came first. */
  function first(): Waiter | undefined {
    let best: Waiter | undefined
    let fewest = Infinity
    for (const waiter of waiters) {
      const theirs = runningOf.get(waiter.caller.id) ?? 0
      if (theirs > fewest || (theirs === fewest && waiter.place.at > (best?.place.at ?? Infinity))) continue
      best = waiter
      fewest = theirs
    }
    return best
  }

  function next(): void {
    if (closed) return
    while (running < allowed && waiters.size > 0) {
      const waiter = first()!
      waiters.delete(waiter)
      waiter.admit(begin(waiter.caller))
    }
    callIn(allowed - running)
  }

  /** Wakes so many of those that were sent away, oldest first. */
  function callIn(free: number): void {
    let coming = 0
    // A place stands in the map where it was first taken, so that the order of the map is that of the places.
    for (const [key, place] of places) {
      if (coming >= free) return
      if (place.called) coming++
      else if (place.wake) {
        coming++
        place.called = true
        place.wake()
        clock.after(CALLED_MS, () => {
          if (places.get(key) !== place || !place.called) return
          places.delete(key)
          next()
        })
      }
    }
  }

  function placeOf({ key, id }: Caller): Place {
    let place = places.get(key)
    if (!place) places.set(key, (place = { at: ++arrivals, id, wake: undefined, called: false }))
    place.called = false
    place.wake = undefined
    return place
  }

  /** Nobody comes back who cannot be woken. */
  function keep(caller: Caller, place: Place): void {
    place.wake = caller.wake
    if (!caller.wake) places.delete(caller.key)
  }

  function wait(caller: Caller, place: Place): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const over = () => {
        waiters.delete(waiter)
        cancel()
        caller.signal.removeEventListener('abort', interrupted)
      }
      const sendAway = (failure: DriverFailure) => {
        over()
        keep(caller, place)
        reject(failure)
      }
      const interrupted = () => sendAway(new DriverFailure('BackendUnavailable', INTERRUPTED, { repeated: true }))
      const cancel = clock.after(PATIENCE_MS, () => {
        sendAway(busy())
        slow?.()
      })
      const admit = (end: () => void) => {
        over()
        resolve(end)
      }
      const waiter: Waiter = { caller, place, admit, sendAway }
      caller.signal.addEventListener('abort', interrupted, { once: true })
      waiters.add(waiter)
    })
  }

  return {
    async take(caller) {
      const place = placeOf(caller)
      if (closed) {
        keep(caller, place)
        throw away(closed)
      }
      if (caller.signal.aborted) {
        keep(caller, place)
        throw new DriverFailure('BackendUnavailable', INTERRUPTED, { repeated: true })
      }
      if (running < allowed && waiters.size === 0) return begin(caller)
      return wait(caller, place)
    },
    close(failure) {
      closed = failure
      for (const waiter of waiters) waiter.sendAway(away(failure))
      for (const place of places.values()) place.called = false
    },
    open() {
      if (!closed) return
      closed = undefined
      era++
      running = 0
      runningOf = new Map()
      allowed = 1
      next()
    },
    succeeded() {
      if (closed || allowed >= limit) return
      allowed = Math.min(limit, allowed * 2)
      next()
    },
    dissolve() {
      for (const waiter of waiters) waiter.sendAway(busy())
      const all = [...places.values()]
      places.clear()
      for (const place of all) place.wake?.()
    },
    onSlow(told) {
      slow = told
    },
    forget(id) {
      for (const [key, place] of places) if (place.id === id) places.delete(key)
    },
    get running() {
      return running
    },
    get waiting() {
      return places.size
    },
  }
}

const INTERRUPTED = 'the hub stopped to wait for its turn'
