/**
 * Loads an HTTPS server from a process of its own: N connections, one request at a time on each, HTTP/1.1 keep-alive, the client
 * certificate on each connection. Raw sockets and a minimal reader of responses, so that the loader takes little of the two cores
 * that it shares with the server.
 *
 * Reads a job as JSON from standard input: {host, port, ca, cert, key, clients, seconds or requests, kind: 'create' | 'get', path, run};
 * prints {requests, seconds, p50Ms, p99Ms}. Anything but 2xx ends it with an error.
 */
import { connect } from 'node:tls'

const job = JSON.parse(await readInput())
const latencies = []
let sent = 0
const startedAt = process.hrtime.bigint()
const endsAt = startedAt + BigInt(Math.round((job.seconds ?? 3600) * 1e9))
const limit = job.requests ?? Infinity
await Promise.all(Array.from({ length: job.clients }, () => client()))
const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9
latencies.sort((a, b) => a - b)
const at = (q) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))]
console.log(JSON.stringify({ requests: latencies.length, seconds, p50Ms: at(0.5), p99Ms: at(0.99) }))

async function readInput() {
  const chunks = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function client() {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: job.host,
      port: job.port,
      ca: job.ca,
      cert: job.cert,
      key: job.key,
      ALPNProtocols: ['http/1.1'],
    })
    socket.setNoDelay(true)
    let askedAt = 0n
    let buffer = Buffer.alloc(0)
    const ask = () => {
      if (process.hrtime.bigint() >= endsAt || sent >= limit) {
        socket.end()
        resolve()
        return
      }
      askedAt = process.hrtime.bigint()
      socket.write(job.kind === 'create' ? createRequest(sent++) : getRequest(sent++))
    }
    socket.on('secureConnect', ask)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
      const headEnd = buffer.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const head = buffer.subarray(0, headEnd).toString('latin1')
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
      if (Number.isNaN(length)) return reject(new Error(`no content-length: ${head}`))
      if (buffer.length < headEnd + 4 + length) return
      if (!head.startsWith('HTTP/1.1 2')) return reject(new Error(buffer.toString()))
      latencies.push(Number(process.hrtime.bigint() - askedAt) / 1e6)
      buffer = Buffer.alloc(0)
      ask()
    })
  })
}

function createRequest(i) {
  const name = `bench-${job.run}-${process.pid}-${i}`
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', labels: { bench: 'yes' } },
    data: { text: 'x'.repeat(900) },
  })
  return `POST ${job.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

function getRequest(i) {
  return `GET ${job.path}/${job.names[i % job.names.length]} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n`
}
