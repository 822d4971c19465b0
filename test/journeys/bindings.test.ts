/** Bindings as people meet them: by `larder bind` and kubectl, over a hub that is killed on the way, and beside an API that only stores. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hubKind, LARDER, newHub, type Hub } from '../testing/hub.ts'
import { eventually, must } from '../testing/processes.ts'

const DOORS = ['--doors', 'service-binding,services-toolkit']
const secret = (password: string, name = 'creds') => `
apiVersion: v1
kind: Secret
metadata: {name: ${name}, namespace: services}
stringData: {type: redis, password: ${password}}
`
const MANIFESTS = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: services}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: secrets-for-claims, labels: {servicebinding.io/controller: "true"}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]
---
apiVersion: larder.dev/v1alpha1
kind: ClaimPolicy
metadata: {name: open, namespace: services}
spec: {consumers: {namespaces: [shop]}, subjects: [{kind: Secret}]}
---
${secret('first')}
---
apiVersion: larder.dev/v1alpha1
kind: Claim
metadata: {name: cache, namespace: shop}
spec: {resourceRef: {apiVersion: v1, kind: Secret, name: creds, namespace: services}}
---
${secret('first', 'other')}
---
apiVersion: services.apps.tanzu.vmware.com/v1alpha1
kind: ResourceClaimPolicy
metadata: {name: open, namespace: services}
spec: {consumingNamespaces: [shop], subject: {kind: Secret, group: "", resourceNames: [other]}}
---
apiVersion: services.apps.tanzu.vmware.com/v1alpha1
kind: ResourceClaim
metadata: {name: writer, namespace: shop}
spec: {ref: {apiVersion: v1, kind: Secret, name: other, namespace: services}}
`
const deployment = (name: string, image = 'app') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop, labels: {tier: ${name}}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: app, image: ${image}}]}}
`

let hub: Hub
let folder: string
/** A test that failed must leave nothing running. */
const running = new Set<ChildProcess>()
beforeAll(async () => {
  hub = await newHub()
  await start()
  folder = mkdtempSync(join(tmpdir(), 'larder-bindings-test-'))
  await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })
  await hub.ok(['wait', '-n', 'shop', 'claim/cache', '--for=condition=Ready', '--timeout=30s'])
  const claimed = 'resourceclaims.services.apps.tanzu.vmware.com/writer'
  await hub.ok(['wait', '-n', 'shop', claimed, '--for=condition=Ready', '--timeout=30s'])
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await hub.remove()
  rmSync(folder, { recursive: true })
})

const bind = (to: string, ...flags: string[]) =>
  must('larder bind', hub.larder('bind', 'cache', '--to', to, '-n', 'shop', ...flags))
const start = () => hub.start('--no-samples', ...DOORS)
interface Shown {
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string }
}
const shown = async (what: string) => {
  const text = await hub.ok(['get', what, '-n', 'shop', '-o', 'json', '--ignore-not-found'])
  return text === '' ? undefined : { text, ...(JSON.parse(text) as Shown) }
}

/** Says when the file has changed, and what it says now. */
const PROGRAM = `
const { readFileSync } = require('node:fs')
const file = process.env.SERVICE_BINDING_ROOT + '/cache/password'
let last
setInterval(() => { const now = readFileSync(file, 'utf8'); if (now !== last) { last = now; console.log(Date.now() + ' ' + now) } }, 5)
`

test.each([
  ['a Claim', 'cache', 'creds', 'cache'],
  ['a ResourceClaim', 'cache=ResourceClaim/writer', 'other', 'other'],
])(
  'a rotation at the source of %s is in the copy and in the files of `larder run` within a second',
  async (_, claim, source, copy) => {
    const program = join(folder, 'program.cjs')
    writeFileSync(program, PROGRAM)
    const at = hubKind() === 'embedded' ? ['--data', hub.dir] : ['--kubeconfig', hub.kubeconfig]
    const words = ['run', '-n', 'shop', ...at, '--claim', claim, '--', process.execPath, program]
    const child = spawn(process.execPath, [LARDER, ...words])
    running.add(child)
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const saysAt = (password: string) =>
      eventually(`the file to say ${password}`, () => new RegExp(`^(\\d+) ${password}$`, 'm').exec(said)?.[1])
    await saysAt('first')
    const delaysMs: number[] = []
    for (const password of ['second', 'third', 'fourth', 'fifth', 'sixth']) {
      await hub.ok(['apply', '-f', '-'], { stdin: secret(password, source) })
      const rotatedAt = Date.now()
      delaysMs.push(Number(await saysAt(password)) - rotatedAt)
      const copied = await hub.ok(['get', 'secret', copy, '-n', 'shop', '-o', 'jsonpath={.data.password}'])
      expect(Buffer.from(copied, 'base64').toString()).toBe(password)
    }
    // Some may meet a pause of a busy machine.
    expect(Math.min(...delaysMs)).toBeLessThan(1000)
    child.kill('SIGTERM')
  },
)

test('a workload that comes after its binding has it at once', async () => {
  await bind('deployment/late')
  await eventually('its service to be seen', async () =>
    (await shown('servicebinding'))?.text.includes('ResolvedBindingSecret') ? true : undefined,
  )
  const created = await hub.ok(['create', '-f', '-', '-o', 'json'], { stdin: deployment('late') })
  // A cluster's API does not ask the hub: there it is an update.
  if (hubKind() === 'embedded') expect(created).toContain('/bindings/cache')
  await eventually('the workload to be bound', async () =>
    (await shown('deployment/late'))?.text.includes('/bindings/cache') ? true : undefined,
  )
  expect((await shown('deployment/late'))?.metadata.generation).toBe(hubKind() === 'embedded' ? 1 : 2)
})

/** Kills the hub once that is so, and starts another. */
async function killedWhen(is: () => Promise<boolean> | boolean): Promise<void> {
  await eventually('the moment to kill', async () => (await is()) || undefined)
  await hub.kill()
  await start()
}
const has = (what: string, text: string) => async () => (await shown(what))?.text.includes(text) ?? false

describe.each([
  ['as soon as it is there', () => true],
  ['when the workload is projected', has('deployment/app', '/bindings/cache')],
])('a hub that is killed %s', (_, isTheMoment) => {
  test('leaves a binding that the next brings to its end, and takes back without a trace', async () => {
    await hub.ok(['apply', '-f', '-'], { stdin: deployment('app') })
    await bind('deployment/app')
    await killedWhen(isTheMoment)
    await hub.ok(['wait', '-n', 'shop', 'servicebinding/app-cache', '--for=condition=Ready', '--timeout=30s'])
    expect((await shown('deployment/app'))?.text.split('/bindings/cache')).toHaveLength(2)
    await hub.ok(['delete', 'servicebinding/app-cache', '-n', 'shop', '--wait=false'])
    await killedWhen(() => true)
    await eventually('the binding to go', async () => ((await shown('servicebinding/app-cache')) ? undefined : true))
    const left = await shown('deployment/app')
    expect(left?.text).not.toMatch(/servicebinding-|projector\.|\/bindings\/cache/)
    await hub.ok(['delete', 'deployment/app', '-n', 'shop'])
  })
})
