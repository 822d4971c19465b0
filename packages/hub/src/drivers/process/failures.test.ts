/** Each way in which a service does not come to be, with the whole cause that a person then reads. */
import { execFileSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json, Seen, Want } from '@larder/kit'
import { isDriverError } from '@larder/kit'
import { afterEach, describe, expect, test } from 'vitest'
import { engineFinder, findInstalled } from '../../engines/find.ts'
import { addEngine } from '../../engines/install.ts'
import { redisRecipe } from '../../samples/redis.ts'
import type { EngineFinder } from './engine.ts'
import { realEngines } from './testing/engines.ts'
import { createReady, never, processesIn, until, untilReady, workshop } from './testing/stage.ts'
import type { Workshop } from './testing/stage.ts'

const isRoot = process.getuid?.() === 0
const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step()
})

async function open(options: { engines?: EngineFinder; recipe?: Json; dataDir?: string } = {}): Promise<Workshop> {
  const shop = await workshop({
    engines: options.engines ?? (await realEngines()),
    recipe: options.recipe === undefined ? redisRecipe : options.recipe,
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  })
  undo.push(() => shop.end())
  return shop
}

async function failure(shop: Workshop, want: Want): Promise<Omit<Extract<Seen, { phase: 'failed' }>, 'outside'>> {
  const seen = await until('it fails', async () => {
    const s = await shop.session.observe(want, never)
    return s.phase === 'failed' && s
  })
  const { outside: _outside, ...rest } = seen
  return rest
}

async function thrown(
  verb: () => Promise<unknown>,
): Promise<{ code: string; message: string; path: string | undefined; reason: string | undefined }> {
  const error: unknown = await verb().then(
    () => undefined,
    (e: unknown) => e,
  )
  if (!isDriverError(error)) throw new Error(`not an error of the kit: ${String(error)}`)
  return { code: error.code, message: error.message, path: error.path, reason: error.reason }
}

const failed = (reason: string, message: string): object => ({
  phase: 'failed',
  reason,
  message,
  usable: false,
  retry: 'same',
})

const withRecipe = (changes: object): Json => ({ ...(redisRecipe as object), ...changes })

describe('causes', () => {
  test('an engine that only its recipe knows is missing: the cause says what the recipe says', async () => {
    const engine = { name: 'rare', commands: ['rare-server'], install: 'ask the vendor' }
    const shop = await open({ recipe: withRecipe({ engine }) })
    expect(await thrown(async () => shop.session.plan?.(shop.want('rare'), never))).toMatchObject({
      reason: 'EngineMissing',
      message: 'engine rare is missing: no rare-server is on PATH or installed; ask the vendor',
    })
  })

  test('the engine is missing; installed, the service starts by itself', async () => {
    const finder = await realEngines()
    let installed = false
    const shop = await open({
      engines: { find: async (e) => (installed ? finder.find(e) : undefined), list: () => finder.list() },
    })
    const want = shop.want('missing')
    const message =
      'engine redis is missing: neither valkey-server nor redis-server is on PATH or installed; run: larder engine add redis'
    expect(await thrown(async () => shop.session.plan?.(want, never))).toEqual({
      code: 'unavailable',
      message,
      path: undefined,
      reason: 'EngineMissing',
    })
    await shop.session.create(want, never)
    expect(await failure(shop, want)).toEqual(failed('EngineMissing', message))
    installed = true
    await untilReady(shop, want)
  })

  test('its port is taken by another; free again, the service starts by itself', async () => {
    const first = await open()
    const want = await createReady(first, 'crowded-out')
    const seen = await first.session.observe(want, never)
    const { ports } = (seen.phase === 'ready' ? seen.outputs : null) as { ports: { client: number } }
    await first.driver.close()
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(ports.client, '127.0.0.1', resolve))
    undo.push(() => squatter.close())
    const second = await open({ dataDir: first.dataDir })
    const found = await failure(second, want)
    const holder = / by (.+) \(pid \d+\);/.exec(found.message)
    expect({ ...found, message: found.message.replace(/ by .+ \(pid \d+\);/, ' by PROGRAM (pid N);') }).toEqual(
      failed(
        'PortTaken',
        `port ${ports.client} (client), which this service keeps, is taken by PROGRAM (pid N); stop what listens there`,
      ),
    )
    expect(holder?.[0]).toContain(`(pid ${process.pid})`)
    await new Promise((resolve) => squatter.close(resolve))
    await untilReady(second, want)
  })

  test('the engine dies at its start', async () => {
    const shop = await open({ recipe: withRecipe({ arguments: ['-', '--no-such-option', '1'] }) })
    const want = shop.want('dying')
    await shop.session.create(want, never)
    const found = await failure(shop, want)
    expect(found.message.split(' and said: ')[0]).toBe('engine redis ended at its start with status 1')
    expect(found).toEqual(
      failed(
        'EngineDied',
        `engine redis ended at its start with status 1 and said: Reading the configuration file, at line 11 / >>> 'no-such-option "1"' / Bad directive or wrong number of arguments`,
      ),
    )
    // It is tried again and again; what a person reads stays the same.
    const output = join(shop.dataDir, 'services/dying/log/output.log')
    const attempts = async () => (await readFile(output, 'utf8')).split('Bad directive').length - 1
    await until('a third attempt', async () => (await attempts()) > 2)
    expect(await shop.session.observe(want, never)).toMatchObject(found)
    await until('its process to end', async () => processesIn(shop.dataDir).length === 0)
  })

  test('the engine runs and never answers', async () => {
    const node = 'setInterval(() => {}, 1000)'
    const recipe = withRecipe({
      engine: { name: 'mute', commands: ['node'] },
      arguments: ['-e', node],
      readiness: { tcp: { port: 'client' }, within: '300ms' },
    })
    const shop = await open({ recipe })
    const want = shop.want('mute')
    await shop.session.create(want, never)
    const found = await failure(shop, want)
    expect({ ...found, message: found.message.replace(/:\d+$/, ':PORT') }).toEqual(
      failed('NotReady', 'engine mute runs and does not get ready: connect ECONNREFUSED 127.0.0.1:PORT'),
    )
  })

  test.runIf(isRoot)('the disk is full', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'larder-process-'))
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', dataDir])
    const shop = await open({ dataDir })
    undo.push(async () => {
      await shop.driver.close()
      execFileSync('/bin/umount', ['-l', dataDir])
    })
    const { bavail, bsize } = await statfs(dataDir)
    await writeFile(join(dataDir, 'filler'), Buffer.alloc(bavail * bsize))
    const want = shop.want('squeezed')
    const services = join(dataDir, 'services')
    expect(await thrown(() => shop.session.create(want, never))).toEqual({
      code: 'unavailable',
      message: `the disk that holds ${services} is full; free some space`,
      path: undefined,
      reason: 'DiskFull',
    })
    expect(await shop.session.observe(want, never)).toEqual({ phase: 'absent' })
    await rm(join(dataDir, 'filler'))
    await createReady(shop, 'squeezed')
  })

  test('the data folder cannot be one', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'larder-process-'))
    undo.push(() => rm(parent, { recursive: true }))
    const dataDir = join(parent, 'file')
    await writeFile(dataDir, '')
    const shop = await open({ dataDir })
    const message = `${join(dataDir, 'services')} is not accessible (ENOTDIR); make it writable`
    expect(await thrown(() => shop.session.create(shop.want('nowhere'), never))).toEqual({
      code: 'unavailable',
      message,
      path: undefined,
      reason: 'FolderNotAccessible',
    })
  })

  const credentials = (redisRecipe as { credentials: object }).credentials
  test.each<[what: string, recipe: Json, path: string, message: string]>([
    ['no recipe', null, 'recipe', 'recipe must be object'],
    ['a field that is not known', withRecipe({ image: 'x' }), 'recipe.image', 'recipe.image is not a known field'],
    [
      'a file outside its folder',
      withRecipe({ files: [{ path: 'data/../../x', content: '' }] }),
      'recipe.files[0].path',
      'recipe.files[0].path must match ^(data|config)(/[A-Za-z0-9_][A-Za-z0-9._-]*)+$',
    ],
    [
      'statements for a port that there is not',
      withRecipe({
        credentials: { sql: { port: 'sql', login: { username: 'a', password: 'b' }, make: [], check: [], remove: [] } },
      }),
      'recipe.credentials.sql.port',
      'recipe.credentials.sql.port names sql, which recipe.ports does not declare',
    ],
    [
      'two means',
      withRecipe({
        credentials: {
          ...credentials,
          exec: { make: { command: ['a'] }, check: { command: ['a'] }, remove: { command: ['a'] } },
        },
      }),
      'recipe.credentials',
      'recipe.credentials needs exactly one of resp, sql, exec, file',
    ],
    [
      'a port that is not declared',
      withRecipe({ readiness: { tcp: { port: 'other' } } }),
      'recipe.readiness.tcp.port',
      'recipe.readiness.tcp.port names other, which recipe.ports does not declare',
    ],
  ])('a wrong recipe: %s', async (_what, recipe, path, message) => {
    const shop = await open({ recipe })
    expect(await thrown(() => shop.session.create(shop.want('wrong'), never))).toEqual({
      code: 'invalid',
      message,
      path,
    })
  })

  test('a secret on a command line is refused', async () => {
    const shop = await open({ recipe: withRecipe({ arguments: ['-', '--requirepass', '${secret.admin}'] }) })
    const want = shop.want('loud')
    await shop.session.create(want, never)
    expect(await failure(shop, want)).toEqual(
      failed('InvalidRecipe', 'recipe.arguments may not hold ${secret.admin}: others on this machine could read it'),
    )
  })

  test('a service that exists elsewhere cannot be adopted', async () => {
    const shop = await open()
    expect(await thrown(() => shop.session.create(shop.want('theirs', { existing: 'Adopt' }), never))).toEqual({
      code: 'invalid',
      message: 'existing Adopt is not possible: this driver makes its services itself',
      path: 'existing',
    })
  })
})

describe.runIf(isRoot)('below a home that only root may enter', () => {
  test('an engine and a data folder in there serve all the same', async () => {
    const home = await mkdtemp(join(homedir(), '.larder-test-'))
    undo.push(() => rm(home, { recursive: true, force: true }))
    await chmod(home, 0o700)
    const installed = await findInstalled('redis', join(homedir(), '.cache', 'larder', 'engines'))
    const dir = join(home, 'engines')
    if (installed) await cp(join(installed.command, '../../../../..'), join(dir, 'redis'), { recursive: true })
    else await addEngine('redis', { dir })
    const dataDir = join(home, 'data')
    await mkdir(dataDir, { mode: 0o700 })
    const shop = await open({ engines: engineFinder({ dir, path: '' }), dataDir })
    const want = await createReady(shop, 'homely')
    const probe = await shop.session.observe(want, never)
    expect(probe.phase).toBe('ready')
  })
})
