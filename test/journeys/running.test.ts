/** What scripts may rely on when they start, ask and stop a hub (docs/reference/cli.md). */
import {
  existsSync,
  readdirSync,
  statSync,
  readFileSync,
  writeFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findEngine } from '../../packages/hub/src/engines/find.ts'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'

let hub: Hub
beforeEach(async () => {
  hub = await newHub()
})
afterEach(() => hub.remove())

test('status tells stopped, then ready with addresses, then stopped again; the kubeconfig comes and goes', async () => {
  expect(await hub.larder('status', '-o', 'json')).toMatchObject({ code: 0 })
  expect(await hub.status()).toMatchObject({ state: 'stopped', data: hub.dir })

  await hub.start()
  const status = await hub.status()
  expect(status).toMatchObject({ state: 'ready', data: hub.dir, kubeconfig: hub.kubeconfig, version: '0.1.0' })
  expect(statSync(hub.kubeconfig).mode & 0o777).toBe(0o600)
  expect(JSON.parse(await hub.ok(['config', 'view', '-o', 'json'])).contexts).toMatchObject([{ name: 'larder' }])
  expect((await fetch(`${status.http!.url}/readyz`)).status).toBe(200)
  expect((await fetch(`${status.http!.url}/livez`)).status).toBe(200)
  const metrics = await (await fetch(`${status.http!.url}/metrics`)).text()
  expect(metrics).toContain('apiserver_request_total')
  expect(metrics).toMatch(/controller_runtime_reconcile_total\{controller="backend",result="\w+"\} \d+/)
  expect((await fetch(`${status.http!.url}/api/v1/namespaces`)).status).toBe(404)

  expect(await hub.larder('down')).toMatchObject({ code: 0 })
  expect(await hub.status()).toMatchObject({ state: 'stopped' })
  expect(existsSync(hub.kubeconfig)).toBe(false)
  await expect(fetch(`${status.http!.url}/readyz`)).rejects.toThrow()
})

test('port 0 is a free one that the folder keeps', async () => {
  await hub.start('--no-samples')
  const first = await hub.status()
  await hub.larder('down')
  expect(await hub.larder('up', '--detach', '--no-samples')).toMatchObject({ code: 0 })
  const second = await hub.status()
  expect([second.api, second.http]).toEqual([first.api, first.http])
})

test('a kept port that is taken is an error that names the holder, and nothing is left running', async () => {
  await hub.start('--no-samples')
  const { api } = await hub.status()
  await hub.larder('down')
  const port = Number(new URL(api!.url).port)
  const holder = await listen(port)
  try {
    const failed = await hub.larder('up', '--detach', '--no-samples')
    expect(failed.code).toBe(7)
    expect(failed.stderr).toContain(`port ${port} is taken by process ${process.pid}`)
    expect(failed.stderr).toContain('--api-port N')
    expect(await hub.status()).toMatchObject({ state: 'stopped' })
  } finally {
    await new Promise((resolve) => holder.close(resolve))
  }
})

test('a second hub on the same folder is told who holds it', async () => {
  await hub.start('--no-samples')
  const { pid } = await hub.status()
  const second = await hub.larder('up', '--detach')
  expect(second.code).toBe(7)
  expect(second.stderr).toContain(`process ${pid}`)
  expect(second.stderr).toContain('larder down')
  expect(await hub.status()).toMatchObject({ state: 'ready', pid })
})

test('a hub that was killed is seen as stopped, and starts again with what it had', async () => {
  await hub.start('--no-samples')
  await hub.ok(['create', 'configmap', 'kept', '--from-literal=a=b'])
  const { pid } = await hub.status()
  process.kill(pid!, 'SIGKILL')
  await eventually('the hub to be dead', async () => (await hub.status()).state === 'stopped' || undefined)
  await hub.start('--no-samples')
  expect(await hub.ok(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}'])).toBe('b')
})

const NOTHING = `
{apiVersion: larder.dev/v1alpha1, kind: Backend, metadata: {name: nothing}, spec: {driver: noop}}
---
{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: nothing}, spec: {type: nothing, backendRef: {name: nothing}}}
`
const claimed = (name: string) =>
  `{apiVersion: larder.dev/v1alpha1, kind: Claim, metadata: {name: ${name}}, spec: {className: nothing}}`

test('a hub that was stopped takes up what it knew; one that was killed works it out; both go on with the claims', async () => {
  const ready = (...names: readonly string[]) =>
    hub.ok(['wait', '--for=condition=Ready', '--timeout=60s', ...names.map((name) => `claim/${name}`)])
  const kept = join(hub.dir, 'store', 'checkpoint')
  await hub.start('--no-samples')
  await hub.ok(['apply', '-f', '-'], { stdin: `${NOTHING}---\n${claimed('one')}\n---\n${claimed('two')}` })
  await ready('one', 'two')
  const { uid } = JSON.parse(await hub.ok(['get', 'claim', 'one', '-o', 'json'])).metadata as { uid: string }
  expect(existsSync(kept)).toBe(false)
  await hub.stop()
  // The store's own, the words, and the copy of each kind that is followed.
  expect(readdirSync(kept).length).toBeGreaterThan(8)
  expect(statSync(kept).mode & 0o777).toBe(0o700)

  await hub.start('--no-samples')
  expect(hub.log().match(/opened from what the last stop kept/g)).toHaveLength(1)
  // Each was asked for: a copy that nobody takes up would be listed anew.
  await eventually('all to be taken up', () => !existsSync(kept) || readdirSync(kept).length === 0 || undefined)
  await hub.ok(['apply', '-f', '-'], { stdin: claimed('three') })
  await ready('one', 'two', 'three')
  await hub.ok(['delete', 'claim', 'one'])
  const secrets = async () => (await hub.ok(['get', 'secrets', '-o', 'name'])).trim().split('\n').sort()
  await eventually('its Secret to go', async () => !(await secrets()).includes('secret/one') || undefined)

  await hub.kill()
  await hub.start('--no-samples')
  expect(hub.log().match(/opened from what the last stop kept/g)).toHaveLength(1)
  await hub.ok(['apply', '-f', '-'], { stdin: claimed('one') })
  await ready('one', 'two', 'three')
  expect(await hub.ok(['get', 'claim', 'one', '-o', 'jsonpath={.metadata.uid}'])).not.toBe(uid)
  expect(await secrets()).toEqual(['secret/one', 'secret/three', 'secret/two'])
})

test('up in the foreground prints addresses, and SIGTERM stops it cleanly with code 0', async () => {
  const { spawn } = await import('node:child_process')
  const { LARDER } = await import('../testing/hub.ts')
  const child = spawn(process.execPath, [
    LARDER,
    'up',
    '--no-samples',
    '--data',
    hub.dir,
    '--port',
    '0',
    '--api-port',
    '0',
  ])
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  await eventually('the addresses', () => /Kubeconfig\s+\S+\n/.test(output) || undefined)
  expect(await hub.status()).toMatchObject({ state: 'ready', pid: child.pid })
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(existsSync(hub.kubeconfig)).toBe(false)
})

test('the samples are two backends and the classes redis and postgres, and nothing else is made', async () => {
  await hub.start('--wait')
  expect(await hub.ok(['get', 'backends,classes', '-o', 'name'])).toBe(
    'backend.larder.dev/local\nbackend.larder.dev/pool\nclass.larder.dev/postgres\nclass.larder.dev/redis\n',
  )
  expect(await hub.ok(['get', 'claims,instances', '-A', '-o', 'name'])).toBe('')
  for (const name of ['redis', 'postgres']) {
    expect(await hub.ok(['get', 'class', name, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'])).toBe(
      'True',
    )
  }
})

test('npm start claims a Redis, pings it and says where it is', async () => {
  const demo = await hub.larder('up', '--demo', '--detach', '--port', '0', '--api-port', '0')
  expect(demo).toMatchObject({ code: 0 })
  expect(demo.stdout).toMatch(/PING\s+PONG/)
  expect(demo.stdout).toContain(hub.kubeconfig)
  expect(demo.stdout).not.toMatch(/:[^@\s]{16,}@/)
  expect(await hub.ok(['get', 'claim', 'hello', '-o', 'jsonpath={.status.binding.name}'])).toBe('hello')
})

test('--no-demo after --demo leaves the demo out', async () => {
  const quiet = await hub.larder('up', '--demo', '--no-demo', '--detach', '--port', '0', '--api-port', '0')
  expect(quiet).toMatchObject({ code: 0 })
  expect(quiet.stdout).not.toContain('PONG')
  expect(await hub.ok(['get', 'claims', '-A', '-o', 'name'])).toBe('')
})

test('the demo without an engine fails at once with the cause, and goes by itself once the engine is there', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'larder-engines-'))
  const lacking = await newHub({ env: { PATH: empty, LARDER_ENGINES: empty } })
  try {
    const startedAt = Date.now()
    const demo = await lacking.larder('up', '--demo', '--detach', '--port', '0', '--api-port', '0')
    expect(demo.code).toBe(5)
    expect(Date.now() - startedAt).toBeLessThan(15_000)
    expect(demo.stderr).toContain('error: claim default/hello failed: EngineMissing\n')
    expect(demo.stderr).toContain('larder engine add redis')
    expect(await lacking.larder('wait', 'claim/hello')).toMatchObject({ code: 5 })

    const { command } = (await findEngine({ name: 'redis', commands: ['valkey-server', 'redis-server'] }))!
    symlinkSync(command, join(empty, 'redis-server'))
    await lacking.ok(['wait', '--for=condition=Ready', 'claim/hello', '--timeout=60s'])
  } finally {
    await lacking.remove()
    rmSync(empty, { recursive: true })
  }
})

test('up --api-only is a Kubernetes API and nothing of Larder, also after npm start asked for the demo', async () => {
  const started = await hub.larder('up', '--demo', '--api-only', '--detach', '--wait', '--port', '0', '--api-port', '0')
  expect(started).toMatchObject({ code: 0 })
  expect(started.stdout).not.toContain('PONG')
  expect(await hub.status()).toMatchObject({ state: 'ready' })
  expect(await hub.ok(['get', 'crds', '-o', 'name'])).toBe('')
  expect(await hub.ok(['api-resources', '-o', 'name'])).not.toContain('larder')
  expect(await hub.ok(['get', 'namespaces', '-o', 'name'])).not.toContain('larder')
  expect(await hub.ok(['create', 'configmap', 'c', '--from-literal=a=b'])).toBe('configmap/c created\n')
  expect((await hub.larder('claim', 'list')).code).toBe(3)
  expect(await hub.larder('down')).toMatchObject({ code: 0 })
  expect(await hub.status()).toMatchObject({ state: 'stopped' })
})

test('down --delete-data removes the folder', async () => {
  await hub.start('--no-samples')
  expect(await hub.larder('down', '--delete-data')).toMatchObject({ code: 0 })
  expect(existsSync(hub.dir)).toBe(false)
})

test('down --delete-data removes no folder that is not of a hub', async () => {
  mkdirSync(hub.dir, { recursive: true })
  writeFileSync(join(hub.dir, 'thesis.txt'), 'years of work')
  const refused = await hub.larder('down', '--delete-data')
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain(`${hub.dir} is no data folder of Larder`)
  expect(readFileSync(join(hub.dir, 'thesis.txt'), 'utf8')).toBe('years of work')
})

test('a folder that was there keeps its mode', async () => {
  mkdirSync(hub.dir, { mode: 0o750 })
  await hub.start('--no-samples')
  expect(statSync(hub.dir).mode & 0o777).toBe(0o750)
})

test('a damaged file of the folder is named, and nothing is lost', async () => {
  mkdirSync(hub.dir, { recursive: true })
  writeFileSync(join(hub.dir, 'ports.json'), '{"http": 77')
  const failed = await hub.larder('up', '--detach', '--no-samples')
  expect(failed.code).toBe(1)
  expect(failed.stderr).toContain('ports.json')
  expect(readFileSync(join(hub.dir, 'ports.json'), 'utf8')).toBe('{"http": 77')
  writeFileSync(join(hub.dir, 'ports.json'), '{}')
})

function listen(port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
