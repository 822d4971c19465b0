/** S2 where it matters: acknowledged means on disk, whatever kills the process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../testing/folder.ts'
import { endStragglers, script, startTraced } from '../testing/processes.ts'
import { parseTrace, type Call } from '../testing/trace.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(async () => {
  await endStragglers()
  folder.dispose()
})

describe('S2 an acknowledgement follows its fsync', () => {
  test.each([
    { size: 1, rounds: 40 },
    { size: 8, rounds: 40 },
  ])('in rounds of $size', async (settings) => {
    const output = join(folder.dir, 'trace')
    const args = [script('writer.mjs'), join(folder.dir, 'store'), JSON.stringify(settings)]
    const flags = ['--seccomp-bpf', '-e', 'trace=write,pwrite64,fsync,fdatasync']
    const writer = await startTraced(output, flags, args)
    await writer.end()
    expect(writer.errors).toEqual([])
    expect(writer.lines.filter((line) => line.startsWith('ack '))).toHaveLength(settings.rounds)

    const { acks, early, syncs } = judge(parseTrace(readFileSync(output, 'utf8')))
    console.log(
      `rounds of ${settings.size}: ${acks} acknowledgements, ${early} before their fsync, ${syncs} fsyncs of the log`,
    )
    expect(acks).toBe(settings.rounds)
    expect(early).toBe(0)
    // A round shares its commit: at most one more, when its first write went ahead.
    expect(syncs).toBeLessThanOrEqual(settings.rounds * 2 + 5)
  })
})

/** Goes through time: at each acknowledgement the log has been written and synced since the last one, and nothing since. */
function judge(calls: readonly Call[]): { acks: number; early: number; syncs: number } {
  const moments = calls
    .flatMap((call) => [
      { at: call.begun, call, end: false },
      ...(call.ended === undefined ? [] : [{ at: call.ended + 0.5, call, end: true }]),
    ])
    .sort((a, b) => a.at - b.at)
  let [acks, early, syncs, written, synced] = [0, 0, 0, -1, -1]
  for (const { at, call, end } of moments) {
    const onLog = call.file.endsWith('store.db-wal')
    if (onLog && call.name === 'pwrite64' && !end) {
      written = at
      synced = -1
    }
    // Covers only what was written before it began.
    if (onLog && call.name.endsWith('sync') && end && call.result === '0' && call.begun > written && written >= 0) {
      synced = at
      syncs++
    }
    if (call.name === 'write' && call.text.startsWith(', "ack ') && !end) {
      acks++
      if (synced < 0) early++
      written = synced = -1
    }
  }
  return { acks, early, syncs }
}
