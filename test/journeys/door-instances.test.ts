/** Objects that are one resource each: the commands that explain Larder's own find the Instance that a door made of them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { run } from '../testing/processes.ts'
import { tenantKubeconfig } from '../testing/tenant.ts'

let hub: Hub
let tenant: string
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples', '--doors', 'none')
  await hub.ok(['create', 'namespace', 'shop'])
  await hub.ok(['create', 'configmap', 'jar', '-n', 'shop'])
  await hub.ok(['create', 'configmap', 'bare', '-n', 'shop'])
  const uid = await hub.ok(['get', 'configmap', 'jar', '-n', 'shop', '-o', 'jsonpath={.metadata.uid}'])
  const origin = { door: 'jars', apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'jar', uid }
  const manifests = [
    { kind: 'Backend', metadata: { name: 'nothing' }, spec: { driver: 'noop', consumers: { selector: {} } } },
    {
      kind: 'Instance',
      metadata: { name: 'd-jar', namespace: 'larder-instances' },
      spec: { backendRef: { name: 'nothing' }, type: 'jar', origin },
    },
  ].map((each) => JSON.stringify({ apiVersion: 'larder.dev/v1alpha1', ...each }))
  await hub.ok(['apply', '-f', '-'], { stdin: manifests.join('\n---\n') })
  await hub.ok(['wait', '--for=condition=Ready', 'lin/d-jar', '-n', 'larder-instances', '--timeout=20s'])
  tenant = await tenantKubeconfig(hub, 'shop', 'edit')
})
afterAll(() => hub.remove())

const ofJar = (command: string) => hub.larder(command, 'configmap/jar', '-n', 'shop')

test('why, trace and timeline tell of it', async () => {
  expect((await ofJar('why')).stdout).toMatch(/^instance larder-instances\/d-jar is Ready /)
  expect((await ofJar('trace')).stdout).toContain('└─ Backend/nothing')
  expect((await ofJar('timeline')).stdout).toMatch(/ create /)
})

test('of what no door made anything nothing is told, nor of a kind that nobody serves', async () => {
  const bare = await hub.larder('why', 'configmap/bare', '-n', 'shop')
  expect(bare).toMatchObject({ code: 3, stdout: '' })
  expect(bare.stderr).toContain('nothing of Larder stands for configmap/bare')
  expect(await hub.larder('why', 'configmap/absent', '-n', 'shop')).toMatchObject({ code: 3, stdout: '' })
  expect(await hub.larder('why', 'gizmo/jar')).toMatchObject({ code: 3, stdout: '' })
})

test('a tenant is told that it is not for them, whether or not there is one', async () => {
  for (const name of ['jar', 'bare']) {
    const told = await run(process.execPath, [LARDER, 'why', `cm/${name}`, '-n', 'shop', '--kubeconfig', tenant])
    expect(told).toMatchObject({ code: 4, stdout: '' })
    expect(told.stderr).toContain(`what stands for cm/${name} is for those who may read instances`)
  }
})
