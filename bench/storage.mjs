/**
 * Durable writes a second, and what they do to the event loop, for four ways to keep the store on disk. Each is a journal under
 * the same ledger (packages/engine/src/storage/writes.ts), so that only the way to the disk differs.
 *
 *   npm run bench -- storage      numbers of docs/adr/0002-storage-on-libsql.md, with BENCH_ROUNDS=7
 *
 * N clients in a closed loop put documents of 1 KB; about N share a commit. Rounds are interleaved; median, lowest and highest
 * are printed, because single rounds differ by a factor of two. lmdb is no dependency of ours: measured where it is found.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Document } from '../packages/engine/dist/machinery/document.js'
import { Ledger } from '../packages/engine/dist/storage/ledger.js'
import { createSchema, openDatabase } from '../packages/engine/dist/storage/libsql/database.js'
import { openLibsqlStore } from '../packages/engine/dist/storage/libsql/store.js'
import { RevisionedStore } from '../packages/engine/dist/storage/writes.js'
import { median, rounds } from './measure.mjs'

const ROUND_MS = 400
const CLIENTS = [1, 8, 32, 64]
const PADDING = 'x'.repeat(900)

const contenders = {
  'libsql, writer thread (Larder)': (dir) => openLibsqlStore({ dir }),
  'libsql, main thread': (dir) => underLedger(mainThreadJournal(dir)),
  'hand-made log': async (dir) => underLedger(logJournal(await open(join(dir, 'log'), 'a'))),
}
const results = new Map()

export async function benchStorage() {
  const lmdb = await import(process.env.LMDB ?? 'lmdb').catch(() => undefined)
  if (lmdb) contenders['lmdb'] = (dir) => underLedger(lmdbJournal(lmdb, dir))
  else console.log('\nlmdb was not found (LMDB=path/to/its/index.js): not measured')
  for (let round = 0; round < rounds; round++) {
    for (const clients of CLIENTS) {
      for (const [name, openStore] of Object.entries(contenders)) {
        const id = `${name}|${clients}`
        if (!results.has(id)) results.set(id, [])
        results.get(id).push(await measure(openStore, clients))
      }
    }
  }
  print()
}

async function measure(openStore, clients) {
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  const store = await openStore(dir)
  try {
    await run(store, clients, ROUND_MS / 4)
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const writes = await run(store, clients, ROUND_MS)
    delay.disable()
    return { rate: (writes / ROUND_MS) * 1000, delayMs: delay.percentile(99) / 1e6 }
  } finally {
    await store.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function run(store, clients, ms) {
  const end = performance.now() + ms
  let writes = 0
  const client = async (id) => {
    for (let i = 0; performance.now() < end; i++, writes++) {
      const key = `//samples/ns-${id}/name-${i % 200}`
      const expect = store.get(key)?.revision ?? 0
      await store.write({
        type: 'put',
        key,
        expect,
        index: { uid: key },
        document: (revision) => sample(key, revision),
      })
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, id) => client(id)))
  return writes
}

function sample(name, revision) {
  const metadata = { name, resourceVersion: String(revision) }
  return Document.fromObject({ apiVersion: 'v1', kind: 'Sample', metadata, data: PADDING })
}

function underLedger(journal) {
  return new RevisionedStore(new Ledger(), journal)
}

/** What the journals below share: they commit whatever has queued, one commit at a time, and say so. */
function queueing(commit, close) {
  let listener
  let queue = []
  let running = false
  const drain = async () => {
    running = true
    while (queue.length > 0) {
      const writes = queue
      queue = []
      await commit(writes)
      listener.committed(writes.at(-1).revision)
    }
    running = false
  }
  return {
    start: (it) => (listener = it),
    append(writes) {
      queue.push(...writes)
      // Behind the events that are already there, whose writes then share the commit.
      if (!running) setImmediate(() => void (running || drain()))
    },
    entry: ({ key, revision, index, document }) => ({ key, revision, index, document }),
    compact: async () => {},
    close: async () => close(),
  }
}

function mainThreadJournal(dir) {
  const file = join(dir, 'store.db')
  const database = openDatabase(file)
  createSchema(database, file)
  const insert = database.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)')
  const commit = (writes) => {
    database.exec('BEGIN IMMEDIATE')
    for (const { revision, key, previous, type, index, bytes } of writes) {
      insert.run([revision, key, previous, type === 'delete' ? 1 : 0, JSON.stringify(index), bytes])
    }
    database.exec('COMMIT')
    return new Promise((resolve) => void setImmediate(resolve))
  }
  return queueing(commit, () => database.close())
}

function logJournal(file) {
  const commit = async (writes) => {
    const lines = writes.flatMap(({ revision, key, previous, type, index, bytes }) => [
      Buffer.from(`${revision} ${key} ${previous} ${type} ${JSON.stringify(index)} ${bytes.length}\n`),
      bytes,
    ])
    await file.write(Buffer.concat(lines))
    await file.datasync()
  }
  return queueing(commit, () => file.close())
}

function lmdbJournal({ open, asBinary }, dir) {
  const environment = open({
    path: join(dir, 'store.lmdb'),
    encoding: 'binary',
    keyEncoding: 'uint32',
    overlappingSync: false,
  })
  const commit = async (writes) => {
    const last = writes.map(({ revision, key, index, bytes }) =>
      environment.put(revision, asBinary(Buffer.concat([Buffer.from(`${key} ${JSON.stringify(index)}\n`), bytes]))),
    )
    await Promise.all(last)
  }
  return queueing(commit, () => environment.close())
}

function print() {
  console.log(
    `\nDurable writes of 1 KB a second: median (lowest to highest) of ${rounds} interleaved rounds of ${ROUND_MS} ms.`,
  )
  console.log('Behind it, the 99th percentile of the event-loop delay in ms (median of the rounds).\n')
  console.log(`| clients | ${CLIENTS.join(' | ')} |\n|---|${'---|'.repeat(CLIENTS.length)}`)
  for (const name of Object.keys(contenders)) {
    const cells = CLIENTS.map((clients) => cell(results.get(`${name}|${clients}`)))
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
}

function cell(rounds) {
  const rates = rounds.map(({ rate }) => rate).sort((a, b) => a - b)
  const delays = rounds.map(({ delayMs }) => delayMs).sort((a, b) => a - b)
  return `${thousands(median(rates))} (${thousands(rates[0])} to ${thousands(rates.at(-1))}); ${median(delays).toFixed(1)}`
}

function thousands(rate) {
  return `${(rate / 1000).toFixed(1)}k`
}
