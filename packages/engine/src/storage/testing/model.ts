/** Random lives of a store, each step compared with a model that is too plain to be wrong. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Compacted,
  RevisionConflict,
  type Entry,
  type Index,
  type Store,
  type StoreEvent,
  type Write,
} from '../store.ts'
import type { ContractOptions, OpenedStore } from './contract.ts'
import { contentOf, deleteOf, putOf } from './objects.ts'

interface Version {
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly revision: number
  readonly index: Index
  readonly data: string
}

/** All that ever happened, as a list; every question is answered by going through it. */
class Model {
  readonly versions: Version[] = []
  revision = 1
  compacted = 1

  at(revision: number): Map<string, Version> {
    const state = new Map<string, Version>()
    for (const version of this.versions) {
      if (version.revision > revision) break
      if (version.type === 'put') state.set(version.key, version)
      else state.delete(version.key)
    }
    return state
  }

  push(version: Version): void {
    this.versions.push(version)
    this.revision = version.revision
  }
}

interface Attempt {
  readonly key: string
  readonly type: 'put' | 'delete'
  /** Which revision the writer expects, relative to what is true when the burst begins. */
  readonly expect: 'newest' | 'absent' | 'old'
  readonly owners: readonly string[]
}

type Step =
  | { readonly type: 'burst'; readonly attempts: readonly Attempt[] }
  | { readonly type: 'get'; readonly key: string; readonly back: number }
  | {
      readonly type: 'list'
      readonly prefix: string
      readonly after: string | undefined
      readonly limit: number
      readonly back: number
      readonly even: boolean
    }
  | { readonly type: 'watch'; readonly prefix: string; readonly back: number }
  | { readonly type: 'compact'; readonly back: number }
  | { readonly type: 'reopen' }

const KEYS = ['//secrets', '//configmaps', '/apps/deployments'].flatMap((collection) =>
  ['a/x', 'a/y', 'a-b/x', 'b/x', 'z'].map((name) => `${collection}/${name}`),
)
const key = fc.constantFrom(...KEYS)
const prefix = fc.constantFrom('/', '//', '//secrets/', '//secrets/a/', '/apps/', '/apps/deployments/', '//nothing/')
/** How many revisions back to look; most are near. */
const back = fc.oneof({ weight: 3, arbitrary: fc.nat(6) }, { weight: 1, arbitrary: fc.nat(60) })
const attempt: fc.Arbitrary<Attempt> = fc.record({
  key,
  type: fc.constantFrom('put', 'put', 'delete'),
  expect: fc.constantFrom('newest', 'newest', 'newest', 'absent', 'old'),
  owners: fc.subarray(['p', 'q']),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('burst' as const),
      attempts: fc.array(attempt, { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('get' as const), key, back }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('list' as const),
      prefix,
      after: fc.option(key, { nil: undefined }),
      limit: fc.integer({ min: 1, max: 12 }),
      back,
      even: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('watch' as const), prefix, back }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), back }) },
  { weight: 1, arbitrary: fc.constant({ type: 'reopen' as const }) },
)

export function describeAgainstModel(name: string, { open, runs }: ContractOptions): void {
  describe(`${name} against a model (S1 to S6)`, () => {
    test('any sequence of writes, reads, watches, compactions and restarts', { timeout: 300_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          const life = new Life(await open())
          try {
            for (const next of steps) await life.take(next)
            await life.compareWatches()
          } finally {
            await life.opened.dispose()
          }
        }),
        { numRuns: runs },
      )
    })
  })
}

interface Watched {
  readonly prefix: string
  readonly after: number
  /** Undefined: still running. */
  until: number | undefined
  readonly events: StoreEvent[]
}

class Life {
  readonly opened: OpenedStore
  readonly model = new Model()
  readonly #watched: Watched[] = []

  constructor(opened: OpenedStore) {
    this.opened = opened
  }

  get store(): Store {
    return this.opened.store
  }

  async take(step: Step): Promise<void> {
    switch (step.type) {
      case 'burst':
        await this.burst(step.attempts)
        break
      case 'get':
        this.get(step.key, step.back)
        break
      case 'list':
        this.list(step)
        break
      case 'watch':
        this.watch(step.prefix, step.back)
        break
      case 'compact':
        await this.compact(step.back)
        break
      case 'reopen':
        await this.reopen()
    }
    this.compareNewest()
  }

  /** Issues all at once, as clients do, then checks that what came out is what some order of them allows. */
  async burst(attempts: readonly Attempt[]): Promise<void> {
    const { model } = this
    const before = model.at(model.revision)
    const first = model.revision
    const writes = attempts.map((attempt, i) =>
      toWrite(attempt, before.get(attempt.key), `burst at ${first}, write ${i}`),
    )
    const results = writes.map((write) => this.store.write(write).catch((error: unknown) => error as Error))
    this.compareNewest()
    const outcomes = (await Promise.all(results)).map((result, i) => ({
      write: writes[i]!,
      attempt: attempts[i]!,
      result,
    }))
    const won = outcomes.filter(
      (outcome): outcome is typeof outcome & { result: Entry } => !(outcome.result instanceof Error),
    )
    won.sort((a, b) => a.result.revision - b.result.revision)
    for (const [i, { write, attempt, result }] of won.entries()) {
      const current = model.at(model.revision).get(write.key)
      expect(write.expect).toBe(current?.revision ?? 0)
      expect(result.revision).toBe(first + 1 + i)
      const data = contentOf(result).data
      model.push({
        type: write.type,
        key: write.key,
        revision: result.revision,
        index: indexOf(attempt, current),
        data,
      })
      expect(toVersion(result, write.type)).toEqual(model.versions.at(-1))
    }
    this.compareLosers(first, outcomes)
  }

  compareLosers(first: number, outcomes: readonly { write: Write; result: Entry | Error }[]): void {
    const seen = new Set<string>()
    for (const { write, result } of outcomes) {
      const { key } = write
      const before = this.model.at(first).get(key)?.revision ?? 0
      const valid = write.expect === before && !(write.type === 'delete' && before === 0)
      // Nobody was ahead of the first; it can only lose to the past.
      if (!seen.has(key)) expect(result instanceof Error).toBe(!valid)
      if (valid) seen.add(key)
      if (!(result instanceof Error)) continue
      expect(result).toBeInstanceOf(RevisionConflict)
      const held = [
        before,
        0,
        ...this.model.versions.filter((v) => v.key === key && v.revision > first).map((v) => v.revision),
      ]
      expect(held).toContain((result as RevisionConflict).actual)
    }
  }

  get(key: string, back: number): void {
    const at = Math.max(this.model.revision - back, 0)
    if (this.refusesCompacted(at, () => this.store.get(key, at))) return
    const entry = this.store.get(key, at)
    expect(entry && toVersion(entry, 'put')).toEqual(this.model.at(at).get(key))
  }

  list({ prefix, after, limit, back, even }: Extract<Step, { type: 'list' }>): void {
    const at = Math.max(this.model.revision - back, 0)
    const range = {
      prefix,
      limit,
      ...(after !== undefined && { after }),
      ...(back > 0 && { at }),
      ...(even && { match: (_: string, index: Index) => Number(index.fields!['parity']) === 0 }),
    }
    if (this.refusesCompacted(at, () => this.store.list(range))) return
    const result = this.store.list(range)
    const expected = [...this.model.at(at).values()]
      .filter(
        ({ key, index }) =>
          key.startsWith(prefix) && (after === undefined || key > after) && (!even || index.fields!['parity'] === '0'),
      )
      .sort((a, b) => (a.key < b.key ? -1 : 1))
    expect(result.entries.map((entry) => toVersion(entry, 'put'))).toEqual(expected.slice(0, limit))
    expect([result.revision, result.remaining]).toEqual([at, Math.max(expected.length - limit, 0)])
  }

  watch(prefix: string, back: number): void {
    const after = Math.max(this.model.revision - back, 0)
    const events: StoreEvent[] = []
    const start = () => this.store.watch({ prefix, after }, (batch) => events.push(...batch))
    if (this.refusesCompacted(after, start)) return
    start()
    this.#watched.push({ prefix, after, until: undefined, events })
  }

  async compact(back: number): Promise<void> {
    // Events read their documents when asked: whoever is behind must read before.
    await this.compareWatches()
    for (const watched of this.#watched) watched.until ??= this.model.revision
    this.#watched.length = 0
    const through = this.model.revision - back
    await this.store.compact(through)
    this.model.compacted = Math.max(this.model.compacted, through)
  }

  async reopen(): Promise<void> {
    if (!this.opened.reopen) return
    await this.compareWatches()
    this.#watched.length = 0
    this.opened.store = await this.opened.reopen()
  }

  compareNewest(): void {
    const { store, model } = this
    expect([store.revision, store.compacted]).toEqual([model.revision, model.compacted])
    const state = model.at(model.revision)
    for (const key of KEYS) expect(store.get(key)?.revision).toBe(state.get(key)?.revision)
    expect(store.count('/')).toBe(state.size)
    for (const owner of ['p', 'q']) {
      const owned = [...state.values()].filter(({ index }) => index.owners?.includes(owner)).map(({ key }) => key)
      expect(store.owned(owner)).toEqual(owned.sort())
    }
  }

  /** Each watch was told all that the model knows since its start, once and in order. */
  async compareWatches(): Promise<void> {
    // Replays are delivered in a microtask.
    await Promise.resolve()
    for (const { prefix, after, events } of this.#watched) {
      const expected = this.model.versions.filter(
        (version) => version.revision > after && version.key.startsWith(prefix),
      )
      expect(events.map((event) => toVersion(event, event.type))).toEqual(expected)
      for (const { key, revision, previous } of events) {
        expect(previous && toVersion(previous, 'put')).toEqual(this.model.at(revision - 1).get(key))
      }
    }
  }

  refusesCompacted(at: number, read: () => unknown): boolean {
    if (at >= this.model.compacted) return false
    expect(read).toThrow(new Compacted(at, this.model.compacted))
    return true
  }
}

function toWrite(attempt: Attempt, current: Version | undefined, data: string): Write {
  const newest = current?.revision ?? 0
  const expect = attempt.expect === 'newest' ? newest : attempt.expect === 'absent' ? 0 : Math.max(newest - 1, 1)
  return attempt.type === 'put'
    ? putOf(attempt.key, expect, data, indexOf(attempt, undefined))
    : deleteOf(attempt.key, expect, data)
}

/** A deletion keeps the index of what it deletes. */
function indexOf(attempt: Attempt, current: Version | undefined): Index {
  if (attempt.type === 'delete' && current) return current.index
  const parity = String(attempt.owners.length % 2)
  return { uid: `uid-${attempt.key}`, labels: { parity }, owners: attempt.owners, fields: { parity } }
}

function toVersion(entry: Entry | StoreEvent, type: 'put' | 'delete'): Version {
  const { key, revision, index } = entry
  const content = contentOf(entry)
  expect([content.key, content.revision]).toEqual([key, revision])
  return { type, key, revision, index, data: content.data }
}
