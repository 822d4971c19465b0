/**
 * Tells of what changes in AWS without our doing: a cache that somebody edits, a stack that somebody removes. AWS tells nobody by itself, so that each kind is listed
 * from time to time: one list for all things of it, however many, and none for kinds of which there is nothing. Who is told and looks at once has the
 * answer from that list (lookup.ts). Of a whole cache that is its replication group, and neither its user group nor its users.
 *
 * Rejected: to look at each ready thing at a pace of its own. That is a request for each, day and night, for changes that nearly never come.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isRecord, parseDurationMs } from '@larder/kit'
import type { Json } from '@larder/kit'
import { asDriverError } from './account/call.ts'
import type { Lookup } from './lookup.ts'
import { digestOf } from './naming.ts'

/** Things of one kind in one account. */
interface Group {
  /** Ids of instances by the names of their things: also of those that would have a name that is another one's. */
  readonly ids: Map<string, Set<string>>
  /** What the last list said. */
  readonly prints: Map<string, string>
  readonly list: (signal: AbortSignal) => Promise<ReadonlyMap<string, unknown>>
}

const LOOK_AGAIN_MS = 600_000
/** Below it an account would be listed back to back. */
const LEAST_MS = 100
/** A timer that is set for longer fires at once. */
const MOST_MS = 2 ** 31 - 1

/** As the Backend says it, before its config is checked: what is wrong with that is said with the first call. */
export function lookoutOf(config: Json): Lookout {
  const said = isRecord(config) ? config['lookAgain'] : undefined
  const everyMs = (typeof said === 'string' ? parseDurationMs(said) : undefined) ?? LOOK_AGAIN_MS
  return new Lookout(Math.min(MOST_MS, Math.max(LEAST_MS, everyMs)))
}

export class Lookout {
  /** By their lookups. */
  readonly #groups = new Map<unknown, Group>()
  /** By the id of the instance. */
  readonly #followed = new Map<string, { readonly lookup: unknown; readonly name: string }>()
  readonly #everyMs: number

  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  /** `name` is what `nameOf` says of the thing of that instance, which has one: in another account it is another one. */
  follow<T>(lookup: Lookup<T>, nameOf: (thing: T) => string | undefined, name: string, id: string): void {
    const before = this.#followed.get(id)
    if (before?.lookup === lookup && before.name === name) return
    this.forget(id)
    this.#followed.set(id, { lookup, name })
    const group = this.#groups.get(lookup) ?? {
      ids: new Map(),
      prints: new Map(),
      list: async (signal) => new Map((await lookup.list(signal)).map((each) => [nameOf(each) ?? '', each])),
    }
    this.#groups.set(lookup, group)
    group.ids.set(name, (group.ids.get(name) ?? new Set<string>()).add(id))
  }

  /** The instance goes: what becomes of its things is no news, and where nobody else has any nothing is listed. */
  forget(id: string): void {
    const { lookup, name = '' } = this.#followed.get(id) ?? {}
    this.#followed.delete(id)
    const group = this.#groups.get(lookup)
    const ids = group?.ids.get(name)
    ids?.delete(id)
    if (!group || ids?.size !== 0) return
    group.ids.delete(name)
    group.prints.delete(name)
    if (group.ids.size === 0) this.#groups.delete(lookup)
  }

  /** Until the signal ends it. Rejects when AWS does not answer, after all were asked for that do. */
  async watch(changed: (id: string) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await pause(this.#everyMs, undefined, { signal, ref: false })
        await this.#tellAll(changed, signal)
      } catch (error) {
        if (!signal.aborted) throw asDriverError(error)
      }
    }
  }

  /** An account that refuses its list must not silence the others. */
  async #tellAll(changed: (id: string) => void, signal: AbortSignal): Promise<void> {
    const failures: unknown[] = []
    for (const group of this.#groups.values()) {
      signal.throwIfAborted()
      await tellNews(group, changed, signal).catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }
}

async function tellNews({ ids, prints, list }: Group, changed: (id: string) => void, signal: AbortSignal) {
  const there = await list(signal)
  for (const [name, each] of ids) {
    const print = printOf(there.get(name))
    if (prints.get(name) === print) continue
    prints.set(name, print)
    for (const id of each) changed(id)
  }
}

const printOf = (thing: unknown): string => (thing === undefined ? '' : digestOf(JSON.stringify(thing)))
