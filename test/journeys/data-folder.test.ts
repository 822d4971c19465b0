/** Folders that cannot hold a hub's data: what the person who named one is told. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'

const isRoot = process.getuid?.() === 0
let hub: Hub
beforeEach(async () => {
  hub = await newHub()
})
afterEach(() => hub.remove())

test.each(['up --detach --no-samples', 'up --no-samples', 'status'])(
  'a data folder that is a file is told with its reason by larder %s',
  async (command) => {
    mkdirSync(join(hub.dir, '..'), { recursive: true })
    writeFileSync(hub.dir, '')
    const failed = await hub.larder(...command.split(' '))
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toContain(`error: cannot use the data folder ${hub.dir}\n`)
    expect(failed.stderr).toMatch(
      / {2}why: {3}\w+ .*: a part of that path is a file \(ENOTDIR\)\n {2}next: {2}.*--data DIR\n/,
    )
    rmSync(hub.dir)
  },
)

test.runIf(isRoot)('a full disk is told with what to do, and with space the hub starts', async () => {
  mkdirSync(hub.dir, { recursive: true })
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', hub.dir])
  try {
    const { bavail, bsize } = statfsSync(hub.dir)
    writeFileSync(join(hub.dir, 'filler'), Buffer.alloc(bavail * bsize))
    const failed = await hub.larder('up', '--detach', '--no-samples')
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(/^error: .*\n/)
    expect(failed.stderr).toMatch(/full/)
    expect(failed.stderr).toMatch(/next: {2}.*--data DIR\n/)
    expect(failed.stderr).not.toMatch(/^ +at /m)
    rmSync(join(hub.dir, 'filler'))
    await hub.start('--no-samples')
    await hub.larder('down')
  } finally {
    execFileSync('/bin/umount', ['-l', hub.dir])
  }
})
