/** A hub on a cluster as its platform team gets it there: printed, applied with stock kubectl, and run with the token of its account alone. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHubProcess } from '../testing/cluster-hub.ts'
import { newHub, type Hub } from '../testing/hub.ts'
import { LARDER, must, run } from '../testing/processes.ts'

let api: Hub
const file = (name: string) => join(api.dir, '..', `${name}.kubeconfig`)

beforeAll(async () => {
  api = await newHub()
  await must('larder up', api.larder('up', '--api-only', '--detach', '--port', '0', '--api-port', '0'))
})
afterAll(async () => {
  await api.larder('down')
  await api.remove()
})

/** A kubeconfig with nothing but the token of that ServiceAccount. */
async function tokenOf(namespace: string, account: string): Promise<string> {
  const token = (await api.ok(['create', 'token', account, '-n', namespace])).trim()
  const config = JSON.parse(await api.ok(['config', 'view', '--raw', '-o', 'json'])) as { users: { name: string }[] }
  const users = config.users.map(({ name }) => ({ name, user: { token } }))
  writeFileSync(file(account), JSON.stringify({ ...config, users }), { mode: 0o600 })
  return file(account)
}

const larder = (...args: readonly string[]) => run(process.execPath, [LARDER, ...args], { cwd: join(api.dir, '..') })

describe('on a bare cluster', () => {
  test('whoever may not install is told everything that is missing, and how it comes', async () => {
    const kubeconfig = await tokenOf('default', 'default')
    const { code, stderr } = await larder('hub', '--kubeconfig', kubeconfig)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: the cluster at https:\/\/127\.0\.0\.1:\d+ lacks what a hub needs$/m)
    for (const kind of ['backends', 'classes', 'instances', 'claims', 'claimpolicies'])
      expect(stderr).toContain(`CustomResourceDefinition ${kind}.larder.dev`)
    expect(stderr).toContain(
      'for system:serviceaccount:default:default the right to update leases.coordination.k8s.io in larder-system',
    )
    expect(stderr).toContain('larder install --export | kubectl apply --server-side -f -')
    expect(await larder('install', '--kubeconfig', kubeconfig)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('system:serviceaccount:default:default may not install a hub') as string,
    })
  })

  test('what is printed is all that it needs: applied by kubectl, it runs with the token of its account', async () => {
    const printed = await must('larder install --export', larder('install', '--export'))
    await api.ok(['apply', '--server-side', '-f', '-'], { stdin: printed })
    const again = await api.ok(['apply', '--server-side', '-f', '-'], { stdin: printed })
    expect(again.split('\n').filter((line) => line !== '' && !line.endsWith('serverside-applied'))).toEqual([])
    expect(
      await api.ok(['get', 'deployment', 'larder-hub', '-n', 'larder-system', '-o', 'jsonpath={.spec.replicas}']),
    ).toBe('2')

    const hub = await startHubProcess(await tokenOf('larder-system', 'larder'), ['--data', api.dir])
    try {
      await claimNothing()
      expect(hub.log()).toContain('"user":"system:serviceaccount:larder-system:larder"')
      expect(hub.log()).not.toContain('forbidden')
    } finally {
      await hub.end('SIGTERM')
    }
  })

  test('samples take an administrator', async () => {
    const { code, stderr } = await larder('hub', '--kubeconfig', file('larder'), '--samples')
    expect([code, stderr]).toEqual([4, expect.stringContaining('larder install --samples')])
    const { stdout } = await larder('install', '--samples', '--kubeconfig', api.kubeconfig)
    expect(stdout).toMatch(/^installed into https:/)
    expect(await api.ok(['get', 'classes', '-o', 'name'])).toContain('class.larder.dev/redis')
  })
})

async function claimNothing(): Promise<void> {
  const manifests = [
    { kind: 'Backend', metadata: { name: 'nothing' }, spec: { driver: 'noop' } },
    {
      kind: 'Class',
      metadata: { name: 'nothing' },
      spec: { type: 'none', description: 'nothing', backendRef: { name: 'nothing' } },
    },
    { kind: 'Claim', metadata: { name: 'a', namespace: 'default' }, spec: { className: 'nothing' } },
  ]
  const stdin = manifests.map((one) => JSON.stringify({ apiVersion: 'larder.dev/v1alpha1', ...one })).join('\n---\n')
  await api.ok(['apply', '-f', '-'], { stdin })
  await api.ok(['wait', '--for=condition=Ready', 'claim/a', '--timeout=30s'])
  await api.ok(['delete', 'claim', 'a', '--timeout=30s'])
}
