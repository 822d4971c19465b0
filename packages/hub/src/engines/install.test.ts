import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineFinder, findEngine, findInstalled } from './find.ts'
import { addEngine } from './install.ts'
import { INSTALLABLE_ENGINES } from './registry.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'larder-engines-'))
})

afterEach(() => rm(dir, { recursive: true, force: true }))

async function program(folder: string, name: string, says: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(folder, { recursive: true })
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`)
  await chmod(path, 0o755)
  return path
}

const sought = {
  name: 'redis',
  commands: ['valkey-server', 'redis-server'],
  version: { arguments: ['--version'], pattern: 'v=([0-9.]+)' },
}

describe('adding an engine', () => {
  test('fetches what is pinned, runs it once, and finds it from then on', async () => {
    const lines: string[] = []
    const added = await addEngine('redis', { dir, log: (line) => lines.push(line) })
    expect(added.source).toBe('installed')
    expect(execFileSync(added.command, ['--version'], { encoding: 'utf8' })).toContain(`v=${added.version}`)
    expect(lines.at(-1)).toContain(`engine redis ${added.version} is in ${dir}`)
    expect(await findEngine(sought, { dir, path: '' })).toEqual(added)
    expect(await engineFinder({ dir, path: '' }).list()).toMatchObject({ redis: { found: true, ...added } })
    // A second time there is nothing to do.
    const more: string[] = []
    expect(await addEngine('redis', { dir, log: (line) => more.push(line) })).toEqual(added)
    expect(more).toEqual([])
  })

  test('one of many files comes whole, with the links that its package cannot carry', async () => {
    const added = await addEngine('postgres', { dir })
    expect(added.tree).toBe(join(dir, 'postgres/18.4.0-beta.17/native'))
    const initdb = join(added.tree ?? '', 'bin/initdb')
    expect(execFileSync(initdb, ['--version'], { encoding: 'utf8' })).toContain(`(PostgreSQL) ${added.version}`)
    expect(await addEngine('postgres', { dir })).toEqual(added)
  })

  test('twice at once ends with one, whole', async () => {
    const [one, two] = await Promise.all([addEngine('redis', { dir }), addEngine('redis', { dir })])
    expect(one).toEqual(two)
    expect(await findInstalled('redis', dir)).toEqual(one)
  })

  test('one that is not known is refused with those that are', async () => {
    await expect(addEngine('sqlserver', { dir })).rejects.toThrow(
      'engine sqlserver is not one that can be installed; known: redis, postgres',
    )
  })

  test('every build is pinned by a hash', () => {
    const hashes = INSTALLABLE_ENGINES.flatMap((e) => Object.values(e.package.builds).map((b) => b.hash))
    expect(hashes.length).toBeGreaterThan(0)
    for (const hash of hashes) expect(hash).toMatch(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/)
  })
})

describe('looking for an engine', () => {
  test('PATH comes first, in the order of the commands', async () => {
    const early = join(dir, 'early')
    const late = join(dir, 'late')
    await program(early, 'redis-server', 'Redis server v=7.0.15 sha=0')
    const preferred = await program(late, 'valkey-server', 'Valkey server v=9.1.2 sha=0')
    expect(await findEngine(sought, { dir, path: `${early}:${late}` })).toEqual({
      command: preferred,
      version: '9.1.2',
      source: 'path',
    })
  })

  test('one that says nothing of its version is found without one', async () => {
    const command = await program(join(dir, 'bin'), 'redis-server', 'hello')
    expect(await findEngine(sought, { dir, path: join(dir, 'bin') })).toEqual({ command, source: 'path' })
  })

  test('a star in an absolute command finds the newest version, also off PATH', async () => {
    for (const version of ['9', '15', '14-old']) {
      await program(join(dir, 'versions', version, 'bin'), 'server', `v=${version}`)
    }
    const commands = ['server', join(dir, 'versions/*/bin/server')]
    expect(await findEngine({ ...sought, commands }, { dir, path: '' })).toEqual({
      command: join(dir, 'versions/15/bin/server'),
      version: '15',
      source: 'path',
    })
    expect(await findEngine({ ...sought, commands: [join(dir, 'other/*/server')] }, { dir, path: '' })).toBeUndefined()
  })

  test('nowhere is nowhere, and the list names the command that helps', async () => {
    expect(await findEngine(sought, { dir, path: '' })).toBeUndefined()
    expect(await engineFinder({ dir, path: '' }).list()).toMatchObject({
      redis: { found: false, message: 'neither on PATH nor installed; run: larder engine add redis' },
    })
  })
})
