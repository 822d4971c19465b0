/**
 * A session whose code is loaded with the first call: a hub that has no Backend on AWS does not pay for the SDK, neither in start-up time nor in memory.
 * Here is also what every verb does first and last: ended by its signal it says so, and what AWS refused and nobody explained is said in the kit's words.
 */
import type { Session } from '@larder/kit'
import { asDriverError } from './account/call.ts'

/** What needs the SDK; nothing is found or wiped, and what is watched the lookout knows without it. */
export type Verbs = Required<Omit<Session, 'discover' | 'wipe' | 'watch'>>

export function lazySession(open: () => Promise<Verbs>): Verbs {
  let opened: Promise<Verbs> | undefined
  const asked = async <T>(signal: AbortSignal, verb: (session: Verbs) => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    try {
      return await verb(await (opened ??= open()))
    } catch (error) {
      signal.throwIfAborted()
      throw asDriverError(error)
    }
  }
  return {
    probe: (s) => asked(s, (session) => session.probe(s)),
    plan: (w, s) => asked(s, (session) => session.plan(w, s)),
    observe: (w, s) => asked(s, (session) => session.observe(w, s)),
    create: (w, s) => asked(s, (session) => session.create(w, s)),
    update: (w, s) => asked(s, (session) => session.update(w, s)),
    delete: (w, s) => asked(s, (session) => session.delete(w, s)),
    bind: (w, c, s) => asked(s, (session) => session.bind(w, c, s)),
    unbind: (w, c, s) => asked(s, (session) => session.unbind(w, c, s)),
  }
}
