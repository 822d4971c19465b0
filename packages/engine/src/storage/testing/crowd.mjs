/**
 * Fills a store with many objects of 1 KB, or opens such a store and reads them all. Prints what that took, as JSON. Two
 * processes, because what filling leaves behind in the heap is not what a store takes.
 *
 *   node crowd.mjs DIR fill COUNT
 *   node crowd.mjs DIR read      takes up what the last `read` left when it stopped
 */
import { jsonLog } from '../../../dist/base/log.js'
import { openLibsqlStore } from '../../../dist/storage/libsql/store.js'
import { Document } from '../../../dist/machinery/document.js'

const [dir, task, count] = process.argv.slice(2)
const atStart = megabytes()
let store
let takenUp = false
const build = task === 'read' ? 'crowd' : undefined
const log = jsonLog({ now: Date.now, write: (line) => (takenUp ||= line.includes('opened from')) })
const opened = await timed(async () => (store = await openLibsqlStore({ dir, log, build })))
const report = task === 'fill' ? { filled: await timed(() => fill(Number(count))) } : await read()
console.log(
  JSON.stringify({
    atStart,
    takenUp,
    opened,
    ...report,
    count: store.count('/'),
    owned: store.owned('uid-of-owner-7').length,
  }),
)
await store.close()

async function fill(count) {
  for (let n = 0; n < count; n += 500) {
    await Promise.all(Array.from({ length: Math.min(500, count - n) }, (_, i) => write(n + i)))
  }
}

async function read() {
  const listed = await timed(() => store.list({ prefix: '//samples/', limit: 500 }))
  const readAll = await timed(() => {
    for (const { key, document } of store.list({ prefix: '//samples/' }).entries) {
      if (!key.endsWith(document.object.metadata.name)) throw new Error(`${key} holds ${document.object.metadata.name}`)
    }
  })
  return { listed, readAll }
}

function megabytes() {
  return Math.round(process.memoryUsage().rss / 1e6)
}

async function timed(work) {
  const start = performance.now()
  await work()
  return { ms: Math.round(performance.now() - start), megabytes: megabytes() }
}

function write(n) {
  const name = `sample-${String(n).padStart(6, '0')}`
  const key = `//samples/namespace-${n % 100}/${name}`
  const labels = { 'app.kubernetes.io/name': `app-${n % 50}`, 'app.kubernetes.io/managed-by': 'larder' }
  const uid = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  const index = { uid, labels, owners: [`uid-of-owner-${n % 1000}`] }
  return store.write({ type: 'put', key, expect: 0, index, document: (revision) => sample(name, revision, labels) })
}

function sample(name, revision, labels) {
  const metadata = { name, resourceVersion: String(revision), labels }
  return Document.fromObject({ apiVersion: 'v1', kind: 'Sample', metadata, data: 'x'.repeat(830) })
}
