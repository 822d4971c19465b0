/** Rows 71 to 74: the reference package of document 000, from a folder to a cache and back, by the commands that the document prints. */
import { DescribeReplicationGroupsCommand, DescribeUsersCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAws, type Aws } from '../aws/endpoint.ts'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { run, type Finished, type RunOptions } from '../testing/processes.ts'

const EXAMPLE = resolve(import.meta.dirname, '../../examples/000-elasticache/package')
const PACKAGE = 'elasticache.aws.references.services.apps.tanzu.vmware.com'
const RENAMED = 'elasticache.aws.ref.services.apps.tanzu.vmware.com'
const SI = 'service-instances'

let aws: Aws
let hub: Hub
let bin: string
beforeAll(async () => {
  aws = await startAws({ creatingMs: 300, modifyingMs: 50, deletingMs: 300 })
  hub = await newHub({ env: aws.env })
  await hub.start('--no-samples')
  bin = join(hub.dir, 'bin')
  await run(process.execPath, [LARDER, 'compat', 'install', '--dir', bin, 'tanzu', '--force'])
})
afterAll(async () => {
  await hub.remove()
  await aws.stop()
})

const tanzu = (line: string, options: RunOptions = {}): Promise<Finished> =>
  run(join(bin, 'tanzu'), line.split(/\s+/), { cwd: EXAMPLE, ...options, env: { KUBECONFIG: hub.kubeconfig } })
const printed = async (line: string, options: RunOptions = {}): Promise<string> => {
  const { code, stdout, stderr } = await tanzu(line, options)
  expect(code, `${stdout}${stderr}`).toBe(0)
  return stdout
}
const names = async (kinds: string) =>
  (await hub.ok(['get', kinds, '-n', SI, '-o', 'name']))
    .trim()
    .split('\n')
    .filter((name) => name !== '')
    .sort()
/** As AWS has them, past the proxy. */
async function outside() {
  const client = new ElastiCacheClient(aws.client(aws.truthUrl))
  const { ReplicationGroups = [] } = await client.send(new DescribeReplicationGroupsCommand({}))
  const { Users = [] } = await client.send(new DescribeUsersCommand({}))
  return [...ReplicationGroups.map((one) => String(one.ReplicationGroupId)), ...Users.map((one) => String(one.UserId))]
    .filter((id) => id !== 'default')
    .sort()
}

test('row 71: a repository is added, and its package shows the values that it takes', async () => {
  expect(await printed(`package repository add references --url ./packages -n ${SI} --create-namespace`)).toBe(
    `Waiting for package repository to be added
packagerepository/references (packaging.carvel.dev/v1alpha1) namespace: ${SI}: ReconcileSucceeded
`,
  )
  expect(await printed(`package repository list -n ${SI}`)).toBe(`Repositories in namespace '${SI}'

Name        Source    Status
references  (inline)  Reconcile succeeded
`)
  expect(await printed(`package available list -n ${SI}`)).toBe(`Available summarized packages in namespace '${SI}'

Name                                                       Display name
elasticache.aws.ref.services.apps.tanzu.vmware.com         AWS ElastiCache
elasticache.aws.references.services.apps.tanzu.vmware.com  AWS ElastiCache
`)
  expect(await printed(`package available get ${PACKAGE}/0.0.1-alpha --values-schema --namespace ${SI}`)).toBe(
    `Values schema for '${PACKAGE}/0.0.1-alpha'

Key                     Default          Type     Description
cacheNodeType           cache.t2.micro   string   How large the nodes are
cacheSubnetGroupName    ""               string   The CacheSubnetGroup in which the cache is
createCacheSubnetGroup  false            boolean  Whether that CacheSubnetGroup is made as well
createNamespace         false            boolean  Whether that namespace is made as well
engineVersion           "6.2"            string   The version of Redis
instanceClassName       aws-elasticache  string   The class of service instances that it belongs to
name                    ""               string   The name of the service instance
namespace               ""               string   The namespace of everything that is made
replicasPerNodeGroup    0                integer  How many replicas there are
serviceInstanceLabels   -                -        More labels of the Secrets that can be claimed
subnetIDs               -                array    Subnets of the CacheSubnetGroup where it is made
tags                    -                array    Tags of the cache in AWS
vpcSecurityGroupIDs     -                array    Security groups of the cache
`,
  )
})

test('row 73: both names of the package are there, with the same content', async () => {
  expect(await printed(`package available get ${RENAMED} -n ${SI}`)).toContain("Versions of 'elasticache.aws.ref.")
  expect(await printed(`package available list ${PACKAGE} -n ${SI}`)).toContain('0.0.1-alpha')
  const content = async (name: string) =>
    await hub.ok(['get', `pkg/${name}`, '-n', SI, '-o', 'jsonpath={.spec.template}{.spec.valuesSchema}'])
  expect(await content(`${PACKAGE}.0.0.1-alpha`)).toBe(await content(`${RENAMED}.0.0.5`))
})

test('rows 72 and 73: installed as the document has it, it makes the resources of the reference package in AWS', async () => {
  await hub.ok(['apply', '-n', SI, '-f', join(EXAMPLE, 'rbac.yaml')])
  const stdout = await printed(
    `package install redis-instance --package-name ${PACKAGE} --version 0.0.1-alpha --service-account-name elasticache-install --values-file values.yaml --namespace ${SI} --wait`,
  )
  expect(stdout.replaceAll(/('PackageInstall' resource install status: Reconciling\n)+/g, '$1')).toBe(
    `Creating secret 'redis-instance-${SI}-values'
Creating package install resource
Waiting for PackageInstall reconciliation for 'redis-instance'
'PackageInstall' resource install status: Reconciling
'PackageInstall' resource install status: ReconcileSucceeded
'PackageInstall' resource successfully reconciled
`,
  )
  expect(await names('users.elasticache.services.k8s.aws')).toEqual(
    ['default', 'reader', 'writer'].map((user) => `user.elasticache.services.k8s.aws/redis-${user}`),
  )
  expect(await names('replicationgroups,usergroups,cachesubnetgroups')).toEqual([
    'cachesubnetgroup.elasticache.services.k8s.aws/ack-elasticache',
    'replicationgroup.elasticache.services.k8s.aws/redis',
    'usergroup.elasticache.services.k8s.aws/redis',
  ])
  expect(await outside()).toEqual(['redis', 'redis-default', 'redis-reader', 'redis-writer'])
  const secret = JSON.parse(await hub.ok(['get', 'secret', 'redis-writer-creds-bindable', '-n', SI, '-o', 'json'])) as {
    data: object
    type: string
    metadata: { labels: object }
  }
  expect(Object.keys(secret.data).sort()).toEqual(['host', 'password', 'port', 'ssl', 'type', 'username'])
  expect(secret.type).toBe('servicebinding.io/redis')
  expect(secret.metadata.labels).toEqual({ 'services.apps.tanzu.vmware.com/class': 'aws-elasticache' })
  expect(await printed(`package installed list -n ${SI}`)).toBe(`Installed packages in namespace '${SI}'

Name            Package Name                                               Package Version  Status
redis-instance  elasticache.aws.references.services.apps.tanzu.vmware.com  0.0.1-alpha      Reconcile succeeded
`)
  expect(
    (await hub.ok(['get', 'pkgi,apps.kappctrl.k14s.io', '-n', SI]))
      .replaceAll(/ {2,}/g, '  ')
      .replaceAll(/ \d+m?s\b/g, ' AGE'),
  ).toBe(`NAME  PACKAGE NAME  PACKAGE VERSION  DESCRIPTION  AGE
packageinstall.packaging.carvel.dev/redis-instance  elasticache.aws.references.services.apps.tanzu.vmware.com  0.0.1-alpha  Reconcile succeeded  AGE

NAME  DESCRIPTION  SINCE-DEPLOY  AGE
app.kappctrl.k14s.io/redis-instance  Reconcile succeeded  AGE  AGE
`)
}, 90_000)

test('values that do not fit are refused with their fields, and what is installed stays', async () => {
  const changedAt = () =>
    hub.ok(['get', 'apps.kappctrl.k14s.io', 'redis-instance', '-n', SI, '-o', 'jsonpath={.status.deploy.startedAt}'])
  const before = await changedAt()
  const values = join(hub.dir, 'wrong.yaml')
  writeFileSync(
    values,
    readFileSync(join(EXAMPLE, 'values.yaml'), 'utf8').replace('replicasPerNodeGroup: 0', 'replicas: 9'),
  )
  const { code, stderr } = await tanzu(`package installed update redis-instance -f ${values} -n ${SI}`)
  expect(code).not.toBe(0)
  expect(stderr).toContain('values.replicas: Forbidden: unknown field')
  expect(await outside()).toHaveLength(4)
  await printed(`package installed update redis-instance --values-file values.yaml -n ${SI}`)
  // What the operator of a kind adds to its objects is no difference that is written over again and again.
  expect(await changedAt()).toBe(before)
})

test('row 74: installed delete asks, and with y removes all of it, in AWS too, with no finalizer taken off by hand', async () => {
  const line = `package installed delete redis-instance -n ${SI}`
  const asked = `Delete package install 'redis-instance' from namespace '${SI}'

Continue? [yN]: `
  expect(await tanzu(line, { stdin: 'n\n' })).toMatchObject({ code: 1, stdout: asked })
  expect(await tanzu(line)).toMatchObject({ code: 2, stdout: asked })
  expect(await outside()).toHaveLength(4)
  const stdout = await printed(line, { stdin: 'y\n' })
  expect(stdout.replaceAll(/('PackageInstall' resource deletion status: Deleting\n)+/g, '$1')).toBe(`${asked}
Deleting package install 'redis-instance' from namespace '${SI}'
Waiting for deletion of package install 'redis-instance' from namespace '${SI}'
'PackageInstall' resource deletion status: Deleting
Deleting 'Secret': redis-instance-${SI}-values
`)
  expect(await outside()).toEqual([])
  const kinds =
    'users.elasticache.services.k8s.aws,usergroups,replicationgroups,cachesubnetgroups,passwords.secretgen.k14s.io,secrettemplates,secrets,pkgi,apps.kappctrl.k14s.io,roles'
  // What has an owner goes in the background, a moment after it.
  await expect.poll(() => names(kinds)).toEqual(['role.rbac.authorization.k8s.io/elasticache-install'])
  const { stdout: again } = await tanzu(`${line} -y`)
  expect(again).toContain(
    "Could not find package install 'redis-instance' in namespace 'service-instances'. Cleaning up created resources.",
  )
}, 90_000)

test('without an account of one’s own one is made that may do everything, and goes with the install', async () => {
  const files = join(hub.dir, 'small')
  await printed(`package repository delete references -n ${SI} -y`)
  const map = '{apiVersion: v1, kind: ConfigMap, metadata: {name: small}, data: {a: b}}'
  const one = `apiVersion: data.packaging.carvel.dev/v1alpha1
kind: Package
metadata: {name: small.example.com.1.0.0}
spec:
  refName: small.example.com
  version: 1.0.0
  template: {spec: {fetch: [{inline: {paths: {a.yml: "${map}"}}}], template: [], deploy: [{kapp: {}}]}}
`
  await run('mkdir', ['-p', files])
  writeFileSync(join(files, 'a.yml'), one)
  await printed(`package repository add small --url ${files}`)
  expect(await printed('package install tiny -p small.example.com'))
    .toContain(`Creating service account 'tiny-default-sa'
Creating cluster admin role 'tiny-default-cluster-role'
Creating cluster role binding 'tiny-default-cluster-rolebinding'
`)
  expect(await hub.ok(['get', 'configmap', 'small', '-o', 'jsonpath={.data.a}'])).toBe('b')
  // The account is what takes the rest away: without a wait it is left, and named.
  expect(await printed('package installed delete tiny -y --wait=false')).toContain(
    'Still there, because it is needed until then: ServiceAccount tiny-default-sa, ClusterRole tiny-default-cluster-role, ClusterRoleBinding tiny-default-cluster-rolebinding. Run this again once it is gone.',
  )
  await expect.poll(() => hub.kubectl(['get', 'pkgi', 'tiny'])).toMatchObject({ code: 1 })
  expect(await printed('package installed delete tiny -y')).toContain(`Deleting 'ServiceAccount': tiny-default-sa
Deleting 'ClusterRole': tiny-default-cluster-role
Deleting 'ClusterRoleBinding': tiny-default-cluster-rolebinding
`)
  expect(await hub.kubectl(['get', 'configmap', 'small'])).toMatchObject({ code: 1 })
  expect(await hub.kubectl(['get', 'clusterrole', 'tiny-default-cluster-role'])).toMatchObject({ code: 1 })
})
