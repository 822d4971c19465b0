/** Letting another namespace in, and changing a claim, by our own command. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { tenantKubeconfig } from '../testing/tenant.ts'

const MANIFESTS = `
{apiVersion: v1, kind: Namespace, metadata: {name: services}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: red}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: secrets, labels: {servicebinding.io/controller: "true"}}, rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]}
---
{apiVersion: v1, kind: Secret, metadata: {name: creds, namespace: services, labels: {offer: caches}}, stringData: {type: redis, password: s3cret}}
---
{apiVersion: larder.dev/v1alpha1, kind: Backend, metadata: {name: nothing}, spec: {driver: noop}}
---
{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: nothing}, spec: {type: none, backendRef: {name: nothing}, plans: [{name: small, default: true}, {name: fixed, updatable: false}], roles: [{name: writer, default: true}, {name: reader}]}}
`

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples')
  await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })
})
afterAll(() => hub.remove())

const check = (...more: string[]) =>
  hub.larder('policy', 'check', '--to', 'shop', '--subject', 'Secret/creds', '-n', 'services', ...more)

test('a claim waits for its policy, and policy check says why not, and then why', async () => {
  const created = await hub.larder('claim', 'create', 'theirs', '--resource', 'Secret:services/creds', '-n', 'shop')
  expect(created).toMatchObject({ code: 0, stdout: 'claim.larder.dev/theirs created\n' })
  expect(await hub.larder('wait', 'claim/theirs', '-n', 'shop', '--timeout', '20s')).toMatchObject({ code: 5 })
  expect(await check()).toMatchObject({ code: 1, stdout: 'no: there is no ClaimPolicy in namespace services\n' })

  const policy = [
    'policy',
    'create',
    'shop-may',
    '--to',
    'shop',
    '--subject',
    'Secret',
    '-l',
    'offer=caches',
    '-n',
    'services',
  ]
  expect(await hub.larder(...policy)).toMatchObject({ code: 0, stdout: 'claimpolicy.larder.dev/shop-may created\n' })
  expect(await hub.larder('wait', 'claim/theirs', '-n', 'shop', '--timeout', '20s')).toMatchObject({ code: 0 })
  expect(await check()).toMatchObject({
    code: 0,
    stdout: [
      'yes: namespace shop may claim Secret services/creds',
      'POLICY     PERMITS   WHY',
      'shop-may   yes       permits namespace shop to claim Secret creds',
      '',
    ].join('\n'),
  })
  const trace = (await hub.larder('trace', 'claim/theirs', '-n', 'shop')).stdout
  expect(trace).toMatch(/ClaimPolicy\/shop-may \(services\) +True +\w+ +lets shop claim it/)
  expect(trace).toMatch(/Secret\/creds \(services\) +- +\w+ +keys password, type/)
})

const why = async (...args: string[]) =>
  JSON.parse((await hub.larder('policy', 'check', '-n', 'services', '-o', 'json', ...args)).stdout) as {
    may: string
    policies: { why: string }[]
  }

test('how near a policy comes is told', async () => {
  expect(await why('--to', 'bakery', '--subject', 'Secret/creds')).toMatchObject({
    may: 'no',
    policies: [{ why: 'is not for namespace bakery' }],
  })
  expect(await why('--to', 'shop', '--subject', 'Secret/creds', '-l', 'offer=none')).toMatchObject({
    may: 'no',
    policies: [{ why: 'names Secret creds neither by name nor by its labels' }],
  })
  expect(await why('--to', 'services', '--subject', 'Secret/creds')).toMatchObject({ may: 'yes', policies: [] })
})

test('who may not read a Secret is told that its labels decide, not what they are', async () => {
  await hub.ok(['create', 'clusterrole', 'policies', '--verb=get,list,watch', '--resource=claims,claimpolicies'])
  const tenant = await tenantKubeconfig(hub, 'services', 'policies')
  const asked = await hub.larder(
    'policy',
    'check',
    '--to',
    'shop',
    '--subject',
    'Secret/creds',
    '-n',
    'services',
    '--kubeconfig',
    tenant,
  )
  expect(asked.code).toBe(1)
  expect(asked.stdout).toMatch(
    /^unknown: namespace shop may perhaps claim Secret services\/creds\n[^]*say them with -l/,
  )
})

const create = (...args: string[]) => hub.larder('policy', 'create', ...args, '-n', 'services', '-o', 'json')

test('everybody, roles and labels of namespaces', async () => {
  const spec = async (...args: string[]) => (JSON.parse((await create(...args)).stdout) as { spec: object }).spec
  expect(await spec('a', '--to', '*', '--subject', 'Instance/one,two', '--role', 'reader')).toEqual({
    consumers: { selector: {} },
    subjects: [{ group: 'larder.dev', kind: 'Instance', names: ['one', 'two'], roles: ['reader'] }],
  })
  expect(await spec('b', '--to-selector', 'team in (red,blue)', '--subject', 'Thing.example.com')).toEqual({
    consumers: { selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['blue', 'red'] }] } },
    subjects: [{ group: 'example.com', kind: 'Thing' }],
  })
  expect((await create('c', '--subject', 'Secret')).code).toBe(2)
  expect((await create('c', '--to', 'shop', '--subject', 'secret')).code).toBe(2)
})

test('claim edit changes a role on a live claim, and a refused change leaves it Ready and says why', async () => {
  await hub.larder('claim', 'create', 'it', '--class', 'nothing', '-n', 'shop', '--wait')
  const edit = (...args: string[]) =>
    hub.larder('claim', 'edit', 'it', '-n', 'shop', '--wait', '--timeout', '20s', ...args)
  expect(await edit('--role', 'reader')).toMatchObject({ code: 0, stdout: 'claim.larder.dev/it edited\n' })
  expect(await hub.ok(['get', 'claim', 'it', '-n', 'shop', '-o', 'jsonpath={.status.credential.role}'])).toBe('reader')
  const refused = await edit('--plan', 'fixed')
  expect(refused).toMatchObject({ code: 5 })
  expect(refused.stderr).toMatch(/the change was refused: PlanNotUpdatable\n {2}why: .*\n {2}next: /)
  expect((await hub.larder('why', 'claim/it', '-n', 'shop')).stdout).toMatch(
    /^claim shop\/it is Ready for \w+ and can be used, and a change of it is not made: .*\(PlanNotUpdatable\)\.\n/,
  )
  expect((await edit()).code).toBe(2)
})

test.each([
  [['claim', 'create', 'x', '--class', 'a', '--instance', 'b/c'], 'exclude each other'],
  [['claim', 'create', 'x', '--instance', 'c'], 'which namespace?'],
  [['claim', 'create', 'x', '--resource', 'creds'], 'is not understood'],
  [['adopt', 'x', '--class', 'nothing'], '--external-name is missing'],
  [['adopt', 'x', '--backend', 'nothing', '--external-name', 'y'], '--backend needs --type'],
  [['adopt', 'x', '--instance', 'a/b', '--type', 'redis'], '--type does not go with --instance'],
])('%j is refused before anything is made', async (words, told) => {
  const { code, stderr } = await hub.larder(...words)
  expect([code, stderr]).toEqual([2, expect.stringContaining(told)])
})
