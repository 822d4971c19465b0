/**
 * The workers of a controller: how many of its passes run at the same time.
 *
 * A pass that waits for the world outside (a backend that takes its time, or is dead) does no work, and a thousand of them would
 * hold all workers while objects that could go on stand in the queue. So a pass lends its worker to others while it waits:
 *
 *     const answer = await away(pass.signal, () => backend.create(want))
 *
 * Its key still counts as running, so that no second pass of the object begins meanwhile. When the wait is over the pass takes the next worker
 * that is free, before keys that have not begun. A pass is known by its signal, because that is what travels to whatever waits.
 *
 * Rejected: a pass that ends with "calling" and a later pass that finds the answer, because each answer would have to be kept, matched and
 * trusted again; and a queue for each backend, because a pass learns only on the way which backend it needs.
 */
export interface Workers {
  /** Resolves when a worker is free, and takes it. Passes that come back are served first. */
  take(): Promise<void>
  give(): void
  /** The pass with this signal has a worker from now on; the returned function ends that, and gives the worker back if it is not lent. */
  begin(signal: AbortSignal, wake: () => void): () => void
  readonly active: number
}

interface Lease {
  readonly leave: () => void
  readonly comeBack: () => Promise<void>
  readonly wake: () => void
}

const leases = new WeakMap<AbortSignal, Lease>()

/** Runs `wait` while the pass of this signal needs no worker. Calls may overlap. For a signal of no pass it is just `wait`. */
export async function away<T>(signal: AbortSignal, wait: () => Promise<T>): Promise<T> {
  const lease = leases.get(signal)
  if (!lease) return wait()
  lease.leave()
  try {
    return await wait()
  } finally {
    await lease.comeBack()
  }
}

/** Asks for another pass of the object whose pass has, or had, this signal; undefined for a signal of no pass. */
export const wakerOf = (signal: AbortSignal): (() => void) | undefined => leases.get(signal)?.wake

export function createWorkers(limit: number, changed: (by: 1 | -1) => void = () => undefined): Workers {
  let active = 0
  const returning: (() => void)[] = []
  const beginning: (() => void)[] = []

  function enter(line: (() => void)[]): Promise<void> {
    if (active < limit) {
      active++
      changed(1)
      return Promise.resolve()
    }
    return new Promise((resolve) => line.push(resolve))
  }

  function give(): void {
    const next = returning.shift() ?? beginning.shift()
    // The worker goes from hand to hand: it is never free in between, so that nobody overtakes.
    if (next) return next()
    active--
    changed(-1)
  }

  return {
    get active() {
      return active
    },
    take: () => enter(beginning),
    give,
    begin(signal, wake) {
      let waits = 0
      let holding = true
      let ended = false
      leases.set(signal, {
        wake,
        leave() {
          waits++
          if (!holding) return
          holding = false
          give()
        },
        async comeBack() {
          waits--
          if (waits > 0 || ended) return
          await enter(returning)
          // The pass has ended or left again while it stood in line.
          if (waits > 0 || holding || ended) give()
          else holding = true
        },
      })
      return () => {
        ended = true
        if (holding) give()
      }
    },
  }
}
