/** The command beside kubectl: the same objects, with steps that can be watched and exit codes that scripts can test. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { bindingOf, redis } from '../testing/redis.ts'

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--wait')
  await hub.ok(['create', 'namespace', 'shop'])
})
afterAll(() => hub.remove())

test('claim create --wait shows its steps and ends when the claim is ready', async () => {
  const created = await hub.larder(
    'claim',
    'create',
    'cache',
    '--class',
    'redis',
    '--plan',
    'large',
    '-n',
    'shop',
    '--wait',
  )
  expect(created).toMatchObject({ code: 0 })
  expect(created.stdout).toBe('claim.larder.dev/cache created\n')
  expect(created.stderr).toMatch(/\d\.\d\ds ✔ {2}Ready {16}Secret cache\n/)
  const client = await redis(await bindingOf(hub, 'shop', 'cache'))
  expect(await client.ping()).toBe('PONG')
  await client.quit()
})

test('get, list and classes are shown in the columns of their kind', async () => {
  const list = await hub.larder('claim', 'list', '-A')
  expect(list.stdout.split('\n')[0]).toMatch(/^NAMESPACE +NAME +CLASS +PLAN +ROLE +READY +REASON +BINDING +AGE$/)
  expect(list.stdout).toMatch(/shop +cache +redis +large +True +Ready +cache/)
  expect((await hub.larder('get', 'lclass', '-o', 'name')).stdout).toBe('class.larder.dev/redis\n')
  expect((await hub.larder('claim', 'get', 'cache', '-n', 'shop', '-o', 'yaml')).stdout).toContain('className: redis')
  const json = JSON.parse((await hub.larder('get', 'claims', '-n', 'shop', '-o', 'json')).stdout) as {
    items: unknown[]
  }
  expect(json.items).toHaveLength(1)
})

test('creds show tells sizes, and values only when asked', async () => {
  const binding = await bindingOf(hub, 'shop', 'cache')
  const sizes = await hub.larder('creds', 'show', 'cache', '-n', 'shop')
  expect(sizes.stdout).toMatch(/password +\d+ bytes/)
  expect(sizes.stdout).not.toContain(binding.password)
  expect((await hub.larder('creds', 'show', 'cache', '-n', 'shop', '--format', 'env')).code).toBe(2)
  const env = await hub.larder('creds', 'show', 'cache', '-n', 'shop', '--reveal', '--format', 'env')
  expect(env.stdout).toContain(`PASSWORD='${binding.password}'`)
  expect((await hub.larder('creds', 'show', 'cache', '-n', 'shop', '--reveal', '--format', 'url')).stdout).toBe(
    `${binding.uri}\n`,
  )
})

test('a claim that fails ends the wait early, with a code of its own, what is wrong and what to do', async () => {
  await hub.ok(['apply', '-f', '-'], { stdin: claimYaml('lost', 'nowhere') })
  const waited = await hub.larder('wait', 'claim/lost', '-n', 'shop', '--timeout', '30s')
  expect(waited.code).toBe(5)
  expect(waited.stderr).toMatch(/error: claim shop\/lost failed: \w+\n {2}why: {3}.*nowhere.*\n {2}next: {2}.+\n/)
  expect(await hub.larder('claim', 'delete', 'lost', '-n', 'shop', '--yes')).toMatchObject({ code: 0 })
})

test.each([
  ['not found', ['claim', 'get', 'nobody', '-n', 'shop'], 3],
  ['exists already', ['claim', 'create', 'cache', '--class', 'redis', '-n', 'shop'], 7],
  ['no class', ['claim', 'create', 'other', '-n', 'shop'], 2],
  ['no such kind', ['get', 'pods'], 2],
  ['bad parameter', ['claim', 'create', 'bad', '--class', 'redis', '-n', 'shop', '-p', 'colour=red'], 1],
  ['not confirmed', ['claim', 'delete', 'cache', '-n', 'shop'], 2],
])('exit code: %s', async (_, args, code) => {
  expect(await hub.larder(...args)).toMatchObject({ code, stdout: '' })
})

test('a refused parameter is named with what is allowed, at admission', async () => {
  const refused = await hub.larder('claim', 'create', 'bad', '--class', 'redis', '-n', 'shop', '-p', 'colour=red')
  expect(refused.stderr).toContain('spec.parameters.colour')
  expect((await hub.larder('claim', 'get', 'bad', '-n', 'shop')).code).toBe(3)
})

test('with -o json errors are JSON too', async () => {
  const failed = await hub.larder('claim', 'get', 'nobody', '-n', 'shop', '-o', 'json')
  expect(JSON.parse(failed.stderr)).toMatchObject({
    error: { exitCode: 3, message: 'claims.larder.dev "nobody" not found' },
  })
})

test('an API that does not answer is exit code 8', async () => {
  const other = await newHub()
  expect((await other.larder('claim', 'list')).code).toBe(8)
  await other.remove()
})

test('claim delete returns when the credentials are gone', async () => {
  const binding = await bindingOf(hub, 'shop', 'cache')
  const deleted = await hub.larder('claim', 'delete', 'cache', '-n', 'shop', '--yes')
  expect(deleted).toMatchObject({ code: 0, stdout: 'claim.larder.dev/cache deleted\n' })
  await expect(redis(binding)).rejects.toThrow()
  expect((await hub.larder('wait', 'claim/cache', '-n', 'shop', '--for', 'deleted')).code).toBe(0)
})

function claimYaml(name: string, className: string): string {
  return JSON.stringify({
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Claim',
    metadata: { name, namespace: 'shop' },
    spec: { className },
  })
}
