/** A claim of class redis to Ready, minus what the engine alone needs to answer on this machine now. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { rounds, withSpread } from './measure.mjs'

const LARDER = fileURLToPath(new URL('../bin/larder', import.meta.url))
const CLAIMS = { group: 'larder.dev', version: 'v1alpha1', resource: 'claims', kind: 'Claim', namespaced: true }

export async function benchClaims() {
  console.log(`\nClaims of class redis, one after the other, ${rounds} interleaved rounds`)
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  execFileSync(LARDER, ['up', '--detach', '--wait', '--data', dir, '--port', '0', '--api-port', '0'], {
    stdio: 'ignore',
  })
  const transport = httpsTransport(await loadKubeconfig({ path: join(dir, 'kubeconfig') }))
  const claims = createClient(transport).of(CLAIMS)
  const engine = JSON.parse(execFileSync(LARDER, ['engine', 'list', '-o', 'json']).toString()).find(
    (e) => e.name === 'redis',
  ).command
  const total = []
  const alone = []
  try {
    for (let round = -1; round < rounds; round++) {
      const engineMs = await engineStart(engine, dir)
      const claimMs = await claimToReady(claims, `bench-${round + 1}`)
      if (round < 0) continue // the first of each warms files and code
      alone.push(engineMs)
      total.push(claimMs)
    }
  } finally {
    await transport.close()
    execFileSync(LARDER, ['down', '--data', dir, '--delete-data'], { stdio: 'ignore' })
    rmSync(dir, { recursive: true, force: true })
  }
  console.log(`claim to Ready               ${withSpread(total, 0)} ms`)
  console.log(`engine alone to PONG         ${withSpread(alone, 0)} ms`)
  console.log(
    `beyond the engine's start    ${withSpread(
      total.map((ms, i) => ms - alone[i]),
      0,
    )} ms (aim 100)`,
  )
}

async function claimToReady(claims, name) {
  const startedAt = performance.now()
  const made = await claims.create({ metadata: { name, namespace: 'default' }, spec: { className: 'redis' } })
  const done = new AbortController()
  const events = claims.watch(
    { namespace: 'default', fieldSelector: `metadata.name=${name}`, resourceVersion: made.metadata.resourceVersion },
    done.signal,
  )
  for await (const { object } of events) {
    if (object.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')) break
  }
  done.abort()
  return performance.now() - startedAt
}

/** Spawns the engine with nothing but a port, and asks until it answers. */
async function engineStart(command, dir) {
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn(command, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir], {
    stdio: 'ignore',
  })
  try {
    while (!(await answersPing(port))) await new Promise((resolve) => setTimeout(resolve, 2))
    return performance.now() - startedAt
  } finally {
    child.kill('SIGKILL')
  }
}

function answersPing(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.on('data', (data) => {
      resolve(data.toString().startsWith('+PONG'))
      socket.destroy()
    })
    socket.on('error', () => resolve(false)) // not listening yet
  })
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
