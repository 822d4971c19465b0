/**
 * S7 on a disk that is really full: a small tmpfs, where the account may mount one. Elsewhere strace makes the kernel answer
 * ENOSPC to a range of the writer's writes, which is what SQLite sees of a full disk. The test prints which it was.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../testing/folder.ts'
import { endStragglers, script, startTraced, Talker } from '../testing/processes.ts'

interface Seen {
  readonly revision: number
  readonly entries: number
  readonly whole: boolean
  readonly same: boolean
  readonly newest: number
}

interface Report {
  readonly first: { name: string; message: string; cause: string; chain: { lost: number; behind: string[] } }
  readonly atFailure: Seen
  readonly recovered: { revision: number; failures: number }
  readonly later: number[]
  readonly afterRecovery: Seen
  readonly afterRestart: Seen
  readonly acks: number[]
  readonly told: number[]
}

let folder: ReturnType<typeof temporaryFolder>
let mounted: string | undefined
beforeEach(() => {
  folder = temporaryFolder()
  mounted = undefined
})
afterEach(async () => {
  await endStragglers()
  if (mounted) expect(spawnSync('umount', [mounted]).status).toBe(0)
  folder.dispose()
})

test('S7 on a full disk writes fail, nothing is lost, and they succeed again when there is room', async () => {
  const disk = join(folder.dir, 'disk')
  mkdirSync(disk)
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk])
  if (mount.status === 0) mounted = disk
  console.log(
    mounted ? 'full disk: a tmpfs of 6 MB' : 'full disk: ENOSPC by strace, because mounting is not permitted here',
  )
  check(await fill(disk), disk)
})

test.each([
  ['forty', '300..340'],
  // The commits behind it would succeed, if they were tried: what they hold was decided on top of the failed one.
  ['one', '300'],
])('S7 holds as well when the kernel refuses %s of the writes', async (_, when) => {
  const disk = join(folder.dir, 'disk')
  mkdirSync(disk)
  const report = await fillRefused(disk, when)
  check(report, disk)
  expect(report.first.chain.lost).toBeGreaterThan(0)
})

function fill(disk: string): Promise<Report> {
  if (!mounted) return fillRefused(disk, '300..340')
  const ballast = join(disk, 'ballast')
  writeFileSync(ballast, Buffer.alloc(3 * 1024 * 1024))
  return reportOf(new Talker(process.execPath, [script('filler.mjs'), join(disk, 'store'), ballast]))
}

/** Counted for each thread; the writer's are the commits, and the main thread makes fewer. */
async function fillRefused(disk: string, when: string): Promise<Report> {
  const ballast = join(disk, 'ballast')
  writeFileSync(ballast, '')
  const flags = ['-e', 'trace=pwrite64', '-e', `inject=pwrite64:error=ENOSPC:when=${when}`]
  const args = [script('filler.mjs'), join(disk, 'store'), ballast]
  return reportOf(await startTraced(join(folder.dir, 'trace'), flags, args))
}

async function reportOf(filler: Talker): Promise<Report> {
  await filler.end()
  expect(filler.errors).toEqual([])
  return JSON.parse(filler.lines[0]!) as Report
}

function check(report: Report, disk: string): void {
  const { first, atFailure, recovered, later, afterRecovery, afterRestart, acks, told } = report
  expect(first).toMatchObject({
    name: 'StorageFailed',
    message: `cannot write to ${join(disk, 'store', 'store.db')}: the disk is full; free space on it and try again`,
    cause: 'Error: SQLITE_FULL: database or disk is full',
  })
  // A conflict at its end: that writer learned of the failure and expected the lost revision all the same.
  for (const name of first.chain.behind) expect(['StorageFailed', 'RevisionConflict']).toContain(name)
  for (const seen of [atFailure, afterRecovery, afterRestart]) {
    expect(seen).toMatchObject({ whole: true, same: true, revision: seen.newest })
  }
  expect(atFailure.entries).toBeGreaterThan(10)
  // Revisions of what failed are not used again.
  expect(recovered.revision).toBeGreaterThan(atFailure.revision + 1)
  expect(later).toEqual(Array.from({ length: 20 }, (_, i) => recovered.revision + 1 + i))
  expect(afterRestart).toEqual(afterRecovery)
  expect(told).toEqual(acks.sort((a, b) => a - b))
}
