/**
 * A driver's session as controllers see it: the same verbs, under a deadline, behind the gate, with errors in our words and
 * secrets taken out. Drivers stay naive because everything that is hard about calling a backend is here.
 */
import type { Clock } from '@larder/engine/base/clock'
import { errorChain, type Log } from '@larder/engine/base/log'
import type {
  Ack,
  Bound,
  Credential,
  Driver,
  Found,
  Json,
  Plan,
  Seen,
  Session,
  Traits,
  Unbound,
  Want,
} from '@larder/kit'
import { OPEN_KEYS } from '../../model/binding-keys.ts'
import { withDeadline } from './deadline.ts'
import { DriverFailure, failureOf } from './failure.ts'
import type { Gate } from './gate.ts'
import type { Redaction } from './redaction.ts'

/** Longer than any single request of a well-behaved client library, shorter than a person's patience. */
const CALL_DEADLINE_MS = 60_000

export interface DriverSession {
  readonly driver: string
  readonly canUpdate: boolean
  readonly canWipe: boolean
  traits(recipe: Json): Traits
  probe(signal: AbortSignal): Promise<{ info: Json }>
  /** Undefined when the driver cannot say. */
  plan(want: Want, signal: AbortSignal): Promise<Plan | undefined>
  /** What a class of this recipe could hold; none when the driver finds nothing. */
  found(recipe: Json, signal: AbortSignal): Promise<readonly Found[]>
  observe(want: Want, signal: AbortSignal): Promise<Seen>
  create(want: Want, signal: AbortSignal): Promise<Ack>
  update(want: Want, signal: AbortSignal): Promise<Ack>
  delete(want: Want, signal: AbortSignal): Promise<Ack>
  bind(want: Want, credential: Credential, signal: AbortSignal): Promise<Bound>
  unbind(want: Want, credential: Credential, signal: AbortSignal): Promise<Unbound>
  wipe(want: Want, signal: AbortSignal): Promise<Ack>
  /** Remembers a secret that the driver is about to be told: of an instance's own account, or of a parameter. */
  learn(secret: string | Uint8Array): void
  /** Takes secrets out of what the backend says. */
  redact(text: string): string
  /** Forgets what is remembered of failed calls for this id. */
  forget(id: string): void
}

/** What is not known to be open may be secret. */
function learnSecrets(redaction: Redaction, values: Readonly<Record<string, Json | Uint8Array>>): void {
  for (const [key, value] of Object.entries(values)) if (!OPEN_KEYS.includes(key)) redaction.learnRecent(value)
}

export interface DriverSessionParts {
  readonly driver: Driver
  readonly session: Session
  readonly clock: Clock
  readonly log: Log
  readonly gate: Gate
  readonly redaction: Redaction
}

export function createDriverSession(parts: DriverSessionParts): DriverSession {
  const { driver, session, clock, log, gate, redaction } = parts
  const redact = (text: string) => redaction.redact(text)

  function ask<T>(verb: string, outer: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const what = `driver ${driver.name}: ${verb}`
    // The function may throw before it returns a promise: drivers are naive.
    const guarded = async (signal: AbortSignal) => call(signal)
    return withDeadline(clock, CALL_DEADLINE_MS, outer, what, guarded).catch((error: unknown) => {
      const failure = failureOf(error, { driver: driver.name, verb }, redact)
      log.warn('a call of the driver failed', { verb, reason: failure.reason, error: redact(errorChain(error)) })
      throw failure
    })
  }

  /** Behind the gate: only calls that change something; looking is how one finds out that it is over. */
  function act<T>(verb: string, want: Want, outer: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return gate.pass(`${verb} ${want.id}`, String(want.generation), () => ask(verb, outer, call))
  }

  return {
    driver: driver.name,
    canUpdate: session.update !== undefined,
    canWipe: session.wipe !== undefined,
    traits: (recipe) => driver.traits(recipe),
    probe: (signal) => ask('probe', signal, (s) => session.probe(s)),
    plan: (want, signal) => ask('plan', signal, async (s) => session.plan?.(want, s)),
    found: (recipe, signal) =>
      ask('discover', signal, async (s) => {
        const found: Found[] = []
        for await (const each of session.discover?.({ recipe }, s) ?? []) if ('found' in each) found.push(each)
        return found
      }),
    observe: (want, signal) => ask('observe', signal, (s) => session.observe(want, s)),
    create: (want, signal) => act('create', want, signal, (s) => session.create(want, s)),
    update(want, signal) {
      if (!session.update) throw new DriverFailure('UpdateNotSupported', `driver ${driver.name} changes nothing`)
      return act('update', want, signal, (s) => session.update!(want, s))
    },
    delete: (want, signal) => act('delete', want, signal, (s) => session.delete(want, s)),
    bind: (want, credential, signal) =>
      act(`bind ${credential.id}`, want, signal, async (s) => {
        const bound = await session.bind(want, credential, s)
        if (bound.phase === 'ready') learnSecrets(redaction, bound.values)
        return bound
      }),
    unbind: (want, credential, signal) =>
      act(`unbind ${credential.id}`, want, signal, (s) => session.unbind(want, credential, s)),
    wipe(want, signal) {
      if (!session.wipe) throw new DriverFailure('WipeNotSupported', `driver ${driver.name} wipes nothing`)
      return act('wipe', want, signal, (s) => session.wipe!(want, s))
    },
    learn: (secret) => redaction.learnRecent(secret),
    redact,
    forget: (id) => gate.forget(id),
  }
}
