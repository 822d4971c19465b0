/**
 * The machine restarts: every process is gone, the folders stay, and pids and start times begin anew, so that a recorded pid may mean
 * anybody. Simulated by killing what runs and by records as a boot before this one would have left them.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { redisRecipe } from '../../samples/redis.ts'
import type { Want } from '@larder/kit'
import { engineAccount } from './account.ts'
import { recordedProcess } from './launch.ts'
import { realEngines } from './testing/engines.ts'
import {
  createReady,
  credential,
  never,
  processesIn,
  redisClient,
  until,
  untilReady,
  workshop,
} from './testing/stage.ts'
import type { Values, Workshop } from './testing/stage.ts'

const shops: Workshop[] = []
const folders: string[] = []

async function open(dataDir: string): Promise<Workshop> {
  const shop = await workshop({ engines: await realEngines(), recipe: redisRecipe, dataDir })
  shops.push(shop)
  return shop
}

afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.end()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

const BEFORE = '00000000-1111-2222-3333-444444444444'
const processRecord = (dataDir: string, id: string) => join(dataDir, 'services', id, 'run/process')

interface Left {
  readonly dataDir: string
  readonly want: Want
  readonly values: Values
  /** The pid that the engine had. */
  readonly pid: number
}

/** A service with one key in it whose engine and whose hub are gone, as after a power cut. */
async function powerCut(id: string): Promise<Left> {
  const dataDir = await mkdtemp(join(tmpdir(), 'larder-process-'))
  folders.push(dataDir)
  const shop = await open(dataDir)
  const want = await createReady(shop, id)
  const bound = await shop.session.bind(want, credential('w-1', 'writer'), never)
  if (bound.phase !== 'ready') throw new Error(`bound is ${bound.phase}`)
  const client = redisClient(bound.values)
  await client.connect()
  await client.set('letter', 'kept')
  client.disconnect()
  const [pid = 0] = processesIn(dataDir)
  const record = await readFile(processRecord(dataDir, id), 'utf8')
  await shop.driver.close()
  // Of the last boot: what a clean stop takes away, a power cut leaves.
  const [, boot = ''] = record.split('\n')
  await writeFile(processRecord(dataDir, id), record.replace(boot, BEFORE))
  return { dataDir, want, values: bound.values, pid }
}

async function letterOf(values: Values): Promise<string | null> {
  const client = redisClient(values)
  await client.connect()
  const letter = await client.get('letter')
  client.disconnect()
  return letter
}

describe('after a restart of the machine', () => {
  test('a service is found, started on its port with its data and its users, and there is one of it', async () => {
    const { dataDir, want, values, pid } = await powerCut('found')
    const shop = await open(dataDir)
    await untilReady(shop, want)
    expect(processesIn(dataDir)).toHaveLength(1)
    expect(processesIn(dataDir)).not.toContain(pid)
    expect(await letterOf(values)).toBe('kept')
  })

  test('a stranger with the pid and the start time of the engine is neither adopted nor stopped', async () => {
    const { dataDir, want, values } = await powerCut('mistaken')
    // This very process, as the last boot would have recorded it: all but the boot is right.
    const self = await readFile('/proc/self/stat', 'utf8')
    await writeFile(processRecord(dataDir, 'mistaken'), `${process.pid}\n${BEFORE}\n${self.trim()}\nend\n`)
    const account = engineAccount()
    expect(await recordedProcess(join(dataDir, 'services', 'mistaken'), account)).toBeUndefined()
    const shop = await open(dataDir)
    await untilReady(shop, want)
    expect(processesIn(dataDir)).toHaveLength(1)
    expect(await letterOf(values)).toBe('kept')
  })

  test('two hubs that come up at once start one engine on one data folder', async () => {
    const { dataDir, want, values } = await powerCut('raced')
    const most = { running: 0 }
    const watch = setInterval(() => (most.running = Math.max(most.running, processesIn(dataDir).length)), 5)
    try {
      const [one, two] = await Promise.all([open(dataDir), open(dataDir)])
      await Promise.all([untilReady(one, want), untilReady(two, want)])
    } finally {
      clearInterval(watch)
    }
    expect(processesIn(dataDir)).toHaveLength(1)
    expect(await letterOf(values)).toBe('kept')
    // The shell that becomes an engine counts too, until it sees that the folder is taken.
    expect(most.running).toBeLessThanOrEqual(2)
  })

  test('a wipe and a deletion that the power cut interrupted are finished', async () => {
    const wiping = await powerCut('wiped')
    const record = join(wiping.dataDir, 'services/wiped/instance.json')
    const stored = JSON.parse(await readFile(record, 'utf8')) as object
    await writeFile(record, JSON.stringify({ ...stored, wiping: 2 }))
    const shop = await open(wiping.dataDir)
    await untilReady(shop, wiping.want)
    await expect(letterOf(wiping.values)).rejects.toThrow(/WRONGPASS|closed/)

    const going = await powerCut('deleted')
    const other = join(going.dataDir, 'services/deleted/instance.json')
    await writeFile(other, JSON.stringify({ ...(JSON.parse(await readFile(other, 'utf8')) as object), deleting: true }))
    const next = await open(going.dataDir)
    await until('it is absent', async () => (await next.session.observe(going.want, never)).phase === 'absent')
    expect(existsSync(join(going.dataDir, 'services/deleted'))).toBe(false)
  })
})
