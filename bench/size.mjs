/** From an empty store to 100,000 objects of 1 KB: what one write takes, and what the hub's process holds in memory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startLarder } from './larder.mjs'
import { runJob } from './measure.mjs'

const LOADER = fileURLToPath(new URL('loader.mjs', import.meta.url))
const PATH = '/api/v1/namespaces/default/configmaps'
const OBJECTS = 100_000
const STEPS = 4
const SAMPLE_SECONDS = 2

export async function benchSize() {
  console.log(`\nSize, ${OBJECTS} ConfigMaps of 1 KB; loader: bench/loader.mjs (HTTP/1.1, own process)`)
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  let larder = startLarder(dir, '--api-only')
  const job = { ...larder.at, kind: 'create', path: PATH }
  const sample = (run) => runJob(LOADER, { ...job, clients: 1, seconds: SAMPLE_SECONDS, run })
  try {
    await sample('warm')
    let first
    for (let step = 0; step <= STEPS; step++) {
      if (step > 0) await runJob(LOADER, { ...job, clients: 32, requests: OBJECTS / STEPS, run: `fill-${step}` })
      const { p50Ms, p99Ms } = await sample(`sample-${step}`)
      first ??= p50Ms
      console.log(
        `${String((OBJECTS / STEPS) * step).padStart(6)} objects  write p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms  ratio to empty ${(p50Ms / first).toFixed(2)} (aim 0.75 to 1.25)  resident ${larder.residentMb().toFixed(0)} MB (aim 250 at the end)`,
      )
    }
    larder.stop()
    larder = startLarder(dir, '--api-only')
    console.log(`after a restart            resident ${larder.residentMb().toFixed(0)} MB (aim 250)`)
  } finally {
    larder.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}
