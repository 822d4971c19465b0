/** Each way in which a claim of a real engine fails: the whole cause that its owner reads in status. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@larder/engine/base/clock'
import type { JsonObject } from '@larder/engine/base/json'
import { afterEach, describe, expect, test } from 'vitest'
import { processDriver, type ProcessDriver } from '../drivers/process/driver.ts'
import type { EngineFinder } from '../drivers/process/engine.ts'
import { realEngines } from '../drivers/process/testing/engines.ts'
import { claimKind, type Claim } from '../model/claim.ts'
import { classKind, type Class } from '../model/class.ts'
import type { Cause } from '../model/shared-fields.ts'
import { redisClass } from '../samples/redis.ts'
import { testHub, type TestHub } from './testing/hub.ts'

const isRoot = process.getuid?.() === 0
const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step()
})

const redis = (redisClass as unknown as Class).spec

interface Stage {
  readonly hub: TestHub
  readonly dataDir: string
  /** Of the next start. */
  readonly drivers: ProcessDriver[]
}

/** A hub with a Backend of this machine and the class `redis`, changed by `spec`. */
async function stage(spec: Partial<Class['spec']> = {}, engines?: EngineFinder): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'larder-hub-'))
  undo.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const drivers = [await processes(dataDir, engines)]
  const hub = await testHub({ drivers })
  undo.push(() => hub.stop())
  await hub.start()
  await hub.backend('local', { driver: 'process' })
  await hub.service('redis', { ...redis, ...spec })
  return { hub, dataDir, drivers }
}

async function processes(dataDir: string, engines?: EngineFinder): Promise<ProcessDriver> {
  const driver = processDriver({ dataDir, clock: systemClock, engines: engines ?? (await realEngines()) })
  undo.push(() => driver.close())
  return driver
}

function claimCause(hub: TestHub, reason: string): Promise<Cause> {
  return hub.until(`the claim to say ${reason}`, async () => {
    const { status } = await hub.admin.of(claimKind).get('cache', 'shop')
    return status?.cause?.reason === reason ? status.cause : undefined
  })
}

const recipe = (changes: JsonObject): JsonObject => ({ ...redis.recipe, ...changes })
const consumer = { actor: 'consumer', heals: false } as const

const asked: readonly (readonly [what: string, spec: Claim['spec'], cause: Cause])[] = [
  [
    'an unknown class',
    { className: 'reddis' },
    {
      ...consumer,
      reason: 'ClassNotFound',
      message: 'spec.className: there is no class "reddis" for namespace shop',
      next: 'Choose one of those that `kubectl get classes` lists, or ask the platform team for it.',
    },
  ],
  [
    'a bad parameter',
    { className: 'redis', parameters: { timeoutSeconds: 'soon' } },
    {
      ...consumer,
      reason: 'ParametersInvalid',
      message: 'spec.parameters.timeoutSeconds: Invalid value: "soon": must be of type integer',
      next: 'Correct the fields that the message names.',
    },
  ],
  [
    'parameters for credentials that take none',
    { className: 'redis', binding: { parameters: { keys: 'a*' } } },
    {
      ...consumer,
      reason: 'ParametersInvalid',
      message:
        'spec.binding.parameters: credentials of driver process take none; what a service takes is spec.parameters',
      next: 'Correct the fields that the message names.',
    },
  ],
]

describe('a claim of a real engine fails by', () => {
  test.each(asked)('%s', async (_, spec, cause) => {
    const { hub } = await stage()
    await hub.claim('cache', spec)
    expect(await claimCause(hub, cause.reason)).toEqual(cause)
  })

  test('a missing engine: class and claim name the command; installed, it is made', async () => {
    const finder = await realEngines()
    let isInstalled = false
    const { hub } = await stage(
      {},
      { find: async (engine) => (isInstalled ? finder.find(engine) : undefined), list: () => finder.list() },
    )
    await hub.claim('cache', { className: 'redis' })
    const message =
      'engine redis is missing: neither valkey-server nor redis-server is on PATH or installed; run: larder engine add redis'
    const cause = { actor: 'platform', heals: false, reason: 'EngineMissing', next: 'Install it as the message says.' }
    expect(await claimCause(hub, 'EngineMissing')).toEqual({
      ...cause,
      message: `class redis is not ready: ${message}`,
    })
    expect(await hub.cause(classKind, 'redis')).toEqual({ ...cause, message })
    isInstalled = true
    // The hub looks again by itself only from time to time; whoever installed it need not wait for that.
    await hub.admin.of(classKind).patch('redis', { metadata: { annotations: { looked: 'again' } } }, {})
    await hub.ready('cache')
  })

  test('an engine that dies at its start', async () => {
    const { hub } = await stage({ recipe: recipe({ arguments: ['-', '--no-such-option', '1'] }) })
    await hub.claim('cache', { className: 'redis' })
    const { message, ...rest } = await claimCause(hub, 'EngineDied')
    // The line depends on how long the configuration is.
    expect({ ...rest, message: message.replace(/at line \d+/, 'at line N') }).toEqual({
      actor: 'platform',
      heals: true,
      reason: 'EngineDied',
      message:
        'EngineDied: engine redis ended at its start with status 1 and said: Reading the configuration file, at line N / ' +
        `>>> 'no-such-option "1"' / Bad directive or wrong number of arguments`,
      next: 'Correct what the last lines of its output say.',
    })
  })

  test('a port that another took while the service was down; free again, it heals', async () => {
    const { hub, drivers, dataDir } = await stage()
    await hub.claim('cache', { className: 'redis' })
    await hub.ready('cache')
    const port = Number((await hub.secretValues('cache'))!['port'])
    await hub.kill()
    await drivers[0]!.close()
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve))
    undo.push(() => squatter.close())

    drivers[0] = await processes(dataDir)
    await hub.start()
    const { message, ...rest } = await claimCause(hub, 'PortTaken')
    expect({ ...rest, message: message.replace(/ by .+ \(pid/, ' by PROGRAM (pid') }).toEqual({
      actor: 'platform',
      heals: true,
      reason: 'PortTaken',
      message: `PortTaken: port ${port} (client), which this service keeps, is taken by PROGRAM (pid ${process.pid}); stop what listens there`,
      next: 'Stop what holds the port that the message names.',
    })
    await new Promise((resolve) => squatter.close(resolve))
    await hub.ready('cache')
    expect((await hub.secretValues('cache'))!['port']).toBe(String(port))
  })

  test.runIf(isRoot)('a full disk; with space again, it is made', async () => {
    const { hub, dataDir } = await stage()
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', dataDir])
    undo.push(() => execFileSync('/bin/umount', ['-l', dataDir]))
    const { bavail, bsize } = statfsSync(dataDir)
    writeFileSync(join(dataDir, 'filler'), Buffer.alloc(bavail * bsize))
    await hub.claim('cache', { className: 'redis' })
    expect(await claimCause(hub, 'DiskFull')).toEqual({
      actor: 'platform',
      heals: true,
      reason: 'DiskFull',
      message: `the disk that holds ${join(dataDir, 'services')} is full; free some space`,
      next: 'Make room on the disk that the message names.',
    })
    rmSync(join(dataDir, 'filler'))
    await hub.ready('cache')
  })
})
