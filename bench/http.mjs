/** Durable creates and gets over HTTPS, as a ratio to a bare Node server with the same TLS, store, worker and commit, round by round. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startLarder } from './larder.mjs'
import { median, rounds, runJob, withSpread } from './measure.mjs'

const LOADER = fileURLToPath(new URL('loader.mjs', import.meta.url))
const PATH = '/api/v1/namespaces/default/configmaps'
const SECONDS = 2

const rate = (result) => result.requests / result.seconds

export async function benchHttp() {
  console.log(
    `\nHTTPS, ${rounds} interleaved rounds of ${SECONDS} s; loader: bench/loader.mjs (node ${process.version}, HTTP/1.1, own process)`,
  )
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  const hub = startLarder(join(dir, 'larder'), '--no-samples')
  const names = seedNames(hub.at)
  const larder = { ...hub, names: () => names }
  const bare = await startBare(join(dir, 'bare'), larder)
  try {
    for (const clients of [1, 8, 32]) for (const kind of ['create', 'get']) await compare(kind, clients, larder, bare)
  } finally {
    bare.stop()
    larder.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function compare(kind, clients, larder, bare) {
  const results = { larder: [], bare: [] }
  for (let round = 0; round < rounds; round++) {
    for (const [name, server] of round % 2
      ? [
          ['bare', bare],
          ['larder', larder],
        ]
      : [
          ['larder', larder],
          ['bare', bare],
        ]) {
      const names = await server.names()
      const job = {
        ...server.at,
        clients,
        seconds: SECONDS,
        kind,
        path: PATH,
        names,
        run: `${kind}${clients}-${round}`,
      }
      results[name].push(await runJob(LOADER, job))
    }
  }
  const ratios = results.larder.map((r, i) => rate(r) / rate(results.bare[i]))
  const line = `${kind.padEnd(6)} ${String(clients).padStart(2)} clients`
  console.log(
    `${line}  ratio ${withSpread(ratios)}  larder ${Math.round(median(results.larder.map(rate)))}/s p99 ${median(results.larder.map((r) => r.p99Ms)).toFixed(1)} ms  bare ${Math.round(median(results.bare.map(rate)))}/s`,
  )
}

async function startBare(dir, larder) {
  const [key, cert] = splitPem(readFileSync(join(larder.dir, 'pki/server.pem'), 'utf8'))
  const child = spawn(process.execPath, [fileURLToPath(new URL('bare-server.mjs', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.write(`${JSON.stringify({ dir, ca: larder.at.ca, cert, key })}\n`)
  const port = Number((await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()).value)
  const at = { ...larder.at, host: '127.0.0.1', port }
  const names = seedNames(at)
  return { at, names: () => names, stop: () => child.stdin.end() }
}

/** Objects for the gets to read: made by the same loader's requests, one short run. */
async function seedNames(at) {
  const names = Array.from({ length: 100 }, (_, i) => `seed-${i}`)
  const { Agent, request } = await import('node:https')
  const agent = new Agent({ keepAlive: true, maxSockets: 4, ca: at.ca, cert: at.cert, key: at.key })
  await Promise.all(
    names.map(
      (name) =>
        new Promise((resolve, reject) => {
          const body = JSON.stringify({
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name, namespace: 'default' },
            data: { text: 'x'.repeat(900) },
          })
          const asking = request(
            {
              host: at.host,
              port: at.port,
              path: PATH,
              method: 'POST',
              agent,
              headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
            },
            (response) => {
              response.resume()
              response.on('end', () =>
                response.statusCode === 201 ? resolve() : reject(new Error(`seeding: ${response.statusCode}`)),
              )
            },
          )
          asking.on('error', reject)
          asking.end(body)
        }),
    ),
  )
  agent.destroy()
  return names
}

function splitPem(text) {
  const blocks = text.match(/-----BEGIN [A-Z ]+-----[\s\S]*?-----END [A-Z ]+-----\n?/g)
  return [blocks.find((b) => b.includes('PRIVATE KEY')), blocks.find((b) => b.includes('CERTIFICATE'))]
}
