/** An engine that speaks SQL: its own data folder, logins of two roles, and what becomes of them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Want } from '@larder/kit'
import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { engineFinder, findInstalled } from '../../engines/find.ts'
import { addEngine } from '../../engines/install.ts'
import { engineAccount } from './account.ts'
import type { EngineFinder } from './engine.ts'
import { callSql } from './sql.ts'
import { renderBatches } from './sql-batches.ts'
import { realEngines } from './testing/engines.ts'
import { unsyncedPostgres } from './testing/unsynced.ts'
import {
  createReady,
  credential,
  never,
  processesIn,
  sqlClient,
  sqlLogin,
  until,
  untilReady,
  workshop,
} from './testing/stage.ts'
import type { Values, Workshop } from './testing/stage.ts'

const isRoot = process.getuid?.() === 0
const undo: (() => unknown)[] = []
/** One for all tests that only need some instance. */
let shop: Workshop
let want: Want

beforeAll(async () => {
  shop = await open()
  // It outlives the first test.
  undo.length = 0
  want = await createReady(shop, 'shared')
})

afterAll(() => shop.end())

afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step()
})

async function open(dataDir?: string, engines?: EngineFinder): Promise<Workshop> {
  const shop = await workshop({
    engines: engines ?? (await realEngines('postgres')),
    recipe: unsyncedPostgres,
    parameters: { maxConnections: 20, sharedBuffers: '16MB' },
    ...(dataDir === undefined ? {} : { dataDir }),
  })
  undo.push(() => shop.end())
  return shop
}

/** Closed at the end of the test, before its engine is stopped. */
async function session(values: Values): Promise<Client> {
  const client = await sqlClient(values)
  undo.push(() => client.end())
  return client
}

async function bind(shop: Workshop, want: Want, id: string, role: string): Promise<Values> {
  const bound = await shop.session.bind(want, credential(id, role), never)
  if (bound.phase !== 'ready') throw new Error(`bound is ${bound.phase}`)
  return bound.values
}

describe('an engine that speaks SQL', () => {
  test('a writer writes, a reader reads also what was made later, and the engine itself refuses the rest', async () => {
    const writer = await session(await bind(shop, want, 'w1', 'writer'))
    await writer.query('CREATE TABLE before_reader (id serial PRIMARY KEY, note text)')
    const reader = await session(await bind(shop, want, 'r1', 'reader'))
    await writer.query(`INSERT INTO before_reader (note) VALUES ('hello')`)
    await writer.query('CREATE SCHEMA later')
    await writer.query('CREATE TABLE later.after_reader AS SELECT 1 AS one')
    expect((await reader.query('SELECT note FROM before_reader')).rows).toEqual([{ note: 'hello' }])
    expect((await reader.query('SELECT one FROM later.after_reader')).rows).toEqual([{ one: 1 }])
    for (const forbidden of [
      `INSERT INTO before_reader (note) VALUES ('no')`,
      'DELETE FROM later.after_reader',
      'CREATE TABLE mine (id int)',
      'CREATE TEMPORARY TABLE mine (id int)',
      'CREATE SCHEMA mine',
      'SET ROLE writer',
      'SELECT lo_create(0)',
      'CREATE ROLE friend',
    ]) {
      await expect(reader.query(forbidden), forbidden).rejects.toThrow(/permission denied/)
    }
    await expect(writer.query('CREATE ROLE friend')).rejects.toThrow(/permission denied/)
    await expect(writer.query('SET ROLE larder')).rejects.toThrow(/permission denied/)
    await expect(writer.query(`COPY (SELECT 1) TO PROGRAM 'true'`)).rejects.toThrow(
      // The words of version 15, and of 16 and later.
      /must be superuser|permission denied/,
    )
  })

  test('two writers own what either makes', async () => {
    const one = await session(await bind(shop, want, 'one2', 'writer'))
    const two = await session(await bind(shop, want, 'two2', 'writer'))
    await one.query('CREATE TABLE ours (id int)')
    await two.query('ALTER TABLE ours ADD COLUMN note text')
    await two.query('DROP TABLE ours')
  })

  test('unbind cuts open sessions, closes the door, and leaves the data, also those that the login itself owned', async () => {
    const values = await bind(shop, want, 'w3', 'writer')
    const writer = await session(values)
    await writer.query('CREATE TABLE kept AS SELECT 1 AS one')
    await writer.query('SET ROLE NONE')
    await writer.query('CREATE TABLE own AS SELECT 2 AS two')
    const ended = new Promise<void>((resolve) => writer.once('end', () => resolve()))
    expect(await shop.session.unbind(want, credential('w3', 'writer'), never)).toEqual({ phase: 'gone' })
    await ended
    expect(await sqlLogin(values)).toBe(false)

    const next = await session(await bind(shop, want, 'next3', 'writer'))
    expect((await next.query('SELECT one, two FROM kept, own')).rows).toEqual([{ one: 1, two: 2 }])
    await next.query('DROP TABLE own')
    const roles = await next.query('SELECT FROM pg_roles WHERE rolname = $1', [values['username']])
    expect(roles.rows).toEqual([])
  })

  test('a credential whose role changes loses the old one, in its open sessions too', async () => {
    const before = await bind(shop, want, 'c4', 'writer')
    const open_ = await session(before)
    await open_.query('CREATE TABLE t AS SELECT 1 AS one')
    const ended = new Promise<void>((resolve) => open_.once('end', () => resolve()))
    const after = await session(await bind(shop, want, 'c4', 'reader'))
    await ended
    expect(await sqlLogin(before)).toBe(false)
    expect((await after.query('SELECT one FROM t')).rows).toEqual([{ one: 1 }])
    await expect(after.query('DROP TABLE t')).rejects.toThrow(/must be owner/)
    await expect(after.query('SET ROLE writer')).rejects.toThrow(/permission denied/)
  })

  test('a password is in no log of the engine and in no file that others may read', async () => {
    const values = await bind(shop, want, 'w5', 'writer')
    const folder = join(shop.dataDir, 'services/shared')
    const admin = (await readFile(join(folder, 'config/password'), 'utf8')).trim()
    expect(admin.length).toBeGreaterThan(20)
    await sqlLogin({ ...values, uri: String(values['uri']).replace(String(values['password']), 'wrong') })
    const log = await readFile(join(folder, 'log/output.log'), 'utf8')
    expect(log).toContain('password authentication failed')
    for (const secret of [admin, String(values['password'])]) expect(log).not.toContain(secret)
    for (const name of await readdir(folder, { recursive: true })) {
      const { mode } = await stat(join(folder, name))
      expect(`${name} ${(mode & 0o007).toString(8)}`).toBe(`${name} 0`)
    }
  })

  test('killed, it comes back on its port with its data and its logins', async () => {
    const values = await bind(shop, want, 'w6', 'writer')
    const client = await session(values)
    await client.query('CREATE TABLE durable AS SELECT 1 AS one')
    const [main = 0] = processesIn(shop.dataDir)
    process.kill(main, 'SIGKILL')
    await until('another process has it', async () => {
      const seen = await shop.session.observe(want, never)
      return seen.phase === 'ready' && !processesIn(shop.dataDir).includes(main)
    })
    const again = await session(values)
    expect((await again.query('SELECT one FROM durable')).rows).toEqual([{ one: 1 }])
  })

  test('a hub that comes back finds it running and leaves it so', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'larder-process-'))
    undo.push(() => rm(dataDir, { recursive: true, force: true }))
    const first = await open(dataDir)
    const adopted = await createReady(first, 'adopted')
    const [main] = processesIn(dataDir)
    // The first hub neither stops it nor is asked again, as if it had been killed.
    const second = await open(dataDir)
    await untilReady(second, adopted)
    expect(processesIn(dataDir)[0]).toBe(main)
    await Promise.all([first.driver.close(), second.driver.close()])
    expect(processesIn(dataDir)).toEqual([])
  })

  test('after a restart of the machine its old process number may be anybody: it starts all the same', async () => {
    const first = await open()
    const rebooted = await createReady(first, 'rebooted')
    const values = await bind(first, rebooted, 'w', 'writer')
    await first.driver.close()
    const account = engineAccount()
    const stranger = spawn('sleep', ['60'], account ? { uid: account.uid, gid: account.gid } : {})
    undo.push(() => stranger.kill())
    const lock = join(first.dataDir, 'services/rebooted/data/cluster/postmaster.pid')
    await writeFile(lock, `${stranger.pid}\n${join(lock, '..')}\n1\n1\n\n127.0.0.1\n\n`, { mode: 0o600 })
    if (account) await chown(lock, account.uid, account.gid)
    const second = await open(first.dataDir)
    await untilReady(second, rebooted)
    await session(values)
  })

  test('half a data folder, left by a start that was cut off, is never taken for a whole one', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'larder-process-'))
    const folder = join(dataDir, 'services/cut')
    const account = engineAccount()
    await mkdir(join(folder, 'data/cluster.draft-0'), { recursive: true })
    await writeFile(join(folder, 'data/cluster.draft-0/PG_VERSION'), '15\n')
    if (account) await chown(join(folder, 'data'), account.uid, account.gid)
    await writeFile(
      join(folder, 'instance.json'),
      JSON.stringify({ id: 'cut', parameters: {}, recipe: unsyncedPostgres, ports: { client: 31_999 } }),
    )
    await mkdir(join(folder, 'log'))
    await writeFile(join(folder, 'key'), 'ab'.repeat(32), { mode: 0o600 })
    const second = await open(dataDir)
    await untilReady(second, second.want('cut'))
    expect((await readdir(join(folder, 'data'))).filter((name) => name.startsWith('cluster'))).toEqual(['cluster'])
  })
})

test('a call that is aborted while it connects ends, whatever the engine does', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const abort = new AbortController()
  const login = { username: 'a', password: 'b' }
  const batches = [{ database: 'd', statements: [{ run: 'SELECT 1' }] }]
  const call = callSql({ host: '127.0.0.1', port, login, batches, timeoutMs: 60_000, signal: abort.signal })
  const told = expect(call).rejects.toMatchObject({ name: 'AbortError' })
  await once(silent, 'connection')
  abort.abort()
  await told
  silent.close()
}, 10_000)

test('a value that would end its literal is refused', async () => {
  expect(() =>
    renderBatches(
      [{ database: 'app', statements: [{ run: `CREATE ROLE "\${parameter.name}"` }] }],
      { parameter: { name: 'a"; DROP ROLE b; --' } },
      'recipe.credentials.sql.make',
    ),
  ).toThrow('recipe.credentials.sql.make[0] may hold only letters, digits, _ . and - where ${parameter.name} stands')
})

test.runIf(isRoot)('a program of many files in a folder that its account may not enter', async () => {
  const closed = await mkdtemp(join(tmpdir(), 'larder-closed-'))
  undo.push(() => rm(closed, { recursive: true, force: true }))
  await addEngine('postgres', { dir: closed })
  await chmod(closed, 0o700)
  const finder = engineFinder({ dir: closed, path: '' })
  // Only what is installed there: the recipe also looks where systems put theirs.
  const engines = { ...finder, find: () => findInstalled('postgres', closed) }
  const alone = await open(undefined, engines)
  const linked = await createReady(alone, 'linked')
  const client = await session(await bind(alone, linked, 'w', 'writer'))
  expect((await client.query('SHOW server_version')).rows).toEqual([{ server_version: '18.4' }])
})
