/** A program on this machine with the credentials of a claim: it gets them, follows them, and leaves nothing behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'

const secret = (password: string) => `
apiVersion: v1
kind: Secret
metadata: {name: one, namespace: shop, labels: {offer: caches}}
stringData: {type: redis, host: h, password: ${password}, uri: "redis://${password}@h"}
`
const MANIFESTS = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: caches}, spec: {type: redis, backendRef: {name: pool}, recipe: {apiVersion: v1, kind: Secret, selector: {matchLabels: {offer: caches}}}, reclaimPolicy: Release}}
---
${secret('first')}
---
{apiVersion: larder.dev/v1alpha1, kind: Claim, metadata: {name: cache, namespace: shop}, spec: {className: caches}}
---
{apiVersion: larder.dev/v1alpha1, kind: Claim, metadata: {name: lost, namespace: shop}, spec: {className: nowhere}}
`

/** Says what it has at its start and whenever the file changes; ends with 7 on SIGTERM. */
const PROGRAM = `
const { readFileSync } = require('node:fs')
const file = process.env.SERVICE_BINDING_ROOT + '/cache/password'
const say = (what) => console.log(what + ' file=' + readFileSync(file, 'utf8') + ' env=' + process.env.CACHE_PASSWORD)
process.on('SIGHUP', () => say('hangup'))
process.on('SIGTERM', () => { console.log('root=' + process.env.SERVICE_BINDING_ROOT); process.exit(7) })
let last = readFileSync(file, 'utf8')
say('start')
setInterval(() => { const now = readFileSync(file, 'utf8'); if (now !== last) { last = now; say('changed') } }, 20)
`

let hub: Hub
let folder: string
let program: string
/** A test that failed must leave nothing running. */
const running = new Set<ChildProcess>()
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--doors', 'services-toolkit')
  folder = mkdtempSync(join(tmpdir(), 'larder-run-test-'))
  program = join(folder, 'program.cjs')
  writeFileSync(program, PROGRAM)
  await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })
})
afterAll(async () => {
  for (const child of running) child.kill('SIGTERM')
  await hub.remove()
  rmSync(folder, { recursive: true })
})

/** `hub.larder` puts `--data` last, which belongs to the program here. */
function started(...words: string[]) {
  const child = spawn(process.execPath, [LARDER, 'run', '-n', 'shop', '--data', hub.dir, ...words])
  running.add(child)
  let said = ''
  let noted = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (noted += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const says = (text: string) => eventually(`it to say ${text}`, () => said.includes(text) || undefined)
  return { child, ended, says, said: () => said, noted: () => noted }
}

const change = (password: string) => hub.ok(['apply', '-f', '-'], { stdin: secret(password) })

test('gets files for itself alone and variables, and its exit code is ours', async () => {
  const script = `ls -A $SERVICE_BINDING_ROOT/cache; stat -L -c %a $SERVICE_BINDING_ROOT $SERVICE_BINDING_ROOT/cache/password; echo $CACHE_URI $URL; exit 3`
  const { ended, said } = started('--claim', 'cache', '--env', 'URL=cache.uri', '--', 'sh', '-c', script)
  expect(await ended).toBe(3)
  expect(said().split('\n')).toEqual([
    '..1',
    '..data',
    'host',
    'password',
    'type',
    'uri',
    '700',
    '600',
    'redis://first@h redis://first@h',
    '',
  ])
})

test('its files follow a change at once; it gets our signals, and its folder is gone when it has ended', async () => {
  const { child, ended, says, said, noted } = started('--claim', 'cache', '--', process.execPath, program)
  await says('start file=first env=first')
  await change('second')
  await says('changed file=second env=first')
  await eventually('the note', () => noted().includes('the credentials of claim cache have changed') || undefined)
  expect(noted()).not.toContain('second')
  child.kill('SIGTERM')
  expect(await ended).toBe(7)
  expect(existsSync(/root=(.*)/.exec(said())![1]!)).toBe(false)
})

test('--restart starts it again with what is new, --signal only tells it', async () => {
  const restarted = started('--claim', 'cache', '--restart', '--', process.execPath, program)
  const told = started('--claim', 'cache', '--signal', 'HUP', '--', process.execPath, program)
  await Promise.all([restarted.says('start file=second'), told.says('start file=second')])
  await change('third')
  await Promise.all([restarted.says('start file=third env=third'), told.says('hangup file=third env=second')])
  for (const { child, ended } of [restarted, told]) {
    child.kill('SIGTERM')
    expect(await ended).toBe(7)
  }
})

test('goes on when the hub goes away, and follows again when it is back', async () => {
  const { child, ended, says } = started('--claim', 'cache', '--', process.execPath, program)
  await says('start file=third')
  expect(await hub.larder('down')).toMatchObject({ code: 0 })
  await hub.start('--doors', 'services-toolkit')
  await change('fourth')
  await says('changed file=fourth')
  child.kill('SIGTERM')
  expect(await ended).toBe(7)
})

test.each([
  ['no such program', ['--claim', 'cache', '--', join('/nowhere', 'x')], 127],
  ['no such claim', ['--claim', 'nobody', '--', 'true'], 3],
  ['a claim that has failed', ['--claim', 'lost', '--', 'true'], 5],
  ['no claim', ['--', 'true'], 2],
  ['two bindings of one name', ['--claim', 'a', '--claim', 'a=b', '--', 'true'], 2],
  ['a variable of which binding', ['--claim', 'a', '--claim', 'b', '--env', 'X=uri', '--', 'true'], 2],
])('exit code: %s', async (_, words, code) => {
  const { ended, said } = started('--timeout', '20s', ...words)
  expect([await ended, said()]).toEqual([code, ''])
})

test('a Secret that is taken from under it leaves it what it has', async () => {
  const { child, ended, says, noted } = started('--claim', 'cache=cache', '--', process.execPath, program)
  await says('start file=fourth')
  await hub.ok(['delete', 'claim', 'cache', '-n', 'shop'])
  await eventually('the note', () => noted().includes('the files of binding cache stay as they were') || undefined)
  child.kill('SIGTERM')
  expect(await ended).toBe(7)
})

test('no value of a Secret is in the log of the hub', () => {
  expect(readFileSync(join(hub.dir, 'log', 'hub.log'), 'utf8')).not.toContain('fourth')
})

test('whatever has a Secret can be bound: a ResourceClaim of Services Toolkit, and a Secret itself', async () => {
  const claim = `{apiVersion: services.apps.tanzu.vmware.com/v1alpha1, kind: ResourceClaim, metadata: {name: held, namespace: shop}, spec: {ref: {apiVersion: v1, kind: Secret, name: two}}}`
  const two =
    '{apiVersion: v1, kind: Secret, metadata: {name: two, namespace: shop}, stringData: {type: redis, host: two}}'
  const reader = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: run-secret-reader, labels: {servicebinding.io/controller: "true"}}, rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]}`
  await hub.ok(['apply', '-f', '-'], { stdin: `${reader}\n---\n${two}\n---\n${claim}` })
  const script = 'cat $SERVICE_BINDING_ROOT/db/host; echo; cat $SERVICE_BINDING_ROOT/two/type; echo; echo $DB_HOST'
  const words = ['--claim', 'db=ResourceClaim/held', '--claim', 'Secret/two', '--', 'sh', '-c', script]
  const { ended, said, noted } = started(...words)
  expect(await ended, noted()).toBe(0)
  expect(said()).toBe('two\nredis\ntwo\n')
  const missing = started('--claim', 'Secret/nothing', '--', 'true')
  expect(await missing.ended).toBe(1)
  expect(missing.noted()).toContain('Secret/nothing has no Secret')
})
