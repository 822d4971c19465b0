/** What exists already, claimed with stock kubectl and the manifests of the contract as they stand. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'

const CACHES = `
apiVersion: larder.dev/v1alpha1
kind: Class                        # a pool of Secrets that exist
metadata: {name: caches}
spec:
  type: redis
  description: Caches by hand
  backendRef: {name: pool}         # Backend \`pool\` is a sample
  recipe: {apiVersion: v1, kind: Secret, selector: {matchLabels: {offer: caches}}}
  reclaimPolicy: Release
`

const THEIRS = `
apiVersion: larder.dev/v1alpha1
kind: Claim
metadata: {name: theirs, namespace: shop}
spec: {resourceRef: {apiVersion: v1, kind: Secret, namespace: services, name: creds}}
`

const POLICY = `
apiVersion: larder.dev/v1alpha1
kind: ClaimPolicy
metadata: {name: shop-may, namespace: services}
spec:
  consumers: {namespaces: [shop]}
  subjects: [{kind: Secret, selector: {matchLabels: {offer: caches}}}]
`

const CACHE = `
apiVersion: larder.dev/v1alpha1
kind: Claim
metadata: {name: pooled, namespace: shop}
spec: {className: caches}
`

const RIGHT = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: secrets-for-claims, labels: {servicebinding.io/controller: "true"}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]
`

describe('a pool of Secrets', () => {
  let hub: Hub
  const apply = (manifest: string) => hub.ok(['apply', '-f', '-'], { stdin: manifest })
  const ready = (claim: string) =>
    hub.ok(['wait', '--for=condition=Ready', `claim/${claim}`, '-n', 'shop', '--timeout=30s'])
  const read = (claim: string, path: string) =>
    hub.ok(['get', 'claim', claim, '-n', 'shop', '-o', `jsonpath={${path}}`])
  const password = async (secret: string) => {
    const text = await hub.ok(['get', 'secret', secret, '-n', 'shop', '-o', 'jsonpath={.data.password}'])
    return Buffer.from(text, 'base64').toString()
  }
  const because = (claim: string, reason: string) =>
    eventually(
      `${claim} to say ${reason}`,
      async () => (await read(claim, '.status.cause.reason')) === reason || undefined,
    )

  beforeAll(async () => {
    hub = await newHub()
    await hub.start('--wait')
    for (const namespace of ['shop', 'services']) await hub.ok(['create', 'namespace', namespace])
    await hub.ok(['create', 'secret', 'generic', 'spare', '-n', 'services', '--from-literal=password=one'])
    await hub.ok(['label', 'secret', 'spare', '-n', 'services', 'offer=caches'])
  })
  afterAll(() => hub.remove())

  test('waits for a policy, holds a member, follows a rotation, gives it back', async () => {
    await apply(CACHES)
    await apply(CACHE)
    await because('pooled', 'PoolEmpty')
    expect(await hub.ok(['get', 'claim', 'pooled', '-n', 'shop', '-o', 'yaml'])).not.toContain('services')

    await apply(POLICY)
    await ready('pooled')
    expect(await read('pooled', '.status.binding.name')).toBe('pooled')
    expect(await password('pooled')).toBe('one')
    expect(await hub.ok(['get', 'secret', 'pooled', '-n', 'shop', '-o', 'jsonpath={.type}'])).toBe('Opaque')

    const rotated = JSON.stringify({ stringData: { password: 'two' } })
    await hub.ok(['patch', 'secret', 'spare', '-n', 'services', '--type=merge', '-p', rotated])
    await eventually('the rotated password', async () => (await password('pooled')) === 'two' || undefined, 5000)

    await hub.ok(['delete', 'claimpolicy', 'shop-may', '-n', 'services'])
    await because('pooled', 'NotPermitted')
    await apply(POLICY)
    await ready('pooled')

    await hub.ok(['delete', 'claim', 'pooled', '-n', 'shop'])
    expect((await hub.kubectl(['get', 'secret', 'pooled', '-n', 'shop'])).stderr).toContain('NotFound')
    expect(await hub.ok(['get', 'secret', 'spare', '-n', 'services', '-o', 'name'])).toBe('secret/spare\n')
    await eventually(
      'the hold to end',
      async () => (await hub.ok(['get', 'instances', '-A', '-o', 'name'])) === '' || undefined,
    )
  })

  test('a claim by resource needs a right and a policy, and heals with each', async () => {
    await apply(POLICY)
    await hub.ok(['create', 'secret', 'generic', 'creds', '-n', 'services', '--from-literal=password=three'])
    await apply(THEIRS)
    await because('theirs', 'BackendDenied')
    await apply(RIGHT)
    await because('theirs', 'NotPermitted')
    expect(await read('theirs', '.status.cause.message')).toBe(
      'no ClaimPolicy lets namespace shop claim Secret services/creds',
    )
    await hub.ok(['label', 'secret', 'creds', '-n', 'services', 'offer=caches'])
    await ready('theirs')
    expect(await password('theirs')).toBe('three')
  })
})
