/**
 * Watches a collection over many connections and creates objects in it, from one process, so that one clock tells how late each
 * delivery is. Watchers count bytes and parse nothing: the loader must not be the slower end.
 *
 * Reads a job as JSON from standard input: {host, port, ca, cert, key, watchers, perSecond (0: as fast as 4 clients can), seconds, path,
 * run}; prints {creates, deliveries, seconds, p50Ms, p99Ms}. Ends with an error unless every watcher gets every object.
 */
import { Agent, request } from 'node:https'
import { connect } from 'node:tls'

const CREATORS = 4
const PATIENCE_MS = 20_000
/** In each object: when it was sent. Of one length, so that it can be found in bytes. */
const MARK = Buffer.from('"sentAt":"')
const MARK_LENGTH = MARK.length + 10

const job = JSON.parse(await readInput())
const { host, port, ca, cert, key } = job
const lags = []
await Promise.all(Array.from({ length: job.watchers }, watch))

const agent = new Agent({ ca, cert, key, keepAlive: true, maxSockets: CREATORS })
const startedAt = performance.now()
let creates = 0
await Promise.all(Array.from({ length: CREATORS }, creator))
while (lags.length < creates * job.watchers) {
  if (performance.now() - startedAt > job.seconds * 1000 + PATIENCE_MS) {
    throw new Error(`${lags.length} deliveries of ${creates * job.watchers} came`)
  }
  await new Promise((resolve) => setTimeout(resolve, 1))
}
const seconds = (performance.now() - startedAt) / 1000
lags.sort((a, b) => a - b)
const at = (q) => lags[Math.min(lags.length - 1, Math.floor(lags.length * q))]
console.log(JSON.stringify({ creates, deliveries: lags.length, seconds, p50Ms: at(0.5), p99Ms: at(0.99) }))
process.exit(0)

async function readInput() {
  const chunks = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Resolves when the head of the answer is there. */
function watch() {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ca, cert, key, ALPNProtocols: ['http/1.1'] })
    let rest = Buffer.alloc(0)
    let isOpen = false
    socket.on('secureConnect', () => {
      const query = `watch=1&labelSelector=run%3Drun-${job.run}`
      socket.write(`GET ${job.path}?${query} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n`)
    })
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      if (!isOpen) {
        isOpen = true
        if (!chunk.subarray(0, 12).equals(Buffer.from('HTTP/1.1 200'))) reject(new Error(chunk.toString()))
        resolve()
      }
      rest = count(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]))
    })
  })
}

/** Notes the lag of each mark; returns the end that may hold half of one. */
function count(bytes) {
  const now = performance.now()
  for (let from = 0; ; from += MARK_LENGTH) {
    const found = bytes.indexOf(MARK, from)
    if (found < 0) return bytes.subarray(Math.max(from, bytes.length - MARK.length + 1))
    if (found + MARK_LENGTH > bytes.length) return bytes.subarray(found)
    lags.push(now - Number(bytes.latin1Slice(found + MARK.length, found + MARK_LENGTH)))
    from = found
  }
}

async function creator() {
  while (performance.now() - startedAt < job.seconds * 1000) {
    const i = creates++
    // Each has its moment, whether or not the server keeps up.
    const waitMs = job.perSecond === 0 ? 0 : startedAt + (i / job.perSecond) * 1000 - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    await create(i)
  }
}

function create(i) {
  const sentAt = performance.now().toFixed(2).padStart(10, '0')
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `watch-${job.run}-${process.pid}-${i}`, labels: { run: `run-${job.run}` } },
    data: { sentAt, text: 'x'.repeat(700) },
  })
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const asking = request({ host, port, path: job.path, method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.on('end', () => (response.statusCode === 201 ? resolve() : reject(new Error(`${response.statusCode}`))))
    })
    asking.on('error', reject)
    asking.end(body)
  })
}
