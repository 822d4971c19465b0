/** Two namespaces in one account of AWS: what is one's is not the other's to read. */
import { CreateReplicationGroupCommand, DescribeSnapshotsCommand } from '@aws-sdk/client-elasticache'
import { namespaceType } from '@larder/engine/client/builtin'
import type { JsonObject } from '@larder/engine/base/json'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Aws } from '../../../../../test/aws/endpoint.ts'
import { ackHub, awsForTests, conditionOf, typeNamed, type AckHub } from './testing/ack-hub.ts'

let aws: Aws
let hub: AckHub

beforeAll(async () => {
  aws = await awsForTests()
})
beforeEach(async () => {
  await aws.reset()
  hub = await ackHub(aws)
  await hub.start()
  await hub.admin.of(namespaceType).create({ metadata: { name: 'stranger' } })
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

const takeAs = (namespace: string, name: string, spec: JsonObject) =>
  hub.admin
    .of(typeNamed('Snapshot'))
    .create({ metadata: { name, namespace }, spec: { snapshotName: `${namespace}-${name}`, ...spec } })

const said = (namespace: string, name: string, type: string) =>
  hub.until(`${name} in ${namespace} to say ${type}`, async () => {
    const object = await hub.admin.of(typeNamed('Snapshot')).get(name, namespace)
    const condition = conditionOf(object, type)
    return condition?.status === 'True' ? (condition.message ?? '') : undefined
  })

const names = async () => {
  const { Snapshots = [] } = await hub.truth.client.send(new DescribeSnapshotsCommand({}))
  return Snapshots.map(({ SnapshotName }) => SnapshotName)
}

test('a snapshot of a cache, and a copy of it, are taken in the namespace of the cache and in no other', async () => {
  await hub.cache()
  await hub.synced('ReplicationGroup', 'redis')
  await hub.make('Snapshot', 'own', { snapshotName: 'own', replicationGroupID: 'redis' })
  await hub.synced('Snapshot', 'own')
  await takeAs('stranger', 'cache', { replicationGroupID: 'redis' })
  await takeAs('stranger', 'node', { cacheClusterID: 'redis-001' })
  await takeAs('stranger', 'copy', { sourceSnapshotName: 'own' })
  for (const name of ['cache', 'node', 'copy']) {
    expect(await said('stranger', name, 'ACK.Terminal')).toContain('its tag larder.dev/id is that of another instance')
  }
  expect(await names()).toEqual(['own'])
  await hub.make('Snapshot', 'copy', { snapshotName: 'copy', sourceSnapshotName: 'own' })
  await hub.synced('Snapshot', 'copy')
})

test('a reference into another namespace is terminal, and says where it may lead', async () => {
  await hub.cache()
  await hub.synced('ReplicationGroup', 'redis')
  const from = { name: 'redis', namespace: 'service-instances' }
  await takeAs('stranger', 'cache', { replicationGroupRef: { from } })
  expect(await said('stranger', 'cache', 'ACK.Terminal')).toBe(
    'spec.replicationGroupRef.from.namespace: is stranger; ReplicationGroups of other namespaces are not used',
  )
  expect(aws.calls.count({ action: 'CreateSnapshot' })).toBe(0)
})

test('a snapshot of what nobody here has made is taken', async () => {
  await hub.truth.client.send(
    new CreateReplicationGroupCommand({
      ReplicationGroupId: 'by-hand',
      ReplicationGroupDescription: 'Made by hand',
      CacheNodeType: 'cache.t4g.micro',
    }),
  )
  await takeAs('stranger', 'cache', { replicationGroupID: 'by-hand' })
  await said('stranger', 'cache', 'ACK.ResourceSynced')
  expect(await names()).toEqual(['stranger-cache'])
})
