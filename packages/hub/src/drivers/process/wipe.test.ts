/** A service between two owners: nothing of the first is left, however often and whenever it is interrupted. */
import { existsSync } from 'node:fs'
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json, Want } from '@larder/kit'
import { afterEach, describe, expect, test } from 'vitest'
import { redisRecipe } from '../../samples/redis.ts'
import type { InstanceRecord } from './folder.ts'
import { realEngines } from './testing/engines.ts'
import {
  createReady,
  credential,
  never,
  processesIn,
  redisClient,
  redisLogin,
  sqlClient,
  sqlLogin,
  until,
  untilReady,
  workshop,
} from './testing/stage.ts'
import type { Values, Workshop } from './testing/stage.ts'
import { unsyncedPostgres } from './testing/unsynced.ts'

const shops: Workshop[] = []
const folders: string[] = []

async function open(recipe: Json, dataDir?: string, parameters: Json = {}): Promise<Workshop> {
  const engines = await realEngines('postgres')
  const shop = await workshop({ engines, recipe, parameters, ...(dataDir === undefined ? {} : { dataDir }) })
  shops.push(shop)
  return shop
}

afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.end()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function bind(shop: Workshop, want: Want, id: string): Promise<Values> {
  const bound = await shop.session.bind(want, credential(id, 'writer'), never)
  if (bound.phase !== 'ready') throw new Error(`bound is ${bound.phase}`)
  return bound.values
}

const wiped = (shop: Workshop, want: Want) =>
  until('it is wiped', async () => (await shop.session.wipe!(want, never)).againMs === undefined)

const recordOf = async (shop: Workshop, id: string): Promise<InstanceRecord> =>
  JSON.parse(await readFile(join(shop.dataDir, 'services', id, 'instance.json'), 'utf8')) as InstanceRecord

/** One key, and what the engine has of it afterwards. */
async function leaveLetter(values: Values): Promise<void> {
  const client = redisClient(values)
  await client.connect()
  await client.set('letter', 'for my eyes only')
  client.disconnect()
}

async function lettersIn(values: Values): Promise<number> {
  const client = redisClient(values)
  await client.connect()
  const count = await client.dbsize()
  client.disconnect()
  return count
}

describe('a wiped redis', () => {
  test('has no data and no users of before, keeps its port, and is not wiped twice for one release', async () => {
    const shop = await open(redisRecipe)
    const want = await createReady(shop, 'passed-on')
    const before = await bind(shop, want, 'first-1')
    await leaveLetter(before)
    const { ports } = await recordOf(shop, 'passed-on')
    const released = { ...want, generation: 2 }
    await wiped(shop, released)
    await untilReady(shop, released)
    expect(await redisLogin(before)).toBe(false)
    expect(await shop.session.observe(released, never)).toMatchObject({ phase: 'ready', bindings: [] })
    expect((await recordOf(shop, 'passed-on')).ports).toEqual(ports)

    const taken = { ...want, generation: 3 }
    const next = await bind(shop, taken, 'second-1')
    expect(await lettersIn(next)).toBe(0)
    await leaveLetter(next)
    // A hub that comes late asks for the wipe of the release before.
    await wiped(shop, released)
    expect(await lettersIn(next)).toBe(1)
    expect(await redisLogin(next)).toBe(true)
  })

  test('gives the same credential id another password: the key has changed', async () => {
    const shop = await open(redisRecipe)
    const want = await createReady(shop, 'rekeyed')
    const before = await bind(shop, want, 'same-1')
    await wiped(shop, { ...want, generation: 2 })
    await untilReady(shop, want)
    const after = await bind(shop, want, 'same-1')
    expect(after['password']).not.toBe(before['password'])
    expect(await redisLogin(before)).toBe(false)
  })

  test('is wiped to the end by the next hub when the first is killed in the middle', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'larder-process-'))
    folders.push(dataDir)
    const first = await open(redisRecipe, dataDir)
    const want = await createReady(first, 'cut-off')
    const before = await bind(first, want, 'first-1')
    await leaveLetter(before)
    await first.driver.close()
    // As a hub leaves it that was killed between its decision and the end of it, with half the folder gone.
    const path = join(dataDir, 'services', 'cut-off', 'instance.json')
    const record = JSON.parse(await readFile(path, 'utf8')) as InstanceRecord
    await writeFile(path, JSON.stringify({ ...record, wiping: 2 }))
    await rm(join(dataDir, 'services', 'cut-off', 'data', 'users.acl'))
    const second = await open(redisRecipe, dataDir)
    const released = { ...want, generation: 2 }
    await wiped(second, released)
    await untilReady(second, released)
    expect(await redisLogin(before)).toBe(false)
    expect(await lettersIn(await bind(second, released, 'second-1'))).toBe(0)
    expect(await recordOf(second, 'cut-off')).toMatchObject({ wiped: 2 })
  })

  test('ends the engine that a killed hub left running before anything is removed', async () => {
    const shop = await open(redisRecipe)
    const want = await createReady(shop, 'running')
    const [pid = 0] = processesIn(shop.dataDir)
    await wiped(shop, { ...want, generation: 2 })
    expect(existsSync(`/proc/${pid}`)).toBe(false)
    await untilReady(shop, want)
    expect(processesIn(shop.dataDir)).toHaveLength(1)
  })
})

test('a wiped postgres has neither tables nor logins of before', async () => {
  const shop = await open(unsyncedPostgres, undefined, { maxConnections: 20, sharedBuffers: '16MB' })
  const want = await createReady(shop, 'passed-on')
  const before = await bind(shop, want, 'first-1')
  const writer = await sqlClient(before)
  await writer.query(`CREATE TABLE letters AS SELECT 'for my eyes only' AS text`)
  await writer.end()
  const released = { ...want, generation: 2 }
  await wiped(shop, released)
  await untilReady(shop, released)
  expect(await sqlLogin(before)).toBe(false)
  const next = await sqlClient(await bind(shop, want, 'second-1'))
  const { rows } = await next.query(`SELECT 1 FROM information_schema.tables WHERE table_name = 'letters'`)
  expect(rows).toEqual([])
  await next.end()
})
