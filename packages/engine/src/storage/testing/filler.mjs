/**
 * Writes until the disk is full, makes room, and writes on. Prints what it saw as one line of JSON.
 *
 *   node filler.mjs DIR BALLAST     BALLAST is a file on the same disk, removed to make room
 */
import { rmSync } from 'node:fs'
import { openLibsqlStore } from '../../../dist/storage/libsql/store.js'
import { Document } from '../../../dist/machinery/document.js'

const [dir, ballast] = process.argv.slice(2)
let store = await openLibsqlStore({ dir })
const acknowledged = new Map()
const acks = []
const told = []
store.watch({ prefix: '/', after: 1 }, (events) => told.push(...events.map(({ revision }) => revision)))
let n = 0

const first = await fillUntilFailure()
const atFailure = seen()
rmSync(ballast)
const recovered = await writeUntilSuccess()
const later = await Promise.all(Array.from({ length: 20 }, () => write()))
const afterRecovery = seen()
await store.close()
store = await openLibsqlStore({ dir })
const afterRestart = seen()
await store.close()
process.stdout.write(
  `${JSON.stringify({ first, atFailure, recovered, later, afterRecovery, afterRestart, acks, told })}\n`,
)

/** Sixteen at a time, and a chain of writes of one key beside them, which does not wait for anything. */
async function fillUntilFailure() {
  const chain = startChain()
  for (;;) {
    const results = await Promise.allSettled(Array.from({ length: 16 }, () => write()))
    const failed = results.filter(({ status }) => status === 'rejected')
    if (failed.length === 0) continue
    const { name, message, cause } = failed[0].reason
    return { name, message, cause: String(cause), chain: await chain.stop() }
  }
}

/** Each write is decided on top of the one before, while that one is on its way: behind a lost one all are lost. */
function startChain() {
  const key = '//samples/a/chain'
  const results = []
  let last = 0
  let waiting = 0
  let stopped = false
  const extend = () => {
    if (stopped) return
    setImmediate(extend)
    if (waiting > 100) return
    waiting++
    const document = (revision) => big(key, (last = revision))
    const result = store.write({ type: 'put', key, expect: last, index: { uid: key }, document }).then(
      ({ revision }) => {
        acknowledge(key, revision)
        return 'ok'
      },
      (error) => {
        // Whoever learns of a failure reads again; this one does not.
        stopped = true
        return error.name
      },
    )
    results.push(result.finally(() => waiting--))
  }
  extend()
  return {
    async stop() {
      stopped = true
      const names = await Promise.all(results)
      const firstLost = names.indexOf('StorageFailed')
      return {
        lost: firstLost < 0 ? 0 : names.length - firstLost,
        behind: [...new Set(firstLost < 0 ? [] : names.slice(firstLost))],
      }
    },
  }
}

async function writeUntilSuccess() {
  let failures = 0
  for (;;) {
    try {
      return { revision: await write(), failures }
    } catch (error) {
      if (error.name !== 'StorageFailed' || ++failures > 1_000) throw error
    }
  }
}

async function write() {
  const key = `//samples/a/${n++}`
  const entry = await store.write({
    type: 'put',
    key,
    expect: 0,
    index: { uid: key },
    document: (revision) => big(key, revision),
  })
  acknowledge(key, entry.revision)
  return entry.revision
}

function acknowledge(key, revision) {
  acknowledged.set(key, revision)
  acks.push(revision)
}

function big(key, revision) {
  const metadata = { name: key, resourceVersion: String(revision) }
  return Document.fromObject({ apiVersion: 'v1', kind: 'Sample', metadata, data: 'x'.repeat(3_000) })
}

/** What is in the store, compared with what was acknowledged. */
function seen() {
  const { entries } = store.list({ prefix: '/' })
  const whole = entries.every(({ revision, document }) => document.object.metadata.resourceVersion === String(revision))
  const same =
    entries.length === acknowledged.size && entries.every(({ key, revision }) => acknowledged.get(key) === revision)
  return { revision: store.revision, entries: entries.length, whole, same, newest: Math.max(...acknowledged.values()) }
}
