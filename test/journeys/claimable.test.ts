/** What may this namespace claim? Asked by tenants, with stock kubectl and with our own command. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'
import { tenantKubeconfig } from '../testing/tenant.ts'

const secret = (name: string) =>
  `{apiVersion: v1, kind: Secret, metadata: {name: ${name}, namespace: services, labels: {offer: caches}}, stringData: {type: redis, password: s3cret}}`
const MANIFESTS = [
  ...['shop', 'bakery', 'services'].map((name) => `{apiVersion: v1, kind: Namespace, metadata: {name: ${name}}}`),
  secret('cache-a'),
  secret('cache-b'),
  '{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: caches}, spec: {type: redis, description: By hand, backendRef: {name: pool}, recipe: {apiVersion: v1, kind: Secret, selector: {matchLabels: {offer: caches}}}, reclaimPolicy: Release}}',
  '{apiVersion: v1, kind: Secret, metadata: {name: ours, namespace: shop, labels: {offer: shared}}, stringData: {type: redis}}',
  '{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: together}, spec: {type: redis, backendRef: {name: pool}, recipe: {apiVersion: v1, kind: Secret, selector: {matchLabels: {offer: shared}}}, reclaimPolicy: Release, sharing: Shared}}',
  '{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: hidden}, spec: {type: none, backendRef: {name: local}, consumers: {namespaces: [bakery]}}}',
  '{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: broken}, spec: {type: none, backendRef: {name: gone}}}',
  '{apiVersion: larder.dev/v1alpha1, kind: ClaimPolicy, metadata: {name: shop-may, namespace: services}, spec: {consumers: {namespaces: [shop]}, subjects: [{kind: Secret, selector: {matchLabels: {offer: caches}}}]}}',
].join('\n---\n')

interface Answer {
  readonly status: {
    readonly classes: readonly {
      readonly name: string
      readonly claimable: boolean
      readonly free?: number
      readonly reason?: string
    }[]
    readonly resources: readonly { readonly name: string; readonly className?: string }[]
    readonly missing?: readonly string[]
  }
}

let hub: Hub
const kubeconfigs: Record<string, string> = {}
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--wait')
  await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })
  for (const namespace of ['shop', 'bakery']) kubeconfigs[namespace] = await tenantKubeconfig(hub, namespace, 'view')
  await eventually('the classes to be looked at', async () => {
    const { classes } = await ask('shop')
    return classes.find(({ name }) => name === 'broken')?.reason === 'BackendNotFound' || undefined
  })
})
afterAll(() => hub.remove())

const question = (namespace: string, spec = {}) =>
  JSON.stringify({ apiVersion: 'query.larder.dev/v1alpha1', kind: 'ClaimableQuery', metadata: { namespace }, spec })
// kubectl asks a server to judge fields only of kinds that can be patched; for others it wants to list CRDs, which no tenant may.
const asTenant = (args: readonly string[], by: string, stdin?: string) =>
  hub.kubectl([...args, '--kubeconfig', kubeconfigs[by]!], stdin === undefined ? {} : { stdin })

async function ask(namespace: string, spec = {}): Promise<Answer['status']> {
  const { code, stdout, stderr } = await asTenant(
    ['create', '--validate=false', '-o', 'json', '-f', '-'],
    namespace,
    question(namespace, spec),
  )
  if (code !== 0) throw new Error(stderr)
  return (JSON.parse(stdout) as Answer).status
}
const byName = ({ classes }: Answer['status']) => Object.fromEntries(classes.map(({ name, ...rest }) => [name, rest]))

test('a tenant sees what its namespace may claim, and how many are free', async () => {
  const classes = byName(await ask('shop'))
  expect(classes).toMatchObject({
    redis: { claimable: true },
    caches: { claimable: true, free: 2 },
    broken: { claimable: false, reason: 'BackendNotFound' },
  })
  expect(classes).not.toHaveProperty('hidden')
  await hub.ok(['apply', '-f', '-'], {
    stdin:
      '{apiVersion: larder.dev/v1alpha1, kind: Claim, metadata: {name: mine, namespace: shop}, spec: {className: caches}}',
  })
  expect(await hub.larder('wait', 'claim/mine', '-n', 'shop')).toMatchObject({ code: 0 })
  const one = await ask('shop', { className: 'caches' })
  expect(one.classes).toMatchObject([{ name: 'caches', free: 1 }])
  expect(one.resources).toMatchObject([{ className: 'caches' }])
})

test('what many may have together is free however many have it', async () => {
  await hub.larder('claim', 'create', 'with-others', '--class', 'together', '-n', 'shop', '--wait')
  expect((await ask('shop', { className: 'together' })).classes).toMatchObject([{ claimable: true, free: 1 }])
})

test('another one is told nothing of what is not for it', async () => {
  const answer = await ask('bakery')
  expect(byName(answer)).toMatchObject({
    hidden: { claimable: expect.any(Boolean) as boolean },
    caches: { claimable: false, free: 0, reason: 'PoolEmpty' },
  })
  expect(answer.resources).toEqual([])
  expect(JSON.stringify(answer)).not.toMatch(/services|shop|cache-|s3cret/)
})

test('objects that a policy opens are named once claims may read them at all', async () => {
  expect((await ask('shop')).missing).toEqual([
    'objects of kind Secret in namespace services cannot be looked at by claims',
  ])
  await hub.ok(['apply', '-f', '-'], {
    stdin:
      '{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: secrets, labels: {servicebinding.io/controller: "true"}}, rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]}',
  })
  await eventually('the role to hold', async () => (await ask('shop')).missing === undefined || undefined)
  await hub.ok(['label', 'secret', 'cache-a', 'cache-b', '-n', 'services', 'extra=yes'])
  const named = (await ask('shop')).resources.map(({ name }) => name)
  expect(named).toEqual([expect.stringMatching(/^cache-/), 'ours'])
})

test('it is asked by whoever may see the claims there, and nothing is stored', async () => {
  expect((await asTenant(['create', '--validate=false', '-f', '-'], 'bakery', question('shop'))).stderr).toContain(
    'cannot create resource "claimablequeries"',
  )
  expect((await hub.kubectl(['get', 'claimablequeries', '-n', 'shop'])).code).not.toBe(0)
  const mistaken = await hub.kubectl(['create', '-f', '-'], { stdin: question('shop', { klass: 'x' }) })
  expect(mistaken.stderr).toMatch(/unknown field "(?:spec\.)?klass"/)
  expect(await hub.ok(['api-resources', '--api-group=query.larder.dev', '--no-headers'])).toMatch(/claimablequeries/)
})

const theirs = async (...words: string[]) =>
  (await hub.larder(...words, '-n', 'shop', '--kubeconfig', kubeconfigs['shop']!)).stdout

test('larder class list and claimable list show a tenant the same', async () => {
  const table = await theirs('class', 'list')
  expect(table).toMatch(/^NAME +TYPE +PLANS +CLAIMABLE +DESCRIPTION\n/)
  expect(table).toMatch(/^caches +redis +- +1 free +By hand$/m)
  expect(table).toMatch(/^redis +redis +small,large +yes +A Redis/m)
  expect(table).toMatch(/^broken +none +- +no: BackendNotFound$/m)
  expect(table).not.toContain('hidden')
  expect(await theirs('class', 'get', 'caches')).toMatch(
    /^class caches\nBy hand\n\nType +redis\nBackend +pool\nClaimable +1 free in namespace shop\n/,
  )
  expect(await theirs('class', 'get', 'redis')).toMatch(
    /\nPlans\n[^]*small +64 MB of data +default\n[^]*\nParameters\n[^]*maxmemoryPolicy/,
  )
  expect(await theirs('claimable', 'list', '--class', 'caches')).toMatch(
    /^NAME +NAMESPACE +KIND +APIVERSION +CLASS\ncache-\w +services +Secret +v1 +caches\n$/,
  )
})
