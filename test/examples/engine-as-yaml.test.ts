/** The example as a reader follows it: two files, stock kubectl, and an engine that no line of code knows. */
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { nats, pathWithNats, type Nats } from '../testing/nats.ts'
import { eventually } from '../testing/processes.ts'
import { bindingOf } from '../testing/redis.ts'

const EXAMPLE = resolve(import.meta.dirname, '../../examples/engine-as-yaml')

let hub: Hub
const open: Nats[] = []

beforeAll(async () => {
  hub = await newHub({ env: { PATH: pathWithNats() } })
  await hub.start()
  await hub.ok(['apply', '-f', join(EXAMPLE, 'class.yaml')])
  await hub.ok(['wait', '--for=condition=Ready', 'class/nats', '--timeout=30s'])
})
afterAll(() => {
  for (const { socket } of open) socket.destroy()
  return hub.remove()
})

async function connect(secret: string): Promise<Nats> {
  const client = nats(await bindingOf(hub, 'default', secret))
  open.push(client)
  await client.say()
  return client
}

test('a claim gets a server, and a user that publishes and hears', async () => {
  await hub.ok(['apply', '-f', join(EXAMPLE, 'claim.yaml')])
  await hub.ok(['wait', '--for=condition=Ready', 'claim/bus', '--timeout=30s'])
  const writer = await connect('bus')
  expect(await writer.say('SUB news 1', 'PUB news 5', 'hello')).toContain('MSG news 1 5\r\nhello')
})

test('the role reader hears, and the server itself refuses what it publishes', async () => {
  const before = await connect('bus')
  const closed = once(before.socket, 'close')
  await hub.ok(['patch', 'claim', 'bus', '--type=merge', '-p', '{"spec":{"role":"reader"}}'])
  await closed
  const reader = await eventually('the credential to be a reader', async () => {
    const client = await connect('bus').catch(() => undefined)
    const answer = await client?.say('PUB news 2', 'no').catch(() => '')
    return answer?.includes('Permissions Violation for Publish to "news"') ? client : undefined
  })
  expect(await reader.say('SUB news 1')).not.toContain('-ERR')
})

test('when the delete returns, its user is gone and its connections are cut', async () => {
  const binding = await bindingOf(hub, 'default', 'bus')
  const client = await connect('bus')
  const closed = client.socket.destroyed ? Promise.resolve() : once(client.socket, 'close')
  await hub.ok(['delete', 'claim', 'bus'])
  await closed
  await expect(nats(binding).say()).rejects.toThrow('the connection was closed')
})

test('the page quotes the files as they are', () => {
  const page = readFileSync(join(EXAMPLE, 'README.md'), 'utf8')
  const quoted = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '')
  expect(quoted.length).toBeGreaterThan(3)
  const files = ['class.yaml', 'claim.yaml'].map((name) => readFileSync(join(EXAMPLE, name), 'utf8'))
  const lines = new Set(files.flatMap(flat))
  expect(quoted.flatMap(flat).filter((line) => !lines.has(line))).toEqual([])
})

const flat = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
