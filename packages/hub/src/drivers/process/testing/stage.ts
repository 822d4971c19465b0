import { execFileSync } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, Credential, Json, Log, Seen, Session, Want } from '@larder/kit'
import type { Stage } from '@larder/kit/conformance'
import { Redis } from 'ioredis'
import { Client, DatabaseError } from 'pg'
import { processDriver } from '../driver.ts'
import type { ProcessDriver } from '../driver.ts'
import type { EngineFinder } from '../engine.ts'

const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

const silentLog: Log = { debug() {}, info() {}, warn() {} }
export const never: AbortSignal = new AbortController().signal

export interface Workshop {
  dataDir: string
  driver: ProcessDriver
  session: Session
  want(id: string, more?: Partial<Want>): Want
  end(): Promise<void>
}

/** A driver with a data folder of its own, which both go at the end. */
export async function workshop(options: {
  engines: EngineFinder
  recipe: Json
  parameters?: Json
  dataDir?: string
  log?: Log
}): Promise<Workshop> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'larder-process-')))
  // As the hub has it: the account of the engines passes through.
  await chmod(dataDir, 0o711)
  const driver = processDriver({ dataDir, engines: options.engines, clock: systemClock, log: options.log ?? silentLog })
  return {
    dataDir,
    driver,
    session: driver.connect({ config: {}, credentials: {} }, { log: options.log ?? silentLog, now: () => new Date() }),
    want: (id, more) => ({
      id,
      generation: 1,
      recipe: options.recipe,
      parameters: options.parameters ?? {},
      existing: 'Refuse',
      origin: { door: 'test' },
      changed: [],
      ...more,
    }),
    async end() {
      await driver.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export function credential(id: string, role?: string): Credential {
  return { id, parameters: {}, origin: { door: 'test' }, ...(role === undefined ? {} : { role }) }
}

/** Waits for a condition of the world. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  withinMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export async function createReady(shop: Workshop, id: string, more?: Partial<Want>): Promise<Want> {
  const want = shop.want(id, more)
  await shop.session.create(want, never)
  await untilReady(shop, want)
  return want
}

export async function untilReady(shop: Workshop, want: Want): Promise<void> {
  let last: Seen | undefined
  try {
    await until('it is ready', async () => (last = await shop.session.observe(want, never)).phase === 'ready')
  } catch {
    throw new Error(`${want.id} does not get ready: ${JSON.stringify(last)}`)
  }
}

/** Processes that work anywhere below this folder, lowest pid first, by looking at all processes. */
export function processesIn(folder: string): number[] {
  if (process.platform !== 'linux') {
    const table = execFileSync('lsof', ['-a', '-d', 'cwd', '-F', 'pn'], { encoding: 'utf8' })
    return [...table.matchAll(/p(\d+)\nfcwd\nn(.*)/g)].filter((m) => m[2]?.startsWith(folder)).map((m) => Number(m[1]))
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && cwdOf(name).startsWith(`${folder}/`))
    .map(Number)
    .sort((a, b) => a - b)
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

/** Those of them that no other of them started: an engine may have workers. */
function enginesIn(folder: string): number[] {
  const pids = processesIn(folder)
  return pids.filter((pid) => !pids.includes(parentOf(pid)))
}

function parentOf(pid: number): number {
  try {
    return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }))
  } catch {
    // It ended while we looked.
    return 0
  }
}

export type Values = Readonly<Record<string, Json | Uint8Array>>

export function redisClient(values: Values): Redis {
  const client = new Redis({
    host: String(values['host']),
    port: Number(values['port']),
    username: String(values['username']),
    password: String(values['password']),
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  })
  // Answers come by promise; without a listener the client prints each error.
  client.on('error', () => {})
  return client
}

export async function redisLogin(values: Values): Promise<boolean> {
  const client = redisClient(values)
  try {
    await client.connect()
    return (await client.ping()) === 'PONG'
  } catch (error) {
    if (/WRONGPASS|NOAUTH|closed/i.test(String(error))) return false
    throw error
  } finally {
    client.disconnect()
  }
}

export async function sqlClient(values: Values): Promise<Client> {
  const client = new Client({ connectionString: String(values['uri']), connectionTimeoutMillis: 10_000 })
  // What happens to an idle connection comes as an event, which would end the test run.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    await client.end()
    throw error
  }
  return client
}

export async function sqlLogin(values: Values): Promise<boolean> {
  try {
    await (await sqlClient(values)).end()
    return true
  } catch (error) {
    if (error instanceof DatabaseError && error.code === '28P01') return false
    throw error
  }
}

export function toyLogin(values: Values): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(values['port']), String(values['host']))
    socket.once('error', reject)
    socket.once('data', (answer) => {
      socket.destroy()
      resolve(answer.toString().trim() === 'OK')
    })
    socket.write(`LOGIN ${String(values['username'])} ${String(values['password'])}\n`)
  })
}

/** For the conformance suite. */
export async function processStage(options: {
  engines: EngineFinder
  recipe: Json
  parameters: Json
  otherParameters: Json
  roles: readonly string[]
  login: (values: Values) => Promise<boolean>
  log: Log
}): Promise<Stage> {
  const first = await workshop(options)
  let shop = first
  return {
    driver: first.driver,
    session: first.session,
    recipe: options.recipe,
    parameters: options.parameters,
    otherParameters: options.otherParameters,
    roles: options.roles,
    wrongRecipe: { ...(options.recipe as object), readiness: {} },
    async reopen() {
      await shop.driver.close()
      shop = await workshop({ ...options, dataDir: first.dataDir })
      return shop.session
    },
    login: options.login,
    countOutside: async () => enginesIn(first.dataDir).length,
    close: () => shop.end(),
  }
}
