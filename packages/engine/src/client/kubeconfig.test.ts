import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { inCluster, KubeconfigError, loadKubeconfig } from './kubeconfig.ts'

const dir = mkdtempSync(join(tmpdir(), 'larder-kubeconfig-'))
afterAll(() => rmSync(dir, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

const main = file(
  'main',
  `apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c1
  cluster: {server: "https://127.0.0.1:1", certificate-authority: ca.pem, tls-server-name: kubernetes}
users:
- name: u1
  user: {client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')}}
- name: plugin
  user: {exec: {command: aws, apiVersion: client.authentication.k8s.io/v1}}
contexts:
- {name: one, context: {cluster: c1, user: u1, namespace: team}}
- {name: broken, context: {cluster: nowhere, user: u1}}
- {name: plugged, context: {cluster: c1, user: plugin}}
`,
)
const other = file(
  'other',
  `current-context: two
clusters:
- {name: c1, cluster: {server: "https://shadowed"}}
- {name: c2, cluster: {server: "https://127.0.0.1:2", insecure-skip-tls-verify: true}}
users:
- {name: u2, user: {tokenFile: token}}
contexts:
- {name: two, context: {cluster: c2, user: u2}}
`,
)
file('ca.pem', 'CA')
file('token', 'secret-token\n')

describe('kubeconfig', () => {
  test('certificates come from data and from files beside the kubeconfig', async () => {
    const loaded = await loadKubeconfig({ path: main })
    expect(loaded).toMatchObject({
      context: 'one',
      namespace: 'team',
      url: 'https://127.0.0.1:1',
      serverName: 'kubernetes',
      insecureSkipTlsVerify: false,
    })
    expect([loaded.ca, loaded.cert, loaded.key].map(String)).toEqual(['CA', 'CERT', 'KEY'])
  })

  test('of several files the first to name an entry wins', async () => {
    const env = { KUBECONFIG: `${main}:${join(dir, 'absent')}:${other}` }
    expect((await loadKubeconfig({ env })).url).toBe('https://127.0.0.1:1')
    const two = await loadKubeconfig({ env, context: 'two' })
    expect(two).toMatchObject({ url: 'https://127.0.0.1:2', insecureSkipTlsVerify: true, namespace: 'default' })
    expect((two.token as () => string)()).toBe('secret-token')
  })

  test.each([
    [
      'a context that is not there',
      { context: 'three' },
      `${main}: no context "three"; there are: one, broken, plugged`,
    ],
    ['a cluster that is not there', { context: 'broken' }, `${main}: no cluster "nowhere"; there are: c1`],
    [
      'a credential plugin',
      { context: 'plugged' },
      `${main}: user plugin uses exec, which is not supported; give it a client certificate, a token or a tokenFile`,
    ],
  ])('%s is named', async (_, options, message) => {
    await expect(loadKubeconfig({ path: main, ...options })).rejects.toThrow(new KubeconfigError(message))
  })

  test('a file that is no YAML is named, and not quoted', async () => {
    const path = file('broken', 'users:\n- name: [\n  client-key-data: SECRETKEY\n')
    const error = await loadKubeconfig({ path }).catch((e: unknown) => e as Error)
    expect(String(error)).toContain(`${path} cannot be read as YAML`)
    expect(String(error)).not.toContain('SECRETKEY')
  })

  test('in a pod the ServiceAccount of the pod is used', () => {
    file('ca.crt', 'CA')
    file('namespace', 'larder-system\n')
    const loaded = inCluster({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }, dir)
    expect(loaded).toMatchObject({ url: 'https://[fd00::1]:6443', namespace: 'larder-system' })
    expect((loaded.token as () => string)()).toBe('secret-token')
  })

  test('nothing anywhere says where was looked', async () => {
    await expect(loadKubeconfig({ env: { HOME: '/nonexistent' } })).rejects.toThrow(
      'no kubeconfig at /nonexistent/.kube/config; name one with KUBECONFIG',
    )
  })
})
