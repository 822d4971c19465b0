/** Claims of Services Toolkit, by the commands that explain Larder's own: in the words of their kinds, down to what stands behind. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { eventually, run } from '../testing/processes.ts'
import { tenantKubeconfig } from '../testing/tenant.ts'

const API = 'services.apps.tanzu.vmware.com/v1alpha1'

const ref = (name: string) => `{apiVersion: v1, kind: Secret, namespace: stock, name: ${name}}`
const MANIFESTS = `
{apiVersion: v1, kind: Namespace, metadata: {name: stock}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Secret, metadata: {name: open, namespace: stock, labels: {offer: all}}, stringData: {type: redis}}
---
{apiVersion: v1, kind: Secret, metadata: {name: shut, namespace: stock}, stringData: {type: redis}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reads-secrets, labels: {servicebinding.io/controller: "true"}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]
---
apiVersion: ${API}
kind: ResourceClaimPolicy
metadata: {name: offered, namespace: stock}
spec: {subject: {kind: Secret, group: "", selector: {matchLabels: {offer: all}}}, consumingNamespaces: ["*"]}
---
{apiVersion: ${API}, kind: ResourceClaim, metadata: {name: good, namespace: shop}, spec: {ref: ${ref('open')}}}
---
{apiVersion: ${API}, kind: ResourceClaim, metadata: {name: barred, namespace: shop}, spec: {ref: ${ref('shut')}}}
---
{apiVersion: ${API}, kind: ResourceClaim, metadata: {name: late, namespace: shop}, spec: {ref: ${ref('open')}}}
---
{apiVersion: ${API}, kind: ClassClaim, metadata: {name: lost, namespace: shop}, spec: {classRef: {name: nowhere}}}
`

const VISITOR = `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: visitor, namespace: shop}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: claims-of-the-door, namespace: shop}
rules: [{apiGroups: [services.apps.tanzu.vmware.com], resources: [resourceclaims], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: visitor, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: claims-of-the-door}
subjects: [{kind: ServiceAccount, name: visitor, namespace: shop}]
`

let hub: Hub
let tenant: string
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples', '--doors', 'services-toolkit')
  await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })
  const kind = `resourceclaims.services.apps.tanzu.vmware.com`
  for (const [name, is] of [
    ['good', 'True'],
    ['barred', 'False'],
    ['late', 'False'],
  ] as const)
    await hub.ok(['wait', `--for=condition=Ready=${is}`, `${kind}/${name}`, '-n', 'shop', '--timeout=20s'])
  await hub.ok(['wait', '--for=condition=Ready=False', 'classclaim/lost', '-n', 'shop', '--timeout=20s'])
  tenant = await tenantKubeconfig(hub, 'shop', 'view')
})
afterAll(() => hub.remove())

const shop = (...args: string[]) => hub.larder(...args, '-n', 'shop')

test('why explains a ResourceClaim in the words of its door', async () => {
  expect((await shop('why', 'resourceclaim/good')).stdout).toMatch(
    /^resourceclaim shop\/good is Ready for \d+s: Secret open\.\n$/,
  )
  expect((await shop('why', 'ResourceClaims', 'barred')).stdout).toMatch(
    /^resourceclaim shop\/barred is stuck for \d+s: spec\.ref: no ResourceClaimPolicy in namespace stock .* \(NoMatchingResourceClaimPolicy\)\.\nIt will not heal by itself: the platform must act\. Next: Ask whoever owns that namespace for a ResourceClaimPolicy; .*\n$/,
  )
  expect((await shop('why', 'resourceclaims.services.apps.tanzu.vmware.com/late')).stdout).toMatch(
    /^resourceclaim shop\/late is not Ready for \d+s: .* \(ResourceAlreadyClaimed\)\.\nIt goes on by itself\. Next: Wait, .*\n$/,
  )
})

test('why explains a ClassClaim that has no Claim yet', async () => {
  expect((await shop('why', 'classclaim/lost')).stdout).toMatch(
    /^classclaim shop\/lost is stuck for \d+s: .*nowhere.* \(ClassDoesNotExist\)\.\nIt will not heal by itself: the consumer must act\. Next: Set spec\.classRef\.name .*\n$/,
  )
  expect(await shop('why', 'classclaim/nobody')).toMatchObject({ code: 3, stdout: '' })
})

test('trace follows it to the Claim that stands for it and what that rests on', async () => {
  const { stdout } = await shop('trace', 'resourceclaim/good')
  const names = stdout.split('\n').map((line) => line.trim().split(/ {2,}/)[0])
  expect(names[1]).toBe('ResourceClaim/good (shop)')
  expect(names[2]).toMatch(/^└─ Claim\/rc-.* \(shop\)$/)
  expect(names).toContain('├─ Secret/open (stock)')
  expect(names).toContain('└─ Secret/open (shop)')
  const lost = (await shop('trace', 'classclaim/lost')).stdout
  expect(lost).toContain('└─ ClusterInstanceClass/nowhere')
})

test('timeline has the steps of that Claim', async () => {
  expect((await shop('timeline', 'resourceclaim/good')).stdout).toMatch(/ Ready /)
})

test('who may not read the Claims of Larder hears the words of the door, and of the Claim only that there is something', async () => {
  await hub.ok(['apply', '-f', '-'], { stdin: VISITOR })
  const visitor = join(hub.dir, 'visitor.kubeconfig')
  const token = (await hub.ok(['create', 'token', 'visitor', '-n', 'shop'])).trim()
  const config = JSON.parse(await hub.ok(['config', 'view', '--raw', '--minify', '-o', 'json'])) as { users: object[] }
  writeFileSync(visitor, JSON.stringify({ ...config, users: [{ ...config.users[0], user: { token } }] }))
  const asVisitor = (command: string, object: string, ...more: string[]) =>
    eventually('the role to hold', async () => {
      const args = [LARDER, command, object, '-n', 'shop', '--kubeconfig', visitor, ...more]
      const { code, stdout } = await run(process.execPath, args)
      return code === 0 ? stdout : undefined
    })
  expect(await asVisitor('why', 'resourceclaim/barred')).toMatch(/\(NoMatchingResourceClaimPolicy\)/)
  expect(await asVisitor('trace', 'resourceclaim/good')).toMatch(/└─ Claim +- +- +you may not read it\n$/)
  expect(await asVisitor('timeline', 'resourceclaim/good')).toContain('are for those who may read claims')
  expect(JSON.parse(await asVisitor('timeline', 'resourceclaim/good', '-o', 'json'))).toMatchObject({
    claim: 'forbidden',
  })
})

test('claim list says whose a claim is that a door made', async () => {
  const { stdout } = await shop('claim', 'list')
  expect(stdout.split('\n')[0]).toMatch(/^NAME +FOR +CLASS /)
  expect(stdout).toMatch(/^rc-\S+ +resourceclaim\/good /m)
  const asTenant = await run(process.execPath, [LARDER, 'claim', 'list', '-n', 'shop', '--kubeconfig', tenant])
  expect(asTenant.stdout).toContain('resourceclaim/barred')
})
