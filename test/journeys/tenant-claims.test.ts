/**
 * What a claim may be used for to find out about others: nothing. Whoever claims something of another namespace, by its name, from a pool
 * or by a class that is not for them, is told the same whether it exists or not: in status, in events, in what the CLI says.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'

const PASSWORD = 'correct-horse-battery'
const LABEL = 'offer: blue-caches'

let hub: Hub

beforeAll(async () => {
  hub = await newHub()
  await hub.start()
  for (const namespace of ['red', 'blue']) await hub.ok(['create', 'namespace', namespace])
  await apply(`
apiVersion: v1
kind: Secret
metadata: {name: vault, namespace: blue, labels: {${LABEL}}}
stringData: {password: ${PASSWORD}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: secrets-may-be-claimed, labels: {servicebinding.io/controller: "true"}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]
---
apiVersion: larder.dev/v1alpha1
kind: Class
metadata: {name: caches}
spec:
  type: redis
  description: Caches by hand
  backendRef: {name: pool}
  recipe: {apiVersion: v1, kind: Secret, selector: {matchLabels: {${LABEL}}}}
  reclaimPolicy: Release
---
apiVersion: larder.dev/v1alpha1
kind: Class
metadata: {name: hidden}
spec: {type: redis, description: For blue alone, backendRef: {name: pool}, reclaimPolicy: Release, consumers: {namespaces: [blue]}, recipe: {apiVersion: v1, kind: Secret}}
---
apiVersion: larder.dev/v1alpha1
kind: Claim
metadata: {name: theirs, namespace: blue}
spec: {className: redis}
`)
  await hub.ok(['wait', '--for=condition=Ready', 'claim/theirs', '-n', 'blue', '--timeout=60s'])
})
afterAll(() => hub.remove())

async function apply(manifest: string): Promise<void> {
  const file = join(hub.dir, '..', 'manifest.yaml')
  writeFileSync(file, manifest)
  await hub.ok(['apply', '-f', file])
}

/** All that the tenant can read of a claim that cannot be had, with the name of what it asks for taken out. */
async function told(claim: string, spec: string, asked: string): Promise<string> {
  await apply(`
apiVersion: larder.dev/v1alpha1
kind: Claim
metadata: {name: ${claim}, namespace: red}
spec: ${spec}
`)
  await hub.ok(['wait', '--for=condition=Ready=False', `claim/${claim}`, '-n', 'red', '--timeout=30s'])
  const status = await hub.ok(['get', 'claim', claim, '-n', 'red', '-o', 'jsonpath={.status}'])
  const events = await hub.ok([
    'get',
    'events',
    '-n',
    'red',
    '-o',
    'jsonpath={range .items[*]}{.involvedObject.name} {.reason} {.note}{.message}{"\\n"}{end}',
  ])
  const ofClaim = events
    .split('\n')
    .filter((line) => line.startsWith(`${claim} `))
    .sort()
  const text = [status.replaceAll(/"lastTransitionTime":"[^"]*"/g, ''), ...new Set(ofClaim)].join('\n')
  expect(text).not.toContain(PASSWORD)
  return text.replaceAll(asked, 'ASKED').replaceAll(claim, 'CLAIM')
}

const secret = (namespace: string, name: string) =>
  `{resourceRef: {apiVersion: v1, kind: Secret, namespace: ${namespace}, name: ${name}}}`
const instance = (name: string) => `{instanceRef: {namespace: larder-instances, name: ${name}}}`

describe('a claim of another namespace’s', () => {
  test('Secret says the same whether it is there or not', async () => {
    const there = await told('by-name-1', secret('blue', 'vault'), 'vault')
    expect(there).toBe(await told('by-name-2', secret('blue', 'nothing'), 'nothing'))
    expect(there).toContain('"reason":')
  })

  test('namespace says the same whether that is there or not', async () => {
    expect(await told('by-place-1', secret('blue', 'vault'), 'blue')).toBe(
      await told('by-place-2', secret('void', 'vault'), 'void'),
    )
  })

  test('class says the same whether that is there or not', async () => {
    const there = await told('by-class-1', '{className: hidden}', 'hidden')
    expect(there).toBe(await told('by-class-2', '{className: nothing}', 'nothing'))
  })

  test('instance says the same whether it is there or not', async () => {
    const uid = await hub.ok(['get', 'claim', 'theirs', '-n', 'blue', '-o', 'jsonpath={.metadata.uid}'])
    const there = await told('by-instance-1', instance(`c-${uid}`), `c-${uid}`)
    expect(there).toBe(await told('by-instance-2', instance('c-nothing'), 'c-nothing'))
  })

  test('pool names no member, and not how many there are', async () => {
    const some = await told('from-pool-1', '{className: caches}', 'caches')
    await hub.ok(['delete', 'secret', 'vault', '-n', 'blue'])
    expect(some).toBe(await told('from-pool-2', '{className: caches}', 'caches'))
    expect(some).not.toMatch(/blue|vault/)
  })
})

describe('trouble of a backend', () => {
  const names = /top-secret|kube-system|hidden-account/

  test.each([
    [
      'whose Secret is missing',
      'credentialsRef: {namespace: kube-system, name: top-secret-thing}',
      'CredentialsNotFound',
    ],
    ['whose account may nothing', 'serviceAccountRef: {namespace: kube-system, name: hidden-account}', 'BackendDenied'],
  ])('%s is told by its reason, and names nothing of the platform', async (_, account, reason) => {
    const name = reason.toLowerCase()
    await apply(`
apiVersion: larder.dev/v1alpha1
kind: Backend
metadata: {name: ${name}}
spec: {driver: pool, ${account}}
---
apiVersion: larder.dev/v1alpha1
kind: Class
metadata: {name: ${name}}
spec: {type: redis, description: In trouble, backendRef: {name: ${name}}, reclaimPolicy: Release, recipe: {apiVersion: v1, kind: Secret, selector: {matchLabels: {${LABEL}}}}}
`)
    await hub.ok(['wait', '--for=condition=Ready=False', `class/${name}`, '--timeout=30s'])
    const claim = await told(`on-${name}`, `{className: ${name}}`, 'nothing')
    expect(claim).toContain(`"reason":"${reason}"`)
    expect(claim).not.toMatch(names)
    expect(await hub.ok(['get', 'class', name, '-o', 'jsonpath={.status}'])).not.toMatch(names)
    const events = await hub.ok(['get', 'events', '-A', '-o', 'json'])
    const all = (JSON.parse(events) as { items: readonly { readonly involvedObject: { readonly kind: string } }[] })
      .items
    expect(JSON.stringify(all.filter(({ involvedObject: { kind } }) => kind !== 'Backend'))).not.toMatch(names)
    // Whoever may read the Backend finds there what it is.
    expect(await hub.ok(['get', 'backend', name, '-o', 'yaml'])).toMatch(names)
  })
})
