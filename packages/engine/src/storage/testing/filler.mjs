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
process.stdout.write(`${JSON.stringify({ first, atFailure, recovered, later, afterRecovery, afterRestart, told })}\n`)

/** Sixteen at a time: the failing commit holds several, and others are on their way behind it. */
async function fillUntilFailure() {
  for (;;) {
    const results = await Promise.allSettled(Array.from({ length: 16 }, () => write()))
    const failed = results.filter(({ status }) => status === 'rejected')
    if (failed.length === 0) continue
    const onTop = await chainOnTop()
    return {
      name: failed[0].reason.name,
      message: failed[0].reason.message,
      cause: String(failed[0].reason.cause),
      onTop,
    }
  }
}

/** Two writes of one key, too long for what room may be left, the second decided on top of the first. */
async function chainOnTop() {
  const key = '//samples/a/chain'
  let seen = 0
  const one = store.write({
    type: 'put',
    key,
    expect: 0,
    index: { uid: key },
    document: (revision) => big(key, (seen = revision), 500_000),
  })
  const two = store.write({
    type: 'put',
    key,
    expect: seen,
    index: { uid: key },
    document: (revision) => big(key, revision, 500_000),
  })
  const results = await Promise.allSettled([one, two])
  for (const { value } of results) if (value) acknowledged.set(key, value.revision)
  return results.map(({ status, reason }) => (status === 'fulfilled' ? 'ok' : reason.name))
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
  acknowledged.set(key, entry.revision)
  return entry.revision
}

function big(key, revision, length = 3_000) {
  const metadata = { name: key, resourceVersion: String(revision) }
  return Document.fromObject({ apiVersion: 'v1', kind: 'Sample', metadata, data: 'x'.repeat(length) })
}

/** What is in the store, compared with what was acknowledged. */
function seen() {
  const { entries } = store.list({ prefix: '/' })
  const whole = entries.every(({ revision, document }) => document.object.metadata.resourceVersion === String(revision))
  const same =
    entries.length === acknowledged.size && entries.every(({ key, revision }) => acknowledged.get(key) === revision)
  return { revision: store.revision, entries: entries.length, whole, same, newest: Math.max(...acknowledged.values()) }
}
