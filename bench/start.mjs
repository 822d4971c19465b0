/** From `bin/larder up` to ready on a used data folder, beside bare Node; and what the process holds in memory then. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LARDER, residentMb } from './larder.mjs'
import { rounds, withSpread } from './measure.mjs'

export async function benchStart() {
  console.log(`\nStart, ${rounds} rounds on a used data folder`)
  const dir = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  const flags = ['--data', dir]
  const up = () =>
    execFileSync(LARDER, ['up', '--detach', '--wait', '--port', '0', '--api-port', '0', ...flags], { stdio: 'ignore' })
  const down = () => execFileSync(LARDER, ['down', ...flags], { stdio: 'ignore' })
  up()
  down()
  const starts = []
  const resident = []
  const helps = []
  for (let round = 0; round < rounds; round++) {
    starts.push(timed(() => execFileSync(LARDER, ['up', '--detach', ...flags], { stdio: 'ignore' })))
    resident.push(residentMb(dir))
    down()
    const help = timed(() => spawnSync(process.execPath, [LARDER, '--help'], { stdio: 'ignore' }))
    helps.push(help - timed(() => spawnSync(process.execPath, ['-e', '0'], { stdio: 'ignore' })))
  }
  console.log(
    `larder up --detach to ready  ${withSpread(starts.map((ms) => ms / 1000))} s, two Node processes included (aim 0.7)`,
  )
  console.log(`resident then                ${withSpread(resident, 0)} MB (aim 120)`)
  console.log(`larder --help beyond node    ${withSpread(helps, 0)} ms (aim 40)`)
  rmSync(dir, { recursive: true, force: true })
}

function timed(work) {
  const startedAt = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - startedAt) / 1e6
}
