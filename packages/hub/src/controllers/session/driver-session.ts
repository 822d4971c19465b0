/**
 * A driver's session as controllers see it: the same verbs, when it is their turn at the backend, under a deadline, behind the gate, with errors
 * in our words and secrets taken out. Drivers stay naive because everything that is hard about calling a backend is here.
 */
import { setMaxListeners } from 'node:events'
import type { Clock } from '@larder/engine/base/clock'
import { parseJson, stringifyJson } from '@larder/engine/base/json'
import type { Log } from '@larder/engine/base/log'
import { away, wakerOf } from '@larder/engine/runtime/workers'
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
import type { SessionObserver } from './calls.ts'
import { createBatches } from './batches.ts'
import { createCircuit } from './circuit.ts'
import { unlessAborted } from './deadline.ts'
import { createDoubt } from './doubt.ts'
import { DriverFailure } from './failure.ts'
import { createGate } from './gate.ts'
import { makeCall, type Verb } from './make-call.ts'
import type { Redaction } from './redaction.ts'
import { learnBound, learnWant, redactAnswer } from './secrets-of-calls.ts'
import { createTurns, type Caller } from './turns.ts'

/** Those that may leave something behind, should they take effect late. */
const MAKING: readonly Verb[] = ['create', 'update', 'bind']

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
  /** With the intent to delete, `absent` only when nothing can be there any more. */
  observe(want: Want, signal: AbortSignal): Promise<Seen>
  create(want: Want, signal: AbortSignal): Promise<Ack>
  update(want: Want, signal: AbortSignal): Promise<Ack>
  delete(want: Want, signal: AbortSignal): Promise<Ack>
  bind(want: Want, credential: Credential, signal: AbortSignal): Promise<Bound>
  unbind(want: Want, credential: Credential, signal: AbortSignal): Promise<Unbound>
  wipe(want: Want, signal: AbortSignal): Promise<Ack>
  /** Remembers a secret that the driver is about to be told: of an instance's own account, or of a parameter. */
  learn(secret: string | Uint8Array): void
  /** Takes secrets out of what the backend says. Answers of the verbs are redacted already. */
  redact(text: string): string
  /** Forgets what is remembered of failed calls for this id. */
  forget(id: string): void
}

export interface DriverSessionParts {
  readonly backend: string
  readonly driver: Driver
  readonly session: Session
  readonly clock: Clock
  readonly log: Log
  /** In [0, 1), for jitter. */
  readonly random: () => number
  readonly redaction: Redaction
  readonly observer: SessionObserver
  /** Calls of this backend at the same time. */
  readonly limit: number
  /** The backend stopped to answer, or answers again. */
  readonly turned: () => void
}

/** A call in the line of the backend, and for the memory of what was lost. */
interface About extends Caller {
  readonly verb: Verb
  /** The instance or credential that it may make. */
  readonly makes?: string
}

export interface OpenDriverSession extends DriverSession {
  /** The backend is used in another form, or not at all: no more probes. */
  end(): void
}

export function createDriverSession(parts: DriverSessionParts): OpenDriverSession {
  const { backend, driver, session, clock, log, random, redaction, observer, limit } = parts
  const redact = (text: string) => redaction.redact(text)
  const callParts = { backend, driver: driver.name, clock, log, redact, observer }
  const gate = createGate(clock, random)
  const doubt = createDoubt(clock)
  const turns = createTurns({ backend, limit, clock, random })
  const circuit = createCircuit({ turns, clock, random, probe: trial, turned })
  const lifetime = new AbortController()
  // Every question that is asked for several listens while it is under way; there are as many as turns.
  setMaxListeners(0, lifetime.signal)

  function turned(open: boolean): void {
    const { failure } = circuit
    if (open) log.warn('the backend is left alone', { reason: failure?.reason, error: failure?.message })
    else log.info('the backend answers again')
    if (!open) gate.reopen()
    observer.backend(backend, !open)
    parts.turned()
  }

  async function probe(signal: AbortSignal): Promise<{ info: Json }> {
    try {
      const { info } = await makeCall(callParts, { verb: 'probe', signal }, (s) => session.probe(s))
      return { info: redaction.redactAll(info) }
    } catch (error) {
      throw inTheNameOf(backend, error)
    }
  }

  function trial(): Promise<unknown> {
    return probe(lifetime.signal)
  }

  /** Asks when it is the call's turn. The pass has no worker meanwhile: however slow this backend is, others are not. */
  function ask<T>(about: About, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return away(about.signal, async () => {
      const calledAt = clock.now()
      const end = await turns.take(about)
      try {
        const answer = await makeCall(callParts, about, (signal) => noted(about, () => run(signal)), calledAt)
        circuit.succeeded()
        return redactAnswer(redaction, answer, about.id)
      } catch (error) {
        if (error instanceof DriverFailure) {
          if (error.ambiguous && about.makes !== undefined) doubt.lost(about.makes)
          circuit.failed(error)
        }
        throw error
      } finally {
        end()
      }
    })
  }

  function noted<T>({ makes }: About, run: () => Promise<T>): Promise<T> {
    const running = run()
    if (makes !== undefined) doubt.begins(makes, running)
    return running
  }

  /** Behind the gate: only calls that change something; looking is how one finds out that it is over. */
  function act<T>(
    verb: Verb,
    want: Want,
    outer: AbortSignal,
    run: (signal: AbortSignal) => Promise<T>,
    credential?: Credential,
  ): Promise<T> {
    learnWant(redaction, want, credential)
    const what = credential ? `credential ${credential.id}` : want.id
    const key = `${verb}${credential ? ` ${credential.id}` : ''} ${want.id}`
    const caller = { verb, key, id: want.id, signal: outer, wake: wakerOf(outer) }
    const about = MAKING.includes(verb) ? { ...caller, makes: what } : caller
    return gate.pass(key, String(want.generation), () => ask(about, run))
  }

  const look = <T>(verb: Verb, id: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    ask({ verb, key: `${verb} ${id}`, id, signal, wake: wakerOf(signal) }, run)

  const found = createBatches((question, wake) => {
    const { signal } = lifetime
    return ask({ verb: 'discover', key: `discover ${question}`, id: '', signal, wake }, async (s) => {
      const all: Found[] = []
      const recipe = parseJson(question)
      for await (const each of session.discover?.({ recipe }, s) ?? []) if ('found' in each) all.push(each)
      return all
    })
  })

  async function observe(want: Want, signal: AbortSignal): Promise<Seen> {
    learnWant(redaction, want)
    const seen = await look('observe', want.id, signal, (s) => session.observe(want, s))
    if (want.intent !== 'delete' || seen.phase !== 'absent') return seen
    const gone = doubt.goneFor(want.id)
    if (gone === 'sure') return seen
    if (gone === 'not asked') return { phase: 'unknown' }
    return { phase: 'changing', doing: 'delete', ...gone }
  }

  async function unbind(want: Want, credential: Credential, signal: AbortSignal): Promise<Unbound> {
    const what = `credential ${credential.id}`
    const unbound = await act('unbind', want, signal, (s) => session.unbind(want, credential, s), credential)
    if (unbound.phase !== 'gone') return unbound
    doubt.askedToGo(what)
    const gone = doubt.goneFor(what)
    if (typeof gone === 'object') return { phase: 'changing', doing: 'unbind', ...gone }
    doubt.forget(what)
    return unbound
  }

  return {
    driver: driver.name,
    canUpdate: session.update !== undefined,
    canWipe: session.wipe !== undefined,
    traits: (recipe) => driver.traits(recipe),
    async probe(signal) {
      const { failure } = circuit
      // The circuit asks for itself, and tells when the answer changes.
      if (failure?.reason === 'BackendUnavailable') throw told(failure)
      try {
        const answer = await away(signal, () => probe(signal))
        circuit.probed(undefined)
        observer.backend(backend, true)
        return answer
      } catch (error) {
        if (error instanceof DriverFailure && !signal.aborted) circuit.probed(error)
        throw error
      }
    },
    plan: (want, signal) => look('plan', want.id, signal, async (s) => session.plan?.(want, s)),
    found: (recipe, signal) =>
      away(signal, () => unlessAborted(signal, found.ask(stringifyJson(recipe), wakerOf(signal)))),
    observe,
    create: (want, signal) => act('create', want, signal, (s) => session.create(want, s)),
    update(want, signal) {
      if (!session.update) throw new DriverFailure('UpdateNotSupported', `driver ${driver.name} changes nothing`)
      return act('update', want, signal, (s) => session.update!(want, s))
    },
    async delete(want, signal) {
      const ack = await act('delete', want, signal, (s) => session.delete(want, s))
      doubt.askedToGo(want.id)
      return ack
    },
    bind: (want, credential, signal) =>
      act(
        'bind',
        want,
        signal,
        async (s) => {
          const bound = await session.bind(want, credential, s)
          if (bound.phase === 'ready') learnBound(redaction, bound.values)
          return bound
        },
        credential,
      ),
    unbind,
    wipe(want, signal) {
      if (!session.wipe) throw new DriverFailure('WipeNotSupported', `driver ${driver.name} wipes nothing`)
      return act('wipe', want, signal, (s) => session.wipe!(want, s))
    },
    learn: (secret) => redaction.learnRecent(secret),
    redact,
    forget(id) {
      gate.forget(id)
      turns.forget(id)
      doubt.forget(id)
    },
    end() {
      circuit.end()
      turns.dissolve()
      lifetime.abort()
      observer.backend(backend, undefined)
    },
  }
}

const LOOK_AGAIN_MS = 60_000
const told = ({ reason, message }: DriverFailure) =>
  new DriverFailure(reason, message, { afterMs: LOOK_AGAIN_MS, repeated: true })

/** So that whoever waits for something of this backend reads which one it is. */
function inTheNameOf(backend: string, error: unknown): unknown {
  if (!(error instanceof DriverFailure) || error.reason !== 'BackendUnavailable') return error
  const { afterMs, stalled, ambiguous } = error
  return new DriverFailure(error.reason, `backend ${backend}: ${error.message}`, { afterMs, stalled, ambiguous })
}
