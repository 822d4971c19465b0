/**
 * A writer is killed with SIGKILL again and again on the same folder, and after each death the folder is read.
 *
 * Half of the deaths are inside a commit: strace lets the kernel kill at the nth write to, or sync of, a file, and its record of the
 * call that never returned is the proof (a kill that hit something else is not counted as inside). The other half
 * come after a random number of acknowledgements. One folder keeps all its history, so that watches can be checked across
 * deaths; the other one compacts itself all the time. Who reads stops cleanly, so each writer begins with what was left in `checkpoint/`,
 * and nothing of it may be left when it has died.
 */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Store, StoreEvent } from '../store.ts'
import { temporaryFolder } from '../testing/folder.ts'
import { heardLog, READ_WHOLE, TAKEN_UP } from '../testing/log.ts'
import { contentOf } from '../testing/objects.ts'
import {
  endStragglers,
  script,
  startTraced,
  startWriter,
  type Talker,
  type WriterSettings,
} from '../testing/processes.ts'
import { diedInCommit, parseTrace } from '../testing/trace.ts'
import { untilUnheld } from '../testing/unheld.ts'
import { openLibsqlStore } from './store.ts'

const KILLS = 200
const LANES = [1_000_000, 100]
const BUILD = 'the same'

test(
  'a writer killed 200 times, half of them inside a commit, loses nothing that it acknowledged',
  { timeout: 600_000 },
  async () => {
    const lanes = LANES.map((historyLimit) => new Lane(historyLimit))
    try {
      await Promise.all(lanes.map((lane) => lane.run(KILLS / LANES.length)))
    } finally {
      await endStragglers()
      for (const lane of lanes) lane.dispose()
    }
    const sum = (pick: (lane: Lane) => number) => lanes.reduce((total, lane) => total + pick(lane), 0)
    const [kills, inside, acknowledged, unsaid, takenUp] = [
      sum((lane) => lane.kills),
      sum((lane) => lane.inside),
      sum((lane) => lane.acknowledged),
      sum((lane) => lane.unsaid),
      sum((lane) => lane.takenUp),
    ]
    console.log(
      `${kills} kills, ${inside} of them inside a commit; ${acknowledged} acknowledged writes, all there; ` +
        `${unsaid} were durable without having been acknowledged; ${takenUp} writers began with what the last stop left`,
    )
    expect(kills).toBeGreaterThanOrEqual(200)
    expect(inside).toBeGreaterThanOrEqual(100)
    expect(acknowledged).toBeGreaterThan(kills)
    expect(takenUp).toBeGreaterThan(kills / 2)
  },
)

interface Try {
  readonly type: 'put' | 'delete'
  readonly key: string
}

/** One folder and its deaths. */
class Lane {
  kills = 0
  inside = 0
  acknowledged = 0
  /** Durable, but killed before it could be said. */
  unsaid = 0
  /** Writers that began with what the last stop left. */
  takenUp = 0
  readonly #folder = temporaryFolder()
  readonly #dir = join(this.#folder.dir, 'store')
  readonly #historyLimit: number
  /** What each key holds: the number of its last write. */
  #state = new Map<string, number>()
  #revision = 1
  #writes = 0
  readonly #random = seededRandom(20261121)

  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit
  }

  dispose(): void {
    this.#folder.dispose()
  }

  async run(kills: number): Promise<void> {
    while (this.kills < kills || this.inside < kills / 2) {
      // Bounds the search for kills that hit a commit.
      if (this.kills > kills * 2) throw new Error(`only ${this.inside} of ${this.kills} kills were inside a commit`)
      const historyLimit = this.#historyLimit
      const settings = { size: 1 + this.#random(12), first: this.#writes, historyLimit, build: BUILD }
      const inside = this.inside * 2 <= this.kills
      const lines = inside ? await this.#killInCommit(settings) : await this.#killSomewhere(settings)
      this.kills++
      await this.#verify(lines)
      await untilUnheld(this.#dir)
    }
  }

  async #killSomewhere(settings: WriterSettings): Promise<readonly string[]> {
    const writer = startWriter(this.#dir, settings)
    const acks = this.#random(20)
    await writer.until((lines) => lines.filter((line) => line.startsWith('ack ')).length >= acks && lines.length > 0)
    return await lastWords(writer, 'SIGKILL')
  }

  async #killInCommit(settings: WriterSettings): Promise<readonly string[]> {
    const output = join(this.#folder.dir, 'trace')
    // The main thread makes some 40 writes of shared memory at start; the writer thread is counted apart.
    const target =
      this.#random(3) === 0
        ? `fsync:signal=SIGKILL:when=${4 + this.#random(20)}`
        : `pwrite64:signal=SIGKILL:when=${45 + this.#random(120)}`
    const flags = ['-e', 'trace=pwrite64,fsync', '-e', `inject=${target}`]
    const writer = await startTraced(output, flags, [script('writer.mjs'), this.#dir, JSON.stringify(settings)])
    await lastWords(writer, undefined)
    if (diedInCommit(parseTrace(readFileSync(output, 'utf8')))) this.inside++
    rmSync(output)
    return writer.lines
  }

  async #verify(lines: readonly string[]): Promise<void> {
    const { opened, tries, acks } = parseLines(lines)
    if (opened !== undefined) expect(opened).toBeGreaterThanOrEqual(this.#revision)
    for (const revision of acks.keys()) expect(revision).toBeGreaterThan(this.#revision)
    const { log, said } = heardLog()
    const store = await openLibsqlStore({ dir: this.#dir, historyLimit: this.#historyLimit, build: BUILD, log })
    try {
      // The first writer of the folder finds nothing; each of the others follows a clean stop.
      if (opened !== undefined && this.kills > 1) {
        expect(lines[0]).toBe(`open ${this.#revision} kept`)
        this.takenUp++
      }
      expect([READ_WHOLE, ...(opened === undefined ? [TAKEN_UP] : [])]).toContain(said()[0])
      expect(store.revision).toBeGreaterThanOrEqual(Math.max(this.#revision, opened ?? 0, ...acks.keys()))
      if (store.compacted <= this.#revision) await this.#verifyHistory(store, tries, acks)
      else expect(this.#historyLimit).toBe(100)
      this.#verifyState(store, tries, acks)
      this.#revision = store.revision
    } finally {
      await store.close()
    }
    this.acknowledged += acks.size
    this.#writes = Math.max(this.#writes, ...[...tries.keys()].map((n) => n + 1))
  }

  /** A watch from what was known before tells each write since then once: all that were acknowledged, none that was not tried. */
  async #verifyHistory(store: Store, tries: Map<number, Try>, acks: Map<number, number>): Promise<void> {
    const events: StoreEvent[] = []
    store.watch({ prefix: '/', after: this.#revision }, (batch) => events.push(...batch))
    await Promise.resolve()
    const told = new Map(events.map((event) => [event.revision, numberOf(event)]))
    expect(events.map(({ revision }) => revision)).toEqual([...told.keys()].sort((a, b) => a - b))
    for (const [revision, n] of acks) expect(told.get(revision)).toBe(n)
    for (const { revision, key, type } of events) expect(tries.get(told.get(revision)!)).toEqual({ key, type })
    this.unsaid += told.size - acks.size
  }

  /** Each key holds its last acknowledged write, or one that was tried after it. */
  #verifyState(store: Store, tries: Map<number, Try>, acks: Map<number, number>): void {
    const expected = new Map(this.#state)
    for (const n of acks.values()) {
      const { type, key } = tries.get(n)!
      if (type === 'put') expected.set(key, n)
      else expected.delete(key)
    }
    const acknowledged = new Set(acks.values())
    const unsaid = [...tries].filter(([n]) => !acknowledged.has(n))
    const found = new Map(store.list({ prefix: '/' }).entries.map((entry) => [entry.key, numberOf(entry)]))
    for (const key of new Set([...expected.keys(), ...found.keys()])) {
      if (found.get(key) === expected.get(key)) continue
      const possible = unsaid
        .filter(([, attempt]) => attempt.key === key)
        .map(([n, { type }]) => (type === 'put' ? n : undefined))
      expect(possible).toContain(found.get(key))
    }
    this.#state = found
  }
}

/** The number of the write, after a look whether the document is whole. */
function numberOf(version: { key: string; revision: number; document: StoreEvent['document'] }): number {
  const { key, revision, data } = contentOf(version)
  const n = Number.parseInt(data, 10)
  expect({ key, revision, length: data.length }).toEqual({
    key: version.key,
    revision: version.revision,
    length: `${n}:`.length + ((n * 97) % 9000),
  })
  return n
}

function parseLines(lines: readonly string[]) {
  const tries = new Map<number, Try>()
  /** Revision to number. */
  const acks = new Map<number, number>()
  let opened: number | undefined
  for (const line of lines) {
    const [word, ...rest] = line.split(' ')
    if (word === 'open') opened = Number(rest[0])
    if (word === 'try') tries.set(Number(rest[2]), { type: rest[0] as Try['type'], key: rest[1]! })
    if (word !== 'ack') continue
    for (const ack of rest) {
      const [revision, n] = ack.split(':')
      acks.set(Number(revision), Number(n))
    }
  }
  return { opened, tries, acks }
}

async function lastWords(writer: Talker, signal: NodeJS.Signals | undefined): Promise<readonly string[]> {
  if (signal) await writer.end(signal)
  else await writer.ended
  expect(writer.errors).toEqual([])
  expect(writer.child.signalCode).toBe('SIGKILL')
  return writer.lines
}

/** The same kills in each run of the test, as far as the machine allows. */
function seededRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
