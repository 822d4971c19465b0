/** The main job, as its users do it: stock kubectl, a real Redis, and things that die in the middle. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleManifests } from '../../packages/hub/src/samples/samples.ts'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually, isRunning } from '../testing/processes.ts'
import { bindingOf, redis } from '../testing/redis.ts'

const claim = (name: string, role: string, namespace = 'shop') =>
  JSON.stringify({
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Claim',
    metadata: { name, namespace },
    spec: { className: 'redis', plan: 'small', role },
  })

describe('a claim of class redis', () => {
  let hub: Hub

  beforeAll(async () => {
    hub = await newHub()
    await hub.start('--wait')
    await hub.ok(['create', 'namespace', 'shop'])
  })
  afterAll(() => hub.remove())

  test('gets a writer that writes, and a reader whom Redis itself refuses to write', async () => {
    await hub.ok(['apply', '-f', '-'], { stdin: claim('cache', 'writer') })
    await hub.ok(['apply', '-f', '-'], { stdin: claim('view', 'reader') })
    await hub.ok(['wait', '--for=condition=Ready', 'claim/cache', 'claim/view', '-n', 'shop', '--timeout=60s'])

    const writing = await bindingOf(hub, 'shop', 'cache')
    expect(Object.keys(writing).sort()).toEqual(['host', 'password', 'port', 'provider', 'type', 'uri', 'username'])
    expect(writing).toMatchObject({ type: 'redis', host: '127.0.0.1' })
    const type = await hub.ok(['get', 'secret', 'cache', '-n', 'shop', '-o', 'jsonpath={.type}'])
    expect(type).toBe('servicebinding.io/redis')

    const writer = await redis(writing)
    expect(await writer.ping()).toBe('PONG')
    expect(await writer.set('greeting', 'hello')).toBe('OK')
    const reader = await redis(await bindingOf(hub, 'shop', 'view'))
    await expect(reader.set('greeting', 'no')).rejects.toThrow(/NOPERM/)
    await Promise.all([writer.quit(), reader.quit()])
  })

  test('comes back with its data after kill -9 of its process', async () => {
    const binding = await bindingOf(hub, 'shop', 'cache')
    const before = await redis(binding)
    await before.set('kept', 'yes')
    // While an fsync is under way, Redis answers first and writes to its file up to two seconds later.
    await eventually(
      'the value to be in the file',
      async () => /^aof_buffer_length:0\r?$/m.test(await before.info('persistence')) || undefined,
    )
    const pid = Number(/process_id:(\d+)/.exec(await before.info('server'))![1])
    before.disconnect()
    process.kill(pid, 'SIGKILL')
    const value = await eventually('Redis to be back', async () => {
      const client = await redis(binding)
      const answer = await client.get('kept')
      client.disconnect()
      return answer ?? undefined
    })
    expect(value).toBe('yes')
    await hub.ok(['wait', '--for=condition=Ready', 'claim/cache', '-n', 'shop', '--timeout=30s'])
  })

  test('is gone when delete returns: first the password, then the process and its folder', async () => {
    const binding = await bindingOf(hub, 'shop', 'cache')
    const open = await redis(binding)
    const pid = Number(/process_id:(\d+)/.exec(await open.info('server'))![1])
    await hub.ok(['delete', 'claim', 'cache', '-n', 'shop'])
    await expect(redis(binding)).rejects.toThrow()
    await expect(open.ping()).rejects.toThrow()
    expect((await hub.kubectl(['get', 'secret', 'cache', '-n', 'shop'])).stderr).toContain('NotFound')
    await eventually('the process to be gone', () => !isRunning(pid) || undefined)
    await hub.ok(['delete', 'claim', 'view', '-n', 'shop'])
    await eventually(
      'the instances to be gone',
      async () => (await hub.ok(['get', 'instances', '-A', '-o', 'name'])) === '' || undefined,
    )
    expect(serviceFolders(hub)).toEqual([])
  })

  test('in a namespace that is deleted goes with it', async () => {
    await hub.ok(['create', 'namespace', 'brief'])
    await hub.ok(['apply', '-f', '-'], { stdin: claim('cache', 'writer', 'brief') })
    await hub.ok(['wait', '--for=condition=Ready', 'claim/cache', '-n', 'brief', '--timeout=60s'])
    await hub.ok(['delete', 'namespace', 'brief', '--timeout=60s'])
    await eventually(
      'the instance to be gone',
      async () => (await hub.ok(['get', 'instances', '-A', '-o', 'name'])) === '' || undefined,
    )
  })
})

describe('a hub that dies', () => {
  let hub: Hub

  beforeAll(async () => {
    hub = await newHub()
    await hub.start('--no-samples')
  })
  afterAll(() => hub.remove())

  test('in the middle of twenty claims loses none, makes none twice, leaves none stuck and no process orphaned', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`)
    const manifests = names.map((name) => claim(name, 'writer', 'default')).join('\n---\n')
    await hub.ok(['apply', '-f', '-'], { stdin: manifests })
    // All twenty wait for their class, so that the middle is soon after it comes, however busy this machine is.
    const applied = hub.kubectl(['apply', '-f', '-'], {
      stdin: sampleManifests()
        .map((one) => JSON.stringify(one))
        .join('\n---\n'),
    })
    const survivors = await eventually('some engines to run, and some not', async () => {
      const running = await pids(hub)
      return running.size >= 3 ? running : undefined
    })
    expect(survivors.size).toBeLessThan(20)
    await hub.kill()
    await applied
    for (const pid of survivors.values()) expect(isRunning(pid)).toBe(true)

    await hub.start()
    await hub.ok(['wait', '--for=condition=Ready', ...names.map((name) => `claim/${name}`), '--timeout=120s'])
    const after = await pids(hub)
    expect(after.size).toBe(20)
    for (const [folder, pid] of survivors) expect(after.get(folder)).toBe(pid)
    // What its supervisor does is told to whoever reads the log.
    expect(hub.log()).toContain('a running service was adopted')
    const instances = (await hub.ok(['get', 'instances', '-A', '-o', 'name'])).trim().split('\n')
    expect(instances).toHaveLength(20)

    await hub.stop()
    for (const pid of after.values()) expect(isRunning(pid)).toBe(false)
    await hub.start('--wait')
    await hub.ok(['wait', '--for=condition=Ready', ...names.map((name) => `claim/${name}`), '--timeout=120s'])
    await hub.ok(['delete', 'claims', '--all', '-n', 'default', '--timeout=120s'])
    await eventually(
      'nothing to be left',
      async () => (await hub.ok(['get', 'instances', '-A', '-o', 'name'])) === '' || undefined,
    )
    expect(serviceFolders(hub)).toEqual([])
  })
})

function serviceFolders(hub: Hub): string[] {
  const folder = join(hub.dir, 'services')
  return existsSync(folder) ? readdirSync(folder) : []
}

/** Of each service folder the process that works in it, as the kernel tells. */
async function pids(hub: Hub): Promise<Map<string, number>> {
  const { readlinkSync } = await import('node:fs')
  const found = new Map<string, number>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    let cwd: string
    try {
      cwd = readlinkSync(`/proc/${pid}/cwd`)
    } catch {
      // It ended while we looked.
      continue
    }
    const folder = join(hub.dir, 'services')
    if (cwd.startsWith(`${folder}/`)) found.set(cwd.slice(folder.length + 1).split('/')[0]!, Number(pid))
  }
  return found
}
