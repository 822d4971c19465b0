/**
 * One hub at work among those that share an API.
 *
 * Each stretch of leading is a term of its own: drivers, sessions and controllers are made when it begins and left behind when it
 * ends, so that nothing that was remembered in one term, while another process worked, is taken for the truth in the next.
 * Rejected: the process ends when its lease is lost, as many controllers do. On a laptop nobody would start it again.
 */
import type { Election } from '@larder/engine/runtime/election'

export interface Term {
  /** Its controllers have filled caches. */
  readonly isReady: boolean
  /** Another process may lead already: stops without touching anything outside. */
  abandon(): Promise<void>
  /** A clean stop, before anybody else may lead. */
  finish(): Promise<void>
}

export interface Leadership {
  readonly isLeading: boolean
  /** A standby is ready: it can take over at any moment. */
  readonly isReady: boolean
  /** Finishes the term, and only then gives the lease to whoever waits. */
  stop(): Promise<void>
}

/** `begin` must not throw. */
export function standForElection(election: Election, begin: () => Term): Leadership {
  let term: Term | undefined
  let isStopping = false
  election.start({
    elected() {
      if (!isStopping) term = begin()
    },
    async lost() {
      const lost = term
      term = undefined
      await lost?.abandon()
    },
  })
  return {
    get isLeading() {
      return term !== undefined && election.isLeader
    },
    get isReady() {
      return term?.isReady ?? true
    },
    async stop() {
      isStopping = true
      await term?.finish()
      await election.stop()
    },
  }
}
