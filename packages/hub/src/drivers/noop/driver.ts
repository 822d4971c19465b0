/**
 * Makes nothing, and answers as a driver that makes things would: for measuring the hub, and for trying doors.
 *
 * Example: `recipe: {delay: 2s}` and a claim is Ready after two seconds; without a recipe at once. A backend with
 * `config: {silent: true}` never answers anything, as one behind a broken network. The credentials have
 * the usual keys and open nothing. What it must remember, when the thing was "made", it hands to the hub as `state`;
 * its own memory only bridges the moments until the hub has that. Rejected: a table of instances on disk, because then
 * one would measure that.
 */
import { createHash } from 'node:crypto'
import { DURATION_PATTERN, invalid, parseDurationMs } from '@larder/kit'
import type { Credential, Driver, Json, Seen, Session, Want } from '@larder/kit'

export interface NoopDriverOptions {
  now?: () => number
}

export function noopDriver(options: NoopDriverOptions = {}): Driver {
  const things = new Map<string, Thing>()
  return {
    name: 'noop',
    configSchema: { type: 'object', properties: { silent: { type: 'boolean' } } },
    recipeSchema: {
      type: 'object',
      properties: { delay: { type: 'string', pattern: DURATION_PATTERN } },
    },
    traits: () => ({ credentials: 'per-binding', provisions: true, observes: 'state' }),
    connect: ({ config }, host) =>
      isSilent(config) ? silentSession : noopSession(things, options.now ?? (() => host.now().getTime())),
  }
}

const isSilent = (config: Json): boolean => (config as { readonly silent?: boolean }).silent === true

/** Ends when the caller has lost patience. */
const silence = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })

const silentSession: Session = {
  probe: silence,
  observe: (_, signal) => silence(signal),
  create: (_, signal) => silence(signal),
  update: (_, signal) => silence(signal),
  delete: (_, signal) => silence(signal),
  bind: (_, __, signal) => silence(signal),
  unbind: (_, __, signal) => silence(signal),
  wipe: (_, signal) => silence(signal),
}

interface Thing {
  readyAtMs: number
  /** Of what was asked for last. */
  spec: string
  bindings: Set<string>
  /** The last generation that it was wiped for. */
  wipedFor: number
}

const stateOf = (thing: Thing): string => `${thing.readyAtMs} ${thing.spec} ${thing.wipedFor}`

function thingOf(state: string): Thing {
  const [readyAtMs, spec = '', wipedFor = '0'] = state.split(' ')
  return { readyAtMs: Number(readyAtMs), spec, bindings: new Set(), wipedFor: Number(wipedFor) }
}

const MAX_AGAIN_MS = 5_000

function noopSession(things: Map<string, Thing>, now: () => number): Session {
  const find = (want: Want): Thing | undefined => {
    const known = things.get(want.id)
    if (known || want.state === undefined || want.intent === 'delete') return known
    const remembered = thingOf(want.state)
    things.set(want.id, remembered)
    return remembered
  }
  return {
    async probe(signal) {
      signal.throwIfAborted()
      return { info: {} }
    },
    async observe(want, signal) {
      signal.throwIfAborted()
      return seen(want, find(want), now())
    },
    async create(want, signal) {
      signal.throwIfAborted()
      const delayMs = delayOf(want.recipe)
      const thing = find(want) ?? { readyAtMs: now() + delayMs, spec: specOf(want), bindings: new Set(), wipedFor: 0 }
      things.set(want.id, thing)
      return { state: stateOf(thing), outside: { id: want.id } }
    },
    async update(want, signal) {
      signal.throwIfAborted()
      delayOf(want.recipe)
      const thing = find(want)
      if (!thing) return {}
      thing.spec = specOf(want)
      return { state: stateOf(thing) }
    },
    async delete(want, signal) {
      signal.throwIfAborted()
      things.delete(want.id)
      return {}
    },
    async bind(want, credential, signal) {
      signal.throwIfAborted()
      find(want)?.bindings.add(credential.id)
      return { phase: 'ready', values: valuesOf(want, credential) }
    },
    async unbind(want, credential, signal) {
      signal.throwIfAborted()
      things.get(want.id)?.bindings.delete(credential.id)
      return { phase: 'gone' }
    },
    async wipe(want, signal) {
      signal.throwIfAborted()
      const thing = find(want)
      if (!thing || thing.wipedFor >= want.generation) return {}
      thing.wipedFor = want.generation
      thing.bindings.clear()
      return { state: stateOf(thing) }
    },
  }
}

function seen(want: Want, thing: Thing | undefined, nowMs: number): Seen {
  if (!thing) return { phase: 'absent' }
  const outside = { id: want.id }
  const leftMs = thing.readyAtMs - nowMs
  const drift = thing.spec === specOf(want) ? [] : [{ path: 'parameters' }]
  if (leftMs <= 0) return { phase: 'ready', drift, bindings: [...thing.bindings], outside }
  return {
    phase: 'changing',
    doing: 'Waiting',
    againMs: Math.min(leftMs, MAX_AGAIN_MS),
    expectedAt: new Date(thing.readyAtMs).toISOString(),
    outside,
  }
}

function specOf({ plan, parameters }: Want): string {
  const text = JSON.stringify([plan?.name ?? '', parameters], (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function delayOf(recipe: Json | undefined): number {
  const delay = typeof recipe === 'object' && recipe !== null && 'delay' in recipe ? recipe['delay'] : undefined
  if (delay === undefined) return 0
  const delayMs = typeof delay === 'string' ? parseDurationMs(delay) : undefined
  if (delayMs === undefined) throw invalid('recipe.delay', 'recipe.delay must be a duration such as 2s or 500ms')
  return delayMs
}

/** The same shape and length for all, and the same values each time that one is asked for. */
function valuesOf(want: Want, credential: Credential): Record<string, string> {
  const hash = createHash('sha256').update(`${want.id} ${credential.id}`).digest('hex')
  const username = `user_${hash.slice(0, 16)}`
  const password = hash.slice(16, 48)
  return {
    provider: 'noop',
    host: 'nothing.invalid',
    port: '1',
    username,
    password,
    uri: `nothing://${username}:${password}@nothing.invalid:1`,
  }
}
