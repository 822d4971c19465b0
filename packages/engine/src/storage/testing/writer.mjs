/**
 * A process that writes and says so, to be traced and killed. Plain JavaScript on the compiled store, because Node 20 cannot
 * run TypeScript: run `tsc -b` before (the set-up of `npm test` does).
 *
 *   node writer.mjs DIR '{"size":8,"rounds":20}'
 *
 * Lines on stdout, each by one synchronous write, so that what was printed was true before the process died:
 *
 *   open REVISION             the store is open; `kept` behind it: from what the last stop kept
 *   try TYPE KEY N            a write is about to be decided
 *   ack REVISION:N ...        the writes of one round, all acknowledged
 *   done                      after the last round; the store stays open until stdin ends
 *   log LEVEL MESSAGE         what it says while it closes
 */
import { writeSync } from 'node:fs'
import { jsonLog } from '../../../dist/base/log.js'
import { openLibsqlStore } from '../../../dist/storage/libsql/store.js'
import { Document } from '../../../dist/machinery/document.js'

const [dir, json] = process.argv.slice(2)
const { size, rounds = Infinity, first = 0, historyLimit = 1_000_000, build } = JSON.parse(json)

const said = []
const log = jsonLog({ now: Date.now, write: (line) => said.push(JSON.parse(line)) })
const store = await openLibsqlStore({ dir, historyLimit, log, build })
say(`open ${store.revision}${said.some(({ msg }) => msg.startsWith('opened from')) ? ' kept' : ''}`)
let n = first
for (let round = 0; round < rounds; round++) {
  const acks = await Promise.all(Array.from({ length: size }, () => write(n++)))
  say(`ack ${acks.join(' ')}`)
}
say('done')
process.stdin.resume().on('end', () => void close())

async function close() {
  said.length = 0
  await store.close()
  for (const { level, msg } of said) say(`log ${level} ${msg}`)
}

/** The pipe does not block: when the reader is slow, it takes a part or nothing. */
function say(line) {
  const bytes = Buffer.from(`${line}\n`)
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

async function write(n) {
  const key = `//samples/ns${n % 3}/name-${n % 24}`
  const expect = store.get(key)?.revision ?? 0
  const type = n % 7 === 6 && expect !== 0 ? 'delete' : 'put'
  say(`try ${type} ${key} ${n}`)
  const entry = await store.write({
    type,
    key,
    expect,
    index: { uid: key },
    document: (revision) => sample(key, revision, n),
  })
  return `${entry.revision}:${n}`
}

/** Some fit a page of the file and some need many, so that a torn one would show. */
function sample(key, revision, n) {
  const metadata = { name: key, resourceVersion: String(revision) }
  return Document.fromObject({
    apiVersion: 'v1',
    kind: 'Sample',
    metadata,
    key,
    data: `${n}:${'x'.repeat((n * 97) % 9000)}`,
  })
}
