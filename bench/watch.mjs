/** One change to 100 watchers, while creates are running: deliveries a second, and how late they are. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startLarder } from './larder.mjs'
import { median, rounds, runJob, withSpread } from './measure.mjs'

const LOADER = fileURLToPath(new URL('watchers.mjs', import.meta.url))
const WATCHERS = 100
const SECONDS = 3

export async function benchWatch() {
  console.log(
    `\nWatch, ${WATCHERS} watchers, ${rounds} rounds of ${SECONDS} s; loader: bench/watchers.mjs (node ${process.version}, HTTP/1.1 over TLS, one process that watches and creates)`,
  )
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  const larder = startLarder(dir, '--api-only')
  const job = { ...larder.at, watchers: WATCHERS, seconds: SECONDS, path: '/api/v1/namespaces/default/configmaps' }
  try {
    await runJob(LOADER, { ...job, perSecond: 100, run: 'warm' })
    for (const perSecond of [250, 500, 0]) {
      const results = []
      for (let round = 0; round < rounds; round++) {
        results.push(await runJob(LOADER, { ...job, perSecond, run: `${perSecond}-${round}` }))
      }
      const name = perSecond === 0 ? 'as fast as 4 clients can' : `${perSecond} creates/s asked for`
      const rate = results.map((r) => r.deliveries / r.seconds)
      const p99 = median(results.map((r) => r.p99Ms)).toFixed(0)
      console.log(
        `${name.padEnd(25)} ${withSpread(rate, 0)} deliveries/s (aim 50000)  lag p50 ${median(results.map((r) => r.p50Ms)).toFixed(0)} ms  p99 ${p99} ms (aim 100)`,
      )
    }
  } finally {
    larder.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}
