/**
 * Tells of what changes in AWS without our doing: an endpoint that moves, a user that somebody edits, a stack that somebody removes. AWS tells nobody by itself,
 * so that each kind is listed from time to time: one list for all things of it, however many, and none for kinds of which there is nothing. Who is told
 * and looks at once has the answer from that list (lookup.ts).
 *
 * Rejected: to look at each ready thing at a pace of its own. That is a request for each, day and night, for changes that nearly never come.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isRecord, parseDurationMs } from '@larder/kit'
import type { Json } from '@larder/kit'
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

/** As the Backend says it, before its config is checked: what is wrong with that is said with the first call. */
export function lookoutOf(config: Json): Lookout {
  const said = isRecord(config) ? config['lookAgain'] : undefined
  return new Lookout((typeof said === 'string' ? parseDurationMs(said) : undefined) ?? LOOK_AGAIN_MS)
}

export class Lookout {
  readonly #groups = new Map<unknown, Group>()
  readonly #everyMs: number

  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  /** `name` is what `nameOf` says of the thing of that instance. */
  follow<T>(lookup: Lookup<T>, nameOf: (thing: T) => string | undefined, name: string, id: string): void {
    const group = this.#groups.get(lookup) ?? {
      ids: new Map(),
      prints: new Map(),
      list: async (signal) => new Map((await lookup.list(signal)).map((each) => [nameOf(each) ?? '', each])),
    }
    this.#groups.set(lookup, group)
    group.ids.set(name, (group.ids.get(name) ?? new Set<string>()).add(id))
  }

  /** The instance goes: what becomes of its things is no news. */
  forget(id: string): void {
    for (const { ids, prints } of this.#groups.values()) {
      for (const [name, each] of ids) {
        if (!each.delete(id) || each.size > 0) continue
        ids.delete(name)
        prints.delete(name)
      }
    }
  }

  /** Until the signal ends it. Rejects when AWS does not answer. */
  async watch(changed: (id: string) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await pause(this.#everyMs, undefined, { signal, ref: false })
        for (const group of this.#groups.values()) await tellNews(group, changed, signal)
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  }
}

async function tellNews({ ids, prints, list }: Group, changed: (id: string) => void, signal: AbortSignal) {
  if (ids.size === 0) return
  const there = await list(signal)
  for (const [name, each] of ids) {
    const print = printOf(there.get(name))
    if (prints.get(name) === print) continue
    prints.set(name, print)
    for (const id of each) changed(id)
  }
}

const printOf = (thing: unknown): string => (thing === undefined ? '' : digestOf(JSON.stringify(thing)))
