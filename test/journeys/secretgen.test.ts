/** Companion secretgen, as stock kubectl and a member of the team meet it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { tenantKubeconfig } from '../testing/tenant.ts'

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples')
})
afterAll(() => hub.remove())

const MANIFESTS = `
apiVersion: secretgen.k14s.io/v1alpha1
kind: Password
metadata: {name: redis-writer-creds}
spec:
  length: 128
  secretTemplate: {type: Opaque, stringData: {password: $(value)}}
---
apiVersion: secretgen.carvel.dev/v1alpha1
kind: SecretTemplate
metadata: {name: redis-writer-creds-bindable}
spec:
  inputResources:
    - {name: creds, ref: {apiVersion: v1, kind: Secret, name: redis-writer-creds}}
  template:
    type: servicebinding.io/redis
    stringData: {type: redis, username: writer}
    data: {password: $(.creds.data.password)}
`
const table = (text: string) => text.replaceAll(/ {2,}/g, '  ').replaceAll(/ {2}\d+m?s$/gm, '  AGE')

test('rows 63, 69 and 70: applied, waited for, listed in both groups with its description, and deleted in the other', async () => {
  await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })
  await hub.ok([
    'wait',
    '--for=condition=ReconcileSucceeded=True',
    'secrettemplate/redis-writer-creds-bindable',
    '--timeout=20s',
  ])
  const columns = 'NAME  DESCRIPTION  AGE\n'
  expect(table(await hub.ok(['get', 'secrettemplate']))).toBe(
    `${columns}redis-writer-creds-bindable  Reconcile succeeded  AGE\n`,
  )
  for (const group of ['secretgen.k14s.io', 'secretgen.carvel.dev']) {
    await hub.ok([
      'wait',
      '--for=condition=ReconcileSucceeded=True',
      `password.${group}/redis-writer-creds`,
      '--timeout=20s',
    ])
    expect(table(await hub.ok(['get', `passwords.${group}`]))).toBe(
      `${columns}redis-writer-creds  Reconcile succeeded  AGE\n`,
    )
  }
  const password = await hub.ok(['get', 'secret', 'redis-writer-creds', '-o', 'jsonpath={.data.password}'])
  expect(Buffer.from(password, 'base64')).toHaveLength(128)
  expect(await hub.ok(['get', 'secret', 'redis-writer-creds-bindable', '-o', 'jsonpath={.data.password}'])).toBe(
    password,
  )

  // What is applied again is unchanged: nothing of ours stands in the way of whoever owns the manifest.
  expect(await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })).toMatch(/^(?:\S+ unchanged\n){2}$/)

  await hub.ok(['delete', 'password.secretgen.carvel.dev', 'redis-writer-creds', '--timeout=20s'])
  await hub.ok(['wait', '--for=delete', 'password.secretgen.k14s.io/redis-writer-creds', '--timeout=20s'])
  await hub.ok(['wait', '--for=delete', 'secret/redis-writer-creds', '--timeout=20s'])
  const { status } = JSON.parse(
    await hub.ok(['get', 'secrettemplate', 'redis-writer-creds-bindable', '-o', 'json']),
  ) as {
    status: { conditions: readonly object[] }
  }
  expect(status.conditions).toHaveLength(1)
  await hub.ok(['get', 'secret', 'redis-writer-creds-bindable'])
  expect(hub.log()).not.toContain(Buffer.from(password, 'base64').toString())
})

test('explain knows the fields, and a field that is none is refused by name', async () => {
  expect(await hub.ok(['explain', 'secrettemplate.spec.inputResources.ref'])).toContain(
    'apiVersion\t<string> -required-',
  )
  const { code, stderr } = await hub.kubectl(['apply', '-f', '-'], { stdin: MANIFESTS.replace('length:', 'size:') })
  expect(code).toBe(1)
  expect(stderr).toContain('unknown field "spec.size"')
})

test('who may edit in a namespace makes passwords there; who may view only sees them', async () => {
  await hub.ok(['create', 'namespace', 'shop'])
  const [editor, viewer] = [await tenantKubeconfig(hub, 'shop', 'edit'), await tenantKubeconfig(hub, 'shop', 'view')]
  const as = (kubeconfig: string, ...args: readonly string[]) =>
    hub.kubectl(['--kubeconfig', kubeconfig, '-n', 'shop', ...args], { stdin: MANIFESTS })
  expect((await as(viewer, 'apply', '-f', '-')).stderr).toContain('cannot create resource "passwords"')
  expect((await as(editor, 'apply', '-f', '-')).code).toBe(0)
  expect(await as(viewer, 'get', 'passwords.secretgen.carvel.dev,secrettemplates')).toMatchObject({ code: 0 })
  expect((await as(editor, 'get', 'passwords.secretgen.k14s.io', '-n', 'default')).stderr).toContain('Forbidden')
})
