/**
 * Looks at things of one kind, for many who ask at once. AWS limits the rate of requests, not what one of them answers: a hundred stacks that
 * are being made are described by a few lists, not by a hundred questions again and again.
 *
 * Who asks while others are being answered waits for the next round. A round of a few asks for each by its name; one of more than a list
 * has pages asks for the list. What a list said answers for a moment also those who come after it, and what was found by name only
 * those who say how old it may be. Nothing that was seen before our own last change of a thing answers for it.
 */
import { isDriverError, unavailable } from '@larder/kit'

export interface LookupCalls<T> {
  /** Undefined: it does not exist. */
  one(name: string, signal: AbortSignal): Promise<T | undefined>
  /** Pages of everything there is. */
  all(signal: AbortSignal): AsyncIterable<readonly T[]>
  nameOf(thing: T): string
}

export interface Lookup<T> {
  /** `maxAgeMs`: an answer of so long ago will do. */
  find(name: string, signal: AbortSignal, maxAgeMs?: number): Promise<T | undefined>
  /** We have just changed it, or begun to. */
  changed(name: string): void
  /** Everything, asked now. */
  list(signal: AbortSignal): Promise<readonly T[]>
}

interface Known<T> {
  readonly thing: T | undefined
  /** When the question was asked. */
  readonly at: number
}

/** What nobody remembers: it is thrown to who asked for that name. */
interface Unanswered {
  readonly error: unknown
}

type Answers<T> = ReadonlyMap<string, Known<T> | Unanswered>

interface Round<T> {
  readonly names: Set<string>
  readonly answers: Promise<Answers<T>>
}

/** Longer than a round of lists takes, shorter than anything in AWS does. */
const LIST_ANSWERS_MS = 1_000
/** Until a list has shown how many pages there are. */
const FIRST_GUESS_PAGES = 4
/** A list that is refused to who may look at some names only. */
const NO_LIST_MS = 600_000
/** One that fails: perhaps as a whole for one bad thing in it, so that names are asked for next. */
const NO_LIST_AFTER_FAILURE_MS = 30_000
const ROUND_MS = 30_000
const MAX_KNOWN = 10_000

export function createLookup<T>(calls: LookupCalls<T>, now: () => number): Lookup<T> {
  const known = new Map<string, Known<T>>()
  const changedAt = new Map<string, number>()
  /** Of the last list: what is not in it did not exist then. */
  let list: { readonly at: number; readonly things: ReadonlyMap<string, T> } | undefined
  let pages = FIRST_GUESS_PAGES
  let noListUntil = 0
  let running: Promise<unknown> | undefined
  let next: Round<T> | undefined

  const isCurrent = (name: string, at: number, maxAgeMs: number) =>
    now() - at <= maxAgeMs && at > (changedAt.get(name) ?? Number.NEGATIVE_INFINITY)

  function remembered(name: string, maxAgeMs: number): Known<T> | undefined {
    const one = known.get(name)
    if (one && isCurrent(name, one.at, maxAgeMs)) return one
    if (!list || !isCurrent(name, list.at, Math.max(maxAgeMs, LIST_ANSWERS_MS))) return undefined
    return { thing: list.things.get(name), at: list.at }
  }

  async function listed(signal: AbortSignal): Promise<ReadonlyMap<string, T>> {
    const at = now()
    const things = new Map<string, T>()
    let count = 0
    for await (const page of calls.all(signal)) {
      count++
      for (const thing of page) things.set(calls.nameOf(thing), thing)
    }
    pages = Math.max(1, count)
    list = { at, things }
    return things
  }

  async function each(names: ReadonlySet<string>, at: number, signal: AbortSignal): Promise<Answers<T>> {
    // A name that AWS does not take must not fail those who asked for others.
    const answer = (name: string): Promise<Known<T> | Unanswered> =>
      calls.one(name, signal).then(
        (thing) => ({ thing, at }),
        (error: unknown) => ({ error }),
      )
    return new Map(await Promise.all([...names].map(async (name) => [name, await answer(name)] as const)))
  }

  async function ask(names: ReadonlySet<string>): Promise<Answers<T>> {
    const at = now()
    const signal = AbortSignal.timeout(ROUND_MS)
    if (names.size <= pages || now() < noListUntil) return each(names, at, signal)
    try {
      const things = await listed(signal)
      return new Map([...names].map((name) => [name, { thing: things.get(name), at }]))
    } catch (error) {
      // One that hangs is not refused: it may answer the next time, and its names would hang as well.
      if (signal.aborted) {
        noListUntil = now() + NO_LIST_AFTER_FAILURE_MS
        throw unavailable('the list of what there is took too long')
      }
      const isOfTheList = !isDriverError(error) || error.code === 'denied'
      if (isOfTheList) noListUntil = now() + NO_LIST_MS
      else if (error.code === 'unavailable') noListUntil = now() + NO_LIST_AFTER_FAILURE_MS
      if (isOfTheList) return each(names, at, signal)
      throw error
    }
  }

  function begin(names: Set<string>): Round<T> {
    const answers = ask(names).then((found) => {
      for (const [name, answer] of found) {
        known.delete(name)
        if ('at' in answer) known.set(name, answer)
      }
      for (const oldest of known.keys()) {
        if (known.size <= MAX_KNOWN) break
        known.delete(oldest)
      }
      return found
    })
    const over = () => {
      if (running === settled) running = undefined
    }
    const settled: Promise<unknown> = answers.then(over, over)
    running = settled
    return { names, answers }
  }

  function join(name: string): Round<T> {
    if (next) {
      next.names.add(name)
      return next
    }
    if (!running) return begin(new Set([name]))
    const names = new Set([name])
    const after = running.then(() => {
      next = undefined
      return begin(names).answers
    })
    return (next = { names, answers: after })
  }

  return {
    async find(name, signal, maxAgeMs = 0) {
      signal.throwIfAborted()
      const before = remembered(name, maxAgeMs)
      if (before) return before.thing
      const answer = (await unlessAborted(signal, join(name).answers)).get(name)
      if (answer && 'error' in answer) throw answer.error
      return answer?.thing
    },
    changed(name) {
      changedAt.delete(name)
      changedAt.set(name, now())
      known.delete(name)
      for (const oldest of changedAt.keys()) {
        if (changedAt.size <= MAX_KNOWN) break
        changedAt.delete(oldest)
      }
    },
    async list(signal) {
      return [...(await listed(signal)).values()]
    },
  }
}

function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
