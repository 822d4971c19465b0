import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../testing/folder.ts'
import { endStragglers, script, Talker } from '../testing/processes.ts'

interface Measured {
  readonly ms: number
  readonly megabytes: number
}

interface Report {
  readonly atStart: number
  readonly takenUp: boolean
  readonly opened: Measured
  readonly listed: Measured
  readonly readAll: Measured
  readonly count: number
  readonly owned: number
}

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(async () => {
  await endStragglers()
  folder.dispose()
})

async function crowd(...args: string[]): Promise<Report> {
  const child = new Talker(process.execPath, [script('crowd.mjs'), folder.dir, ...args])
  await child.end()
  expect(child.errors).toEqual([])
  return JSON.parse(child.lines[0]!) as Report
}

test('S8 of 100,000 objects memory holds keys, labels and owners, and a bounded part of the documents', async () => {
  await crowd('fill', '100000')
  for (const takenUp of [false, true]) {
    const report = await crowd('read')
    const { atStart, opened, readAll } = report
    console.log(
      `100,000 objects of 1 KB, ${takenUp ? 'taken up from the last stop' : 'the log read'}, resident: ${atStart} MB at start, ` +
        `${opened.megabytes} open (${opened.ms} ms), ${readAll.megabytes} all read`,
    )
    expect([report.takenUp, report.count, report.owned]).toEqual([takenUp, 100_000, 100])
    // Measured: 60 and 283 MB; less than 30 of the 60 live, the rest is what the start left behind. All documents, read and kept, would be 540.
    expect(opened.megabytes - atStart).toBeLessThan(110)
    expect(readAll.megabytes - atStart).toBeLessThan(340)
  }
})
