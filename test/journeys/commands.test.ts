/** The command beside kubectl: the same objects, with steps that can be watched and exit codes that scripts can test. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hubKind, LARDER, newHub, type Hub } from '../testing/hub.ts'
import { kubectl } from '../testing/kubectl.ts'
import { eventually, run } from '../testing/processes.ts'
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
  expect((await hub.larder('get', 'lclass', '-o', 'name')).stdout).toContain('class.larder.dev/redis\n')
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
  ['not confirmed', ['claim', 'delete', 'cache', '-n', 'shop'], 2],
])('exit code: %s', async (_, args, code) => {
  expect(await hub.larder(...args)).toMatchObject({ code, stdout: '' })
})

test('a refused parameter is named: at admission, or where a cluster does not ask us there, while it is waited for', async () => {
  const create = ['claim', 'create', 'bad', '--class', 'redis', '-n', 'shop', '-p', 'colour=red', '--wait']
  const refused = await hub.larder(...create)
  expect(refused.stderr).toContain('colour')
  if (hubKind() === 'embedded') {
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('spec.parameters.colour')
  } else {
    expect(refused.code).toBe(5)
    expect(await hub.larder('claim', 'delete', 'bad', '-n', 'shop', '--yes')).toMatchObject({ code: 0 })
  }
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

test('every output of kubectl is there: name, wide, yaml, json and jsonpath, and labels select', async () => {
  await hub.ok(['label', 'claim', 'cache', '-n', 'shop', 'team=red'])
  const get = async (...args: string[]) => (await hub.larder('get', 'claims', '-n', 'shop', ...args)).stdout
  expect(await get('-l', 'team=red', '-o', 'name')).toBe('claim.larder.dev/cache\n')
  expect(await get('-l', 'team!=red', '-o', 'name')).toBe('')
  expect(await get('-o', 'jsonpath={range .items[*]}{.metadata.name}:{.spec.plan}{"\\n"}{end}')).toBe('cache:large\n')
  expect(await get('-o', 'wide')).toMatch(/^NAME .* INSTANCE .* MESSAGE/)
  expect(await hub.larder('get', 'claims', '-o', 'jsonpath={.a')).toMatchObject({ code: 2, stdout: '' })
  const mine = await hub.larder('claim', 'get', 'cache', '-n', 'shop', '-o', 'jsonpath={.status.binding.name}')
  expect(mine.stdout).toBe('cache')
  expect(await hub.larder('claim', 'get', 'cache', '-l', 'a=b', '-n', 'shop')).toMatchObject({ code: 2 })
})

test('get -w goes on with what changes', async () => {
  const watching = spawn(process.execPath, [LARDER, 'get', 'claims', '-n', 'shop', '-w', '--data', hub.dir])
  let seen = ''
  watching.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  const ended = new Promise((resolve) => watching.on('close', resolve))
  await eventually('the list', () => seen.includes('cache') || undefined)
  await hub.ok(['annotate', 'claim', 'cache', '-n', 'shop', 'note=x'])
  await eventually(
    'the change',
    () => seen.split('\n').filter((line) => line.startsWith('cache')).length > 1 || undefined,
  )
  expect(seen.match(/^NAME/gm)).toHaveLength(1)
  watching.kill('SIGINT')
  expect(await ended).toBe(130)
})

test('describe says why: cause first, then conditions, related objects and events', async () => {
  await hub.ok(['apply', '-f', '-'], { stdin: claimYaml('why', 'nowhere') })
  await hub.larder('wait', 'claim/why', '-n', 'shop', '--timeout', '30s')
  const why = await eventually('the event', async () => {
    const { stdout } = await hub.larder('describe', 'claim/why', '-n', 'shop')
    return stdout.includes('Events') ? stdout : undefined
  })
  expect(why).toMatch(
    /^claim shop\/why is not Ready: ClassNotFound\n {2}why: .*\n {2}who: {3}the consumer must act\n {2}next: /,
  )
  const heads = ['Conditions', 'Related', 'Events'].map((head) => why.indexOf(`\n${head}\n`))
  expect(heads.every((at, i) => at > (heads[i - 1] ?? 0))).toBe(true)
  const events = await hub.larder('events', '--for', 'claim/why', '-n', 'shop')
  expect(events.stdout).toMatch(/Warning +ClassNotFound +claim\/why/)
  expect(events.stdout).not.toContain('claim/cache')

  const binding = await bindingOf(hub, 'shop', 'cache')
  const cache = (await hub.larder('describe', 'claim', 'cache', '-n', 'shop')).stdout
  expect(cache).toMatch(/^claim shop\/cache is Ready\n/)
  expect(cache).toMatch(/create +Done/)
  expect(cache).toMatch(/secret\/cache -n shop +keys host, password/)
  expect(cache).not.toContain(binding.password)
  await hub.ok(['delete', 'claim', 'why', '-n', 'shop'])
})

test('describe shows an application team its claim, and names nothing that it may not read', async () => {
  await hub.ok(['create', 'serviceaccount', 'dev', '-n', 'shop'])
  await hub.ok(['create', 'rolebinding', 'dev', '--clusterrole=view', '--serviceaccount=shop:dev', '-n', 'shop'])
  const token = (await hub.ok(['create', 'token', 'dev', '-n', 'shop'])).trim()
  const theirs = `${hub.dir}/dev.kubeconfig`
  await hub.ok(['config', 'view', '--raw', '--minify', '-o', 'json']).then((text) => {
    const config = JSON.parse(text) as { users: { user: object }[] }
    config.users[0]!.user = { token }
    writeFileSync(theirs, JSON.stringify(config), { mode: 0o600 })
  })
  const described = await eventually('the role to hold', async () => {
    const answer = await run(process.execPath, [
      LARDER,
      'describe',
      'claim/cache',
      '-n',
      'shop',
      '--kubeconfig',
      theirs,
    ])
    return answer.code === 0 ? answer.stdout : undefined
  })
  expect(described).toContain('class/redis')
  expect(described).not.toMatch(/instance\/|secret\/|Steps/)
})

test('explain needs no hub', async () => {
  expect((await explain('classnotfound')).stdout).toMatch(/^ClassNotFound: .*\n {2}who: {3}consumer\n/)
  expect((await explain('claim.spec.binding.name')).stdout).toMatch(/^claim\.spec\.binding\.name \(string\)\n/)
  expect((await explain('claims.spec')).stdout).toMatch(/className +string/)
  const wrong = await explain('claim.spec.colour')
  expect(wrong).toMatchObject({ code: 3 })
  expect(wrong.stderr).toContain('its fields are className')
  expect(await explain('Nonsense')).toMatchObject({ code: 3 })
})

test('a shell is told what may follow, names of objects too', async () => {
  const env = { KUBECONFIG: hub.kubeconfig }
  const complete = (...words: string[]) => run(process.execPath, [LARDER, '__complete', ...words], { env })
  expect((await complete('claim', 'get', '-n', 'shop', '')).stdout).toBe('cache\n:4\n')
  expect((await complete('claim', 'create', 'x', '--class', 'redis', '--plan', '')).stdout).toBe('small\nlarge\n:4\n')
  const script =
    'source <(larder completion bash); COMP_WORDS=(larder wait -n shop claim/c); COMP_CWORD=4; _larder; echo "${COMPREPLY[@]}"'
  expect((await run('bash', ['-c', script], { env: { ...env, PATH: pluginPath() } })).stdout).toBe('claim/cache\n')
})

test('kubectl larder is the same command, found by kubectl as a plugin and completed by it', async () => {
  const env = { KUBECONFIG: hub.kubeconfig, PATH: pluginPath() }
  const { path } = await kubectl()
  const plugin = (...args: string[]) => run(path, args, { env })
  expect((await plugin('larder', 'get', 'claims', '-n', 'shop', '-o', 'name')).stdout).toBe('claim.larder.dev/cache\n')
  expect((await plugin('larder', 'claim', 'get', 'nobody')).code).toBe(3)
  expect((await plugin('__complete', 'larder', 'claim', 'get', '-n', 'shop', '')).stdout).toBe('cache\n:4\n')
})

/** Without any API to ask. */
const explain = (...args: string[]) =>
  run(process.execPath, [LARDER, 'explain', ...args], { env: { KUBECONFIG: '/none' } })

const pluginPath = () => `${dirname(LARDER)}:${process.env['PATH']}`

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
