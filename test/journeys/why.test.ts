/** Why is it so: the commands that read status along the chain, for an administrator and for an application team. */
import { spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { eventually, run } from '../testing/processes.ts'
import { tenantKubeconfig } from '../testing/tenant.ts'

const MANIFESTS = `
{apiVersion: larder.dev/v1alpha1, kind: Backend, metadata: {name: nothing}, spec: {driver: noop}}
---
{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: nothing}, spec: {type: none, description: Makes nothing, backendRef: {name: nothing}, recipe: {delay: 300ms}}}
---
{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: orphan}, spec: {type: none, backendRef: {name: gone}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: larder.dev/v1alpha1, kind: Claim, metadata: {name: lost, namespace: shop}, spec: {className: nowhere}}
`

let hub: Hub
let tenant: string
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples')
  await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })
  tenant = await tenantKubeconfig(hub, 'shop', 'view')
})
afterAll(() => hub.remove())

test('a claim is born with its finalizer: nobody can delete it before the hub has seen it', async () => {
  const claim = {
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Claim',
    metadata: { name: 'born', namespace: 'shop' },
    spec: { className: 'nothing' },
  }
  const born = await hub.ok(['create', '-f', '-', '-o', 'jsonpath={.metadata.finalizers}'], {
    stdin: JSON.stringify(claim),
  })
  expect(born).toBe('["larder.dev/finalizer"]')
  await hub.ok(['delete', 'claim', 'born', '-n', 'shop'])
})

const asTenant = (...args: string[]) => run(process.execPath, [LARDER, ...args, '-n', 'shop', '--kubeconfig', tenant])
const shop = async (...args: string[]) => (await hub.larder(...args, '-n', 'shop')).stdout

test('timeline -w follows a claim from its making to its credentials, and ends with it', async () => {
  expect(await hub.larder('claim', 'create', 'cache', '--class', 'nothing', '-n', 'shop')).toMatchObject({ code: 0 })
  const watching = spawn(process.execPath, [LARDER, 'timeline', 'claim/cache', '-n', 'shop', '-w', '--data', hub.dir])
  let seen = ''
  watching.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  const ended = new Promise((resolve) => watching.on('close', resolve))
  await eventually(
    'credentials and a step that is done',
    () => /create .*Done[^]*\+\w.* Ready /.test(seen) || undefined,
  )
  await hub.ok(['delete', 'claim', 'cache', '-n', 'shop'])
  expect(await ended).toBe(0)
})

test('why says in a sentence or two how it is, and with -o json as data', async () => {
  await hub.larder('claim', 'create', 'good', '--class', 'nothing', '-n', 'shop', '--wait')
  expect(await shop('why', 'claim/good')).toMatch(/^claim shop\/good is Ready for \d+s: Secret good\.\n$/)
  expect(await shop('why', 'claim', 'lost')).toMatch(
    /^claim shop\/lost is stuck for \d+s: .*"nowhere".* \(ClassNotFound\)\.\nIt will not heal by itself: the consumer must act\. Next: .*\n$/,
  )
  expect(JSON.parse(await shop('why', 'claim/lost', '-o', 'json'))).toMatchObject({
    object: 'claim shop/lost',
    state: 'stuck',
    cause: { reason: 'ClassNotFound', heals: false },
  })
  expect((await hub.larder('why', 'class/orphan')).stdout).toMatch(/^class orphan is stuck .*\(BackendNotFound\)\.\n/)
  expect(await hub.larder('why', 'claim/nobody', '-n', 'shop')).toMatchObject({ code: 3, stdout: '' })
})

test('trace shows what a claim rests on; for a team the parts that it may not read have no name', async () => {
  const whole = await shop('trace', 'claim/good')
  const instance = await hub.ok(['get', 'claim', 'good', '-n', 'shop', '-o', 'jsonpath={.status.instanceRef.name}'])
  expect(whole.split('\n').map((line) => line.split(/ {3,}/).slice(0, 2).join(' '))).toEqual([
    'NAME READY',
    'Claim/good (shop) True',
    '├─ Class/nothing True',
    '│  └─ Backend/nothing True',
    `├─ Instance/${instance} (larder-instances) True`,
    '└─ Secret/good (shop) -',
    '',
  ])
  const { stdout: theirs } = await asTenant('trace', 'claim/good')
  expect(theirs).toMatch(
    /Backend +- +- +you may not read it\n.*Instance +- +- +you may not read it\n.*Secret +- +- +you may not/,
  )
  expect(theirs).not.toContain(instance)
  expect(JSON.parse(await shop('trace', 'claim/good', '-o', 'json'))).toMatchObject({
    kind: 'Claim',
    children: [{ kind: 'Class' }, { kind: 'Instance', name: instance }, { kind: 'Secret' }],
  })
  expect(await shop('trace', 'claim/good', '-o', 'dot')).toMatch(/^digraph larder \{/)
})

test('a team may follow its claim, and is told that the steps of the service are not for it', async () => {
  const { stdout } = await asTenant('timeline', 'claim/good', '-v')
  expect(stdout).toMatch(/claimed[^]*credentials[^]*Ready/)
  expect(stdout).not.toContain('create')
  expect(stdout).toContain('The steps of its service are for those who may read instances.\n')
  expect((await asTenant('why', 'instance/x')).code).toBe(4)
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  await hub.ok(['annotate', 'claim', 'good', '-n', 'shop', `larder.dev/traceparent=00-${traceId}-b7ad6b7169203331-01`])
  expect((await asTenant('timeline', 'claim/good', '-v')).stdout).toContain(`\nTrace     ${traceId}\n`)
  expect((await asTenant('timeline', 'claim/good')).stdout).not.toContain(traceId)
})

test('trace -w shows the tree again when something in it changes, not for every touch', async () => {
  const watching = spawn(process.execPath, [LARDER, 'trace', 'claim/lost', '-n', 'shop', '-w', '--data', hub.dir])
  let seen = ''
  watching.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  const ended = new Promise((resolve) => watching.on('close', resolve))
  const trees = () => seen.match(/^NAME/gm)?.length ?? 0
  await eventually('the tree', () => trees() === 1 || undefined)
  await hub.ok(['label', 'claim', 'lost', '-n', 'shop', 'a=b'])
  await hub.ok(['apply', '-f', '-'], {
    stdin:
      '{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: nowhere}, spec: {type: none, backendRef: {name: nothing}}}',
  })
  await eventually('the claim to be Ready', () => /Claim\/lost \(shop\) +True[^]*Secret\/lost/.test(seen) || undefined)
  expect(seen.match(/└─ Class\/nowhere +- +- +does not exist/g)).toHaveLength(1)
  watching.kill('SIGINT')
  expect(await ended).toBe(130)
})
