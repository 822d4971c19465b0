import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Want } from '@larder/kit'
import { afterEach, describe, expect, test } from 'vitest'
import { redisRecipe } from '../../samples/redis.ts'
import { stopLeftovers } from './leftovers.ts'
import { realEngines } from './testing/engines.ts'
import { owner } from './testing/owner.ts'
import {
  createReady,
  credential,
  never,
  processesIn,
  redisClient,
  redisLogin,
  until,
  untilReady,
  workshop,
} from './testing/stage.ts'
import type { Values, Workshop } from './testing/stage.ts'

const isRoot = process.getuid?.() === 0
const shops: Workshop[] = []
const folders: string[] = []

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'larder-process-'))
  folders.push(folder)
  return folder
}

async function open(dataDir?: string): Promise<Workshop> {
  const shop = await workshop({
    engines: await realEngines(),
    recipe: redisRecipe,
    ...(dataDir === undefined ? {} : { dataDir }),
  })
  shops.push(shop)
  return shop
}

afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.end()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function bind(shop: Workshop, want: Want, id: string, role: string): Promise<Values> {
  const bound = await shop.session.bind(want, credential(id, role), never)
  if (bound.phase !== 'ready') throw new Error(`bound is ${bound.phase}`)
  return bound.values
}

function onlyPid(shop: Workshop): number {
  const [pid, ...more] = processesIn(shop.dataDir)
  expect(more).toEqual([])
  return pid ?? 0
}

describe('a real engine', () => {
  test('whose folder somebody removed is not replaced by an empty one when it ends', async () => {
    const shop = await open()
    const want = await createReady(shop, 'robbed')
    const pid = onlyPid(shop)
    await rm(join(shop.dataDir, 'services', 'robbed'), { recursive: true })
    process.kill(pid, 'SIGKILL')
    await until('it is absent', async () => (await shop.session.observe(want, never)).phase === 'absent')
    expect(await readdir(join(shop.dataDir, 'services'))).toEqual([])
    expect(processesIn(shop.dataDir)).toEqual([])
  })

  test('whose folder somebody removed is still deleted with its process', async () => {
    const shop = await open()
    const want = await createReady(shop, 'robbed-and-deleted')
    const pid = onlyPid(shop)
    await rm(join(shop.dataDir, 'services', 'robbed-and-deleted'), { recursive: true })
    await shop.session.delete(want, never)
    await until('it is absent', async () => (await shop.session.observe(want, never)).phase === 'absent')
    expect(existsSync(`/proc/${pid}`)).toBe(false)
  })

  test('a writer writes, a reader reads, and the engine itself refuses the reader its SET', async () => {
    const shop = await open()
    const want = await createReady(shop, 'roles')
    const writer = redisClient(await bind(shop, want, 'w', 'writer'))
    const reader = redisClient(await bind(shop, want, 'r', 'reader'))
    await Promise.all([writer.connect(), reader.connect()])
    expect(await writer.set('greeting', 'hello')).toBe('OK')
    expect(await reader.get('greeting')).toBe('hello')
    await expect(reader.set('greeting', 'bye')).rejects.toThrow(/^NOPERM/)
    await expect(writer.acl('LIST')).rejects.toThrow(/^NOPERM/)
    await expect(writer.config('GET', 'dir')).rejects.toThrow(/^NOPERM/)
    writer.disconnect()
    reader.disconnect()
  })

  test('unbind cuts the connections that are open and closes the door to new ones', async () => {
    const shop = await open()
    const want = await createReady(shop, 'cut')
    const values = await bind(shop, want, 'w', 'writer')
    const client = redisClient(values)
    await client.connect()
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
    await shop.session.unbind(want, credential('w', 'writer'), never)
    await closed
    expect(await redisLogin(values)).toBe(false)
  })

  test('nobody gets in without a password', async () => {
    const shop = await open()
    const want = await createReady(shop, 'closed')
    const { port } = await bind(shop, want, 'w', 'writer')
    expect(await redisLogin({ host: '127.0.0.1', port: port ?? '', username: 'default', password: '' })).toBe(false)
  })

  test('killed, it comes back on its port with its data and its users, and the hub is told at once', async () => {
    const shop = await open()
    const want = await createReady(shop, 'killed')
    const values = await bind(shop, want, 'w', 'writer')
    const client = redisClient(values)
    await client.connect()
    await client.set('kept', 'yes')
    client.disconnect()
    const before = onlyPid(shop)
    const told: string[] = []
    const stop = new AbortController()
    const watching = shop.session.watch?.((id) => told.push(id), stop.signal)
    process.kill(before, 'SIGKILL')
    await until('the hub is told of the death', async () => told.length > 0, 1_000)
    await untilReady(shop, want)
    expect(onlyPid(shop)).not.toBe(before)
    const again = redisClient(values)
    await again.connect()
    expect(await again.get('kept')).toBe('yes')
    again.disconnect()
    stop.abort()
    await watching
  })

  test('the plan arrives in the engine, and a changed parameter after a restart, with the data', async () => {
    const shop = await open()
    const want = await createReady(shop, 'sized', { parameters: { maxmemory: '64mb', maxmemoryPolicy: 'allkeys-lru' } })
    const values = await bind(shop, want, 'w', 'writer')
    const memory = async (): Promise<string> => {
      const client = redisClient(values)
      await client.connect()
      const info = await client.info('memory')
      client.disconnect()
      return [...info.matchAll(/maxmemory(?:_policy)?:(\S+)/g)].map((m) => m[1]).join(' ')
    }
    expect(await memory()).toBe('67108864 allkeys-lru')
    const changed: Want = { ...want, generation: 2, parameters: { maxmemory: '128mb' }, changed: ['parameters'] }
    await shop.session.update?.(changed, never)
    await untilReady(shop, changed)
    expect(await memory()).toBe('134217728 noeviction')
  })

  test('a parameter cannot write lines of its own into the configuration', async () => {
    const shop = await open()
    const want = shop.want('injected', { parameters: { maxmemory: '64mb\nprotected-mode no' } })
    await shop.session.create(want, never)
    const seen = await until('it fails', async () => {
      const s = await shop.session.observe(want, never)
      return s.phase === 'failed' && s
    })
    expect(seen).toMatchObject({
      reason: 'InvalidRecipe',
      message: 'parameters.maxmemory may not hold line breaks or control characters',
    })
  })

  test('deleted, it leaves no process, no folder, and a port that is free', async () => {
    const shop = await open()
    const want = await createReady(shop, 'deleted')
    await bind(shop, want, 'w', 'writer')
    expect(processesIn(shop.dataDir)).toHaveLength(1)
    await shop.session.delete(want, never)
    await until('it is absent', async () => (await shop.session.observe(want, never)).phase === 'absent')
    expect(processesIn(shop.dataDir)).toEqual([])
    expect(await readdir(join(shop.dataDir, 'services'))).toEqual([])
  })

  test('no secret is on a command line, in the environment, in the output, or in a file that others may read', async () => {
    const shop = await open()
    const want = await createReady(shop, 'discreet')
    const { password } = await bind(shop, want, 'w', 'writer')
    const folder = join(shop.dataDir, 'services/discreet')
    const pid = onlyPid(shop)
    const open_ = [
      await readFile(`/proc/${pid}/cmdline`, 'utf8'),
      await readFile(`/proc/${pid}/environ`, 'utf8'),
      await readFile(join(folder, 'log/output.log'), 'utf8'),
    ].join('\n')
    expect(open_).not.toContain(String(password))
    const programs = ['config/valkey-server', 'config/redis-server']
    for (const name of (await readdir(folder, { recursive: true })).filter((n) => !programs.includes(n))) {
      const { mode } = await stat(join(folder, name))
      expect(`${name} ${(mode & 0o007).toString(8)}`).toBe(`${name} 0`)
    }
  })

  test.runIf(isRoot)('a hub that is root runs it as nobody', async () => {
    const shop = await open()
    await createReady(shop, 'humble')
    const status = await readFile(`/proc/${onlyPid(shop)}/status`, 'utf8')
    const nobody = execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).trim()
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe(nobody)
    expect(/^Groups:(.*)$/m.exec(status)?.[1]?.trim()).toBe('')
  })

  test('ready follows the first answer of the engine closely', async () => {
    const shop = await open()
    await createReady(shop, 'warm-up')
    const took: number[] = []
    for (let i = 0; i < 5; i++) {
      const startedAt = performance.now()
      await createReady(shop, `quick-${i}`)
      took.push(performance.now() - startedAt)
    }
    // The engine's own start is some 40 ms; a poll of seconds anywhere would show.
    expect(Math.min(...took)).toBeLessThan(500)
  })
})

describe('the life of a hub', () => {
  test('stopped, it stops its services; started again, they are back on their ports with their data', async () => {
    const first = await open()
    const want = await createReady(first, 'kept')
    const values = await bind(first, want, 'w', 'writer')
    const client = redisClient(values)
    await client.connect()
    await client.set('kept', 'yes')
    client.disconnect()
    await first.driver.close()
    expect(processesIn(first.dataDir)).toEqual([])
    await expect(first.session.create(first.want('late'), never)).rejects.toThrow('the hub is stopping')

    const second = await open(first.dataDir)
    await untilReady(second, want)
    const again = redisClient(values)
    await again.connect()
    expect(await again.get('kept')).toBe('yes')
    again.disconnect()
  })

  test('killed, it leaves them running, and the next hub adopts each with its pid', async () => {
    const dataDir = await newFolder()
    const killed = owner(dataDir, 'a', 'b', 'c')
    await killed.ready
    const before = processesIn(dataDir)
    expect(before).toHaveLength(3)
    await killed.kill()
    expect(processesIn(dataDir)).toEqual(before)

    const shop = await open(dataDir)
    for (const id of ['a', 'b', 'c']) await untilReady(shop, shop.want(id))
    expect(processesIn(dataDir)).toEqual(before)
    // Supervised as its own: killed it comes back, deleted it goes.
    process.kill(before[0] ?? 0, 'SIGKILL')
    await until('three again', async () => processesIn(dataDir).filter((pid) => pid !== before[0]).length === 3)
    for (const id of ['a', 'b', 'c']) await untilReady(shop, shop.want(id))
    for (const id of ['a', 'b', 'c']) await shop.session.delete(shop.want(id), never)
    await until('all are gone', async () => processesIn(dataDir).length === 0)
  })

  test('killed again and again in the middle of creating, no service is ever there twice', async () => {
    const dataDir = await newFolder()
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']
    for (let round = 0; round < 8; round++) {
      const killed = owner(dataDir, ...ids)
      await killed.creating
      await new Promise((resolve) => setTimeout(resolve, round * 12))
      await killed.kill()
      const perFolder = processesIn(dataDir).length
      expect(perFolder).toBeLessThanOrEqual(ids.length)
    }
    const shop = await open(dataDir)
    for (const id of ids) await createReady(shop, id)
    expect(processesIn(dataDir)).toHaveLength(ids.length)
  })

  test('what a killed hub left is stopped without a hub, and its data stay', async () => {
    const dataDir = await newFolder()
    const killed = owner(dataDir, 'left')
    await killed.ready
    const pids = processesIn(dataDir)
    await killed.kill()
    expect(await stopLeftovers(dataDir)).toEqual([{ id: 'left', pid: pids[0] }])
    expect(processesIn(dataDir)).toEqual([])
    expect(existsSync(join(dataDir, 'services/left/data/appendonlydir'))).toBe(true)
    expect(await stopLeftovers(dataDir)).toEqual([])
  })

  test('a deletion that was cut off is finished by the next hub', async () => {
    const first = await open()
    const want = await createReady(first, 'half-deleted')
    await first.driver.close()
    const path = join(first.dataDir, 'services/half-deleted/instance.json')
    const record: unknown = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify({ ...(record as object), deleting: true }))
    const second = await open(first.dataDir)
    await until('it is absent', async () => (await second.session.observe(want, never)).phase === 'absent')
    expect(existsSync(join(first.dataDir, 'services/half-deleted'))).toBe(false)
  })

  test('a stranger that has the recorded pid is neither adopted nor stopped', async () => {
    const first = await open()
    const want = await createReady(first, 'mistaken')
    await first.driver.close()
    const self = await readFile(`/proc/${process.pid}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // This very test runner, with its right start time: it only works elsewhere.
    const record = join(first.dataDir, 'services/mistaken/run/process')
    await writeFile(record, `${process.pid}\n${boot.trim()}\n${self.trim()}\nend\n`)
    expect(await stopLeftovers(first.dataDir)).toEqual([])
    const second = await open(first.dataDir)
    const seen = await until('an answer', async () => {
      const s = await second.session.observe(want, never)
      return s.phase !== 'changing' && s
    })
    expect(seen.phase).toBe('ready')
  })

  test('a record that cannot be read is no permission to start a second process', async () => {
    const first = await open()
    const want = await createReady(first, 'unreadable')
    await first.driver.close()
    const record = join(first.dataDir, 'services/unreadable/run/process')
    await rm(record, { force: true })
    await mkdir(record)
    const second = await open(first.dataDir)
    const said = await until('an answer', async () => {
      const seen = await second.session.observe(want, never).catch((error: unknown) => String(error))
      if (typeof seen === 'string') return seen
      return seen.phase !== 'changing' && JSON.stringify(seen)
    })
    expect(said).toContain('EISDIR')
    expect(processesIn(first.dataDir)).toEqual([])
  })
})
