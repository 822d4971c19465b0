/** Class `postgres` as its users meet it: kubectl, the Secret of a claim, and an ordinary client. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hubKind, newHub, type Hub } from '../testing/hub.ts'
import { eventually, isRunning } from '../testing/processes.ts'
import { bindingOf, type Binding } from '../testing/redis.ts'

const claim = (name: string, more: object) =>
  JSON.stringify({
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Claim',
    metadata: { name, namespace: 'shop' },
    spec: more,
  })

const clients: Client[] = []

async function connect(binding: Binding): Promise<Client> {
  const client = new Client({ connectionString: binding.uri })
  // A session that is cut tells so by an event, which would end the test run.
  client.on('error', () => {})
  clients.push(client)
  await client.connect()
  return client
}

describe('a claim of class postgres', () => {
  let hub: Hub

  beforeAll(async () => {
    hub = await newHub()
    await hub.start('--wait')
    await hub.ok(['create', 'namespace', 'shop'])
  })
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.end())))
  afterAll(() => hub.remove())

  test('gets a database and a writer that writes; its role changed to reader, the server refuses it', async () => {
    await hub.ok(['apply', '-f', '-'], { stdin: claim('db', { className: 'postgres' }) })
    await hub.ok(['wait', '--for=condition=Ready', 'claim/db', '-n', 'shop', '--timeout=60s'])
    const binding = await bindingOf(hub, 'shop', 'db')
    expect(Object.keys(binding).sort()).toEqual([
      'database',
      'host',
      'password',
      'port',
      'provider',
      'type',
      'uri',
      'username',
    ])
    const writer = await connect(binding)
    await writer.query('CREATE TABLE notes AS SELECT 1 AS id')
    expect((await writer.query('SELECT id FROM notes')).rows).toEqual([{ id: 1 }])

    await hub.ok(['patch', 'claim', 'db', '-n', 'shop', '--type=merge', '-p', '{"spec":{"role":"reader"}}'])
    const reader = await eventually('the credential to be a reader', async () => {
      try {
        const client = await connect(await bindingOf(hub, 'shop', 'db'))
        const { rows } = await client.query<{ current_user: string }>('SELECT current_user')
        return rows[0]?.current_user === 'reader' ? client : undefined
      } catch {
        // The old password no longer works, and the Secret has not the new one yet.
        return undefined
      }
    })
    expect((await reader.query('SELECT id FROM notes')).rows).toEqual([{ id: 1 }])
    await expect(reader.query('INSERT INTO notes VALUES (2)')).rejects.toThrow('permission denied')
  })

  test('comes back with its data after kill -9 of its process', async () => {
    const before = processOf(hub)
    process.kill(before, 'SIGKILL')
    const rows = await eventually('the server to be back', async () => {
      try {
        return (await (await connect(await bindingOf(hub, 'shop', 'db'))).query('SELECT id FROM notes')).rows
      } catch {
        // It is being started.
        return undefined
      }
    })
    expect(rows).toEqual([{ id: 1 }])
    expect(processOf(hub)).not.toBe(before)
    await hub.ok(['wait', '--for=condition=Ready', 'claim/db', '-n', 'shop', '--timeout=30s'])
  })

  test('is gone when delete returns: first the password, then the process and its folder', async () => {
    const binding = await bindingOf(hub, 'shop', 'db')
    const open = await connect(binding)
    const pid = processOf(hub)
    await hub.ok(['delete', 'claim', 'db', '-n', 'shop'])
    await expect(connect(binding)).rejects.toThrow()
    await expect(open.query('SELECT 1')).rejects.toThrow()
    await eventually('the process to be gone', () => !isRunning(pid) || undefined)
    await eventually(
      'the instance to be gone',
      async () => (await hub.ok(['get', 'instances', '-A', '-o', 'name'])) === '' || undefined,
    )
    expect(readdirSync(join(hub.dir, 'services'))).toEqual([])
  })

  test('is refused parameters that are none', async () => {
    const refused = await hub.kubectl(['apply', '-f', '-'], {
      stdin: claim('wrong', { className: 'postgres', parameters: { workMem: "1MB'; include 'x" } }),
    })
    // Elsewhere nobody asks us at admission, and status says it.
    const cause = ['get', 'claim', 'wrong', '-n', 'shop', '-o', 'jsonpath={.status.cause.message}']
    const told =
      hubKind() === 'embedded'
        ? refused.stderr
        : await eventually('a cause', async () => (await hub.ok(cause)) || undefined)
    expect(told).toContain('workMem')
  })
})

/** The one process that has the data folder, as the engine itself says. */
function processOf(hub: Hub): number {
  const services = join(hub.dir, 'services')
  const [only = '', ...more] = readdirSync(services)
  expect(more).toEqual([])
  const pid = Number(readFileSync(join(services, only, 'data/cluster/postmaster.pid'), 'utf8').split('\n')[0])
  expect(execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).trim()).toBe('postgres')
  return pid
}
