/**
 * Claims of a class whose driver does nothing: what the hub itself takes. `embedded` is a hub as `larder up` starts it; `over HTTPS` is the
 * API in one process and the controllers, under the hub's ServiceAccount, in another. Claims are made and watched from here over HTTPS.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClient } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { burst, followReadiness, openNamespace, quantile, steady, stockNothing } from './claimants.mjs'
import { startLarder } from './larder.mjs'
import { rounds, withSpread } from './measure.mjs'

const HUB = fileURLToPath(new URL('hub-over-https.mjs', import.meta.url))
const BURST = 500
const STEADY = { perSecond: 25, seconds: 4 }

export async function benchNoopClaims() {
  console.log(`\nClaims of a class with driver noop, ${rounds} rounds: ${BURST} at once, then ${STEADY.perSecond}/s`)
  await measure('embedded', 400, ['--no-samples'], async () => async () => {})
  await measure('over HTTPS', 200, ['--api-only'], hubOverHttps)
}

async function measure(name, aim, flags, startHub) {
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  const larder = startLarder(dir, ...flags)
  const stopHub = await startHub(larder)
  const transport = httpsTransport(await loadKubeconfig({ path: larder.kubeconfig }))
  const client = createClient(transport)
  const rates = []
  const waits = []
  try {
    await openNamespace(client)
    await stockNothing(client)
    const readiness = await followReadiness(client)
    await burst(client, readiness, { run: 'warm', count: BURST })
    for (let round = 0; round < rounds; round++) {
      rates.push(BURST / (await burst(client, readiness, { run: `burst-${round}`, count: BURST })))
      waits.push(...(await steady(client, readiness, { run: `steady-${round}`, ...STEADY })))
    }
    readiness.stop()
  } finally {
    await transport.close()
    await stopHub()
    larder.stop('--delete-data')
    rmSync(dir, { recursive: true, force: true })
  }
  waits.sort((a, b) => a - b)
  const at = (q) => quantile(waits, q).toFixed(0)
  const within = (100 * waits.filter((ms) => ms <= 100).length) / waits.length
  console.log(
    `${name.padEnd(10)}  ${withSpread(rates, 0)} claims/s (aim ${aim})  at ${STEADY.perSecond}/s Ready after p50 ${at(0.5)} p90 ${at(0.9)} p99 ${at(0.99)} ms, ${within.toFixed(1)} of 100 within 100 ms (aim 99)`,
  )
}

async function hubOverHttps({ kubeconfig }) {
  const child = spawn(process.execPath, [...process.execArgv, HUB], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.write(`${JSON.stringify({ kubeconfig })}\n`)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  if ((await lines.next()).value !== 'ready') throw new Error('the hub over HTTPS did not start')
  return async () => {
    child.stdin.end()
    await once(child, 'exit')
  }
}
