/**
 * What the hub does not know of calls that it made: whether one whose answer was lost has taken effect, or may yet.
 *
 * What the hub wants is written down before any call: an instance exists with its id and its finalizer, a credential stands in the claim's status.
 * So nothing outside is ever without an owner, and after a lost answer the hub looks, and repeats. Two things are left that looking
 * alone gets wrong, and both are here:
 *
 * - A call that was given up may still run in the driver. It must not make something after the hub has seen that nothing is there.
 * - A backend may show late what it has accepted. So what is to be removed is asked to go at least once, also when it is not to be seen,
 *   and after an answer that says nothing for sure it is looked at again after a while.
 *
 * None of this outlives the process, and none needs to: the next one knows of no deletion, asks for it first, and the calls of the
 * former died with it.
 */
import type { Clock } from '@larder/engine/base/clock'

/** How long a backend may take to show what it has accepted. */
const SHOWN_AFTER_MS = 3000
/** A driver that ignores its signal for so long will not do any more. */
const LATE_MS = 300_000

export interface Doubt {
  /** A call that changes something begins. `what` is an instance, or one of its credentials. */
  begins(what: string, call: Promise<unknown>): void
  /** Its answer did not come, or said that nobody knows. */
  lost(what: string): void
  /** It was asked to go, and the backend agreed. */
  askedToGo(what: string): void
  /** Why it is not enough to see nothing of it. */
  goneFor(what: string): Gone
  forget(what: string): void
}

type Gone = 'sure' | 'not asked' | { readonly againMs: number; readonly message: string }

interface Known {
  /** Calls that have not ended. */
  readonly calls: Set<{ readonly since: number }>
  asked: boolean
  lostAt: number | undefined
}

const MAX_KNOWN = 10_000

export function createDoubt(clock: Clock): Doubt {
  const known = new Map<string, Known>()

  function of(what: string): Known {
    let about = known.get(what)
    if (!about) known.set(what, (about = { calls: new Set(), asked: false, lostAt: undefined }))
    for (const [oldest, { calls }] of known) {
      if (known.size <= MAX_KNOWN) break
      if (calls.size === 0 && oldest !== what) known.delete(oldest)
      else break
    }
    return about
  }

  return {
    begins(what, call) {
      const about = of(what)
      const one = { since: clock.now() }
      about.calls.add(one)
      const over = () => {
        about.calls.delete(one)
        // What went well and was not asked to go needs no memory: that is the rule for everything that is unknown.
        if (about.calls.size === 0 && !about.asked && about.lostAt === undefined) known.delete(what)
      }
      call.then(over, over)
    },
    lost(what) {
      const about = of(what)
      about.lostAt = clock.now()
      about.asked = false
    },
    askedToGo(what) {
      of(what).asked = true
    },
    goneFor(what) {
      const about = known.get(what)
      const now = clock.now()
      if (about && [...about.calls].some(({ since }) => now - since < LATE_MS)) return { againMs: 1000, message: LATE }
      if (!about?.asked) return 'not asked'
      const leftMs = (about.lostAt ?? -Infinity) + SHOWN_AFTER_MS - now
      return leftMs > 0 ? { againMs: leftMs, message: UNSURE } : 'sure'
    },
    forget(what) {
      if (known.get(what)?.calls.size === 0) known.delete(what)
    },
  }
}

const LATE = 'an earlier request that was given up has not ended yet'
const UNSURE = 'the answer to an earlier request was lost; it is looked at again before it counts as gone'
