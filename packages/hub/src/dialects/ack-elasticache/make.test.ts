/** Objects become things of AWS, and say of them what AWS says. */
import {
  DescribeCacheClustersCommand,
  DescribeCacheParametersCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-elasticache'
import { secretType } from '@larder/engine/client/builtin'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Aws } from '../../../../../test/aws/endpoint.ts'
import { jsonLog } from '@larder/engine/base/log'
import { ackHub, awsForTests, conditionOf, NAMESPACE, type AckHub } from './testing/ack-hub.ts'

const QUICK = { creatingMs: 50, modifyingMs: 50, deletingMs: 50, snapshottingMs: 50 }

let aws: Aws
let hub: AckHub
let logged: string[]

beforeAll(async () => {
  aws = await awsForTests()
})
beforeEach(async () => {
  await aws.reset()
  await aws.setTimes(QUICK)
  logged = []
  hub = await ackHub(aws, {
    log: jsonLog({ level: 'debug', write: (line) => logged.push(line), now: () => Date.now() }),
  })
  await hub.start()
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

test('row 30: a User has the password that is in its Secret, which no object, event or log line has', async () => {
  const password = 'p'.repeat(60) + 'Q'.repeat(68)
  await hub.secret('redis-writer-creds', password)
  await hub.user('redis-writer')
  const user = await hub.synced('User', 'redis-writer')
  expect(user.status).toMatchObject({ status: 'active', authentication: { passwordCount: 1, type_: 'password' } })
  const [there] = await hub.truth.users()
  expect(user.status).toMatchObject({
    expandedAccessString: there?.AccessString,
    lastRequestedAccessString: 'on ~* +@all',
    userGroupIDs: [],
  })
  expect((await aws.secrets()).passwords['redis-writer']).toEqual([password])
  const told = hub.everything().filter(({ kind }) => kind !== 'Secret')
  expect(JSON.stringify(told)).not.toContain(password)
  expect(JSON.stringify(told)).not.toContain(Buffer.from(password).toString('base64'))
  expect(logged.join('\n')).not.toContain(password)
})

test('row 31: a UserGroup without a user called default is terminal, in the words of AWS', async () => {
  await hub.secret('redis-writer-creds')
  await hub.user('redis-writer')
  await hub.userGroup(['redis-writer'])
  const said = await hub.says('UserGroup', 'redis', 'ACK.Terminal')
  expect(said).toMatch(/^DefaultUserRequired: .*user name default/)
  expect(conditionOf(await hub.get('UserGroup', 'redis'), 'ACK.ResourceSynced')?.status).toBe('False')
  // What was terminal is not, once the spec is another.
  await hub.neutral()
  await hub.edit('UserGroup', 'redis', { userIDs: ['redis-default', 'redis-writer'] })
  const group = await hub.synced('UserGroup', 'redis')
  expect(conditionOf(group, 'ACK.Terminal')).toBeUndefined()
})

describe('a ReplicationGroup', () => {
  test('row 32: has what its fields say, tags and TLS too', async () => {
    await hub.make('CacheSubnetGroup', 'subnets', {
      cacheSubnetGroupName: 'subnets',
      cacheSubnetGroupDescription: 'A subnet group',
      subnetIDs: ['subnet-1', 'subnet-2'],
    })
    await hub.make('CacheParameterGroup', 'tuned', {
      cacheParameterGroupName: 'tuned',
      cacheParameterGroupFamily: 'redis6.x',
      description: 'Tuned',
      parameterNameValues: [{ parameterName: 'maxmemory-policy', parameterValue: 'allkeys-lru' }],
    })
    await hub.neutral()
    await hub.userGroup()
    await hub.cache({
      engine: 'Redis',
      cacheSubnetGroupName: 'subnets',
      cacheParameterGroupName: 'tuned',
      securityGroupIDs: ['sg-1'],
      userGroupIDs: ['redis'],
      replicasPerNodeGroup: 1,
      automaticFailoverEnabled: true,
      multiAZEnabled: true,
      port: 6380,
      snapshotRetentionLimit: 3,
      snapshotWindow: '05:00-06:00',
      preferredMaintenanceWindow: 'sun:23:00-mon:01:30',
      tags: [{ key: 'team', value: 'shop' }],
    })
    await hub.synced('CacheParameterGroup', 'tuned')
    await hub.synced('UserGroup', 'redis')
    await hub.synced('ReplicationGroup', 'redis')
    const [cache] = await hub.truth.caches()
    expect(cache).toMatchObject({
      ReplicationGroupId: 'redis',
      Description: 'A redis service instance',
      TransitEncryptionEnabled: true,
      AtRestEncryptionEnabled: true,
      UserGroupIds: ['redis'],
      CacheNodeType: 'cache.t4g.micro',
      MultiAZ: 'enabled',
      AutomaticFailover: 'enabled',
      SnapshotRetentionLimit: 3,
      SnapshotWindow: '05:00-06:00',
    })
    const { CacheClusters = [] } = await hub.truth.client.send(new DescribeCacheClustersCommand({}))
    expect(cache?.MemberClusters).toHaveLength(2)
    expect(new Set(CacheClusters.map(({ CacheClusterId }) => CacheClusterId))).toEqual(new Set(cache?.MemberClusters))
    for (const node of CacheClusters)
      expect(node).toMatchObject({
        Engine: 'redis',
        EngineVersion: expect.stringMatching(/^6\.2/),
        CacheSubnetGroupName: 'subnets',
        CacheParameterGroup: { CacheParameterGroupName: 'tuned' },
        SecurityGroups: [{ SecurityGroupId: 'sg-1' }],
        PreferredMaintenanceWindow: 'sun:23:00-mon:01:30',
      })
    const { Parameters = [] } = await hub.truth.client.send(
      new DescribeCacheParametersCommand({ CacheParameterGroupName: 'tuned', Source: 'user' }),
    )
    expect(Parameters).toMatchObject([{ ParameterName: 'maxmemory-policy', ParameterValue: 'allkeys-lru' }])
    expect(cache?.NodeGroups?.[0]?.PrimaryEndpoint?.Port).toBe(6380)
    const { TagList = [] } = await hub.truth.client.send(new ListTagsForResourceCommand({ ResourceName: cache?.ARN }))
    const tags = Object.fromEntries(TagList.map(({ Key = '', Value }) => [Key, Value]))
    expect(tags).toMatchObject({ team: 'shop', 'services.k8s.aws/namespace': NAMESPACE })
  })

  test('row 33: is not in sync while it is made, and then is', async () => {
    await aws.setTimes({ creatingMs: Infinity })
    await hub.cache()
    const doing = await hub.says('ReplicationGroup', 'redis', 'ACK.ResourceSynced', /created/)
    expect(doing).toBe('replication group currently being created.')
    const making = await hub.until('its state', async () => {
      const object = await hub.get('ReplicationGroup', 'redis')
      return object.status?.['status'] === 'creating' ? object : undefined
    })
    expect(conditionOf(making, 'ACK.ResourceSynced')?.status).toBe('False')
    expect(conditionOf(making, 'Ready')?.status).toBe('False')
    await aws.setTimes({ creatingMs: 0 })
    const made = await hub.synced('ReplicationGroup', 'redis')
    expect(conditionOf(made, 'ACK.ResourceSynced')?.message).toBe('Resource synced successfully')
    expect(conditionOf(made, 'Ready')?.status).toBe('True')
    expect(made.metadata.finalizers).toContain('finalizers.elasticache.services.k8s.aws/ReplicationGroup')
  })

  test('tells on its Instance how far it is, and when it should be done, from how long the last one took', async () => {
    await aws.setTimes({ creatingMs: 1300 })
    await hub.cache()
    await hub.synced('ReplicationGroup', 'redis')
    await aws.setTimes({ creatingMs: Infinity })
    const more = { replicationGroupID: 'second', replicasPerNodeGroup: 2, automaticFailoverEnabled: true }
    const { metadata } = await hub.make('ReplicationGroup', 'second', {
      description: 'Another',
      cacheNodeType: 'cache.t4g.micro',
      engineVersion: '6.2',
      ...more,
    })
    const progress = await hub.until('its progress', async () => {
      const instance = (await hub.instances()).find(({ spec }) => spec.origin?.uid === metadata.uid)
      const told = instance?.status?.progress
      return told?.message?.includes('nodes') === true ? told : undefined
    })
    expect(progress).toMatchObject({ step: 'create', message: 'creating, 0 of 3 nodes' })
    const created = (await hub.truth.caches()).find(({ ReplicationGroupId }) => ReplicationGroupId === 'second')
    const expectedMs = Date.parse(progress.expectedAt ?? '') - (created?.ReplicationGroupCreateTime?.getTime() ?? 0)
    expect(expectedMs).toBeGreaterThanOrEqual(1300)
    expect(expectedMs).toBeLessThan(10_000)
    await aws.setTimes({ creatingMs: 0 })
    await hub.synced('ReplicationGroup', 'second')
  })

  test('row 34: says where it is, of what it is made, and whose it is', async () => {
    await hub.cache({ replicasPerNodeGroup: 1, automaticFailoverEnabled: true })
    const { status } = await hub.synced('ReplicationGroup', 'redis')
    const [cache] = await hub.truth.caches()
    const [group] = cache?.NodeGroups ?? []
    expect(status?.['ackResourceMetadata']).toEqual({
      arn: cache?.ARN,
      ownerAccountID: aws.account,
      region: aws.region,
      partition: 'aws',
    })
    expect(status).toMatchObject({
      status: 'available',
      memberClusters: cache?.MemberClusters,
      automaticFailover: 'enabled',
      nodeGroups: [
        {
          nodeGroupID: group?.NodeGroupId,
          status: 'available',
          primaryEndpoint: { address: group?.PrimaryEndpoint?.Address, port: 6379 },
          readerEndpoint: { address: group?.ReaderEndpoint?.Address, port: 6379 },
          nodeGroupMembers: [
            { cacheClusterID: 'redis-001', currentRole: 'primary' },
            { cacheClusterID: 'redis-002', currentRole: 'replica' },
          ],
        },
      ],
    })
  })

  test('of several shards has one address for all of them', async () => {
    await hub.cache({
      engineVersion: '7.1',
      cacheParameterGroupName: 'default.redis7.cluster.on',
      numNodeGroups: 2,
      replicasPerNodeGroup: 1,
      automaticFailoverEnabled: true,
    })
    const { status } = await hub.synced('ReplicationGroup', 'redis')
    const [cache] = await hub.truth.caches()
    expect(status).toMatchObject({
      clusterEnabled: true,
      configurationEndpoint: { address: cache?.ConfigurationEndpoint?.Address, port: 6379 },
      nodeGroups: [{ nodeGroupID: '0001', slots: '0-8191' }, { nodeGroupID: '0002' }],
    })
    expect(status?.['memberClusters']).toHaveLength(4)
  })

  test('row 35: that could not be made is terminal, and says why', async () => {
    await aws.fail({ operation: 'CreateReplicationGroup', target: 'redis', reason: 'no capacity in us-west-2a' })
    await hub.cache()
    const said = await hub.says('ReplicationGroup', 'redis', 'ACK.Terminal')
    expect(said).toMatch(/^replication group in create-failed status\. .*no capacity in us-west-2a/)
    expect((await hub.get('ReplicationGroup', 'redis')).status?.['status']).toBe('create-failed')
    await hub.remove('ReplicationGroup', 'redis')
    await hub.gone('ReplicationGroup', 'redis')
    expect(await hub.truth.caches()).toEqual([])
  })
})

describe('row 36: in any order of applying', () => {
  test('a cache that is applied first waits for what is applied after it', async () => {
    await hub.cache({ cacheSubnetGroupName: 'ack-elasticache', userGroupIDs: ['redis'] })
    const said = await hub.says('ReplicationGroup', 'redis', 'ACK.Recoverable')
    expect(said).toMatch(/^(CacheSubnetGroupNotFound|UserGroupNotFound)/)
    await hub.userGroup()
    await hub.make('CacheSubnetGroup', 'ack-elasticache', {
      cacheSubnetGroupName: 'ack-elasticache',
      cacheSubnetGroupDescription: 'A subnet group for Elasticache',
      subnetIDs: ['subnet-1'],
    })
    await hub.neutral()
    await hub.synced('UserGroup', 'redis')
    const cache = await hub.synced('ReplicationGroup', 'redis')
    expect(conditionOf(cache, 'ACK.Recoverable')).toBeUndefined()
  })

  test('what stands beside what it needs waits without asking AWS', async () => {
    await aws.setTimes({ creatingMs: Infinity })
    await hub.neutral()
    await hub.synced('User', 'redis-default')
    await hub.userGroup()
    await hub.until('the group to be there', async () =>
      (await hub.get('UserGroup', 'redis')).status?.['status'] === 'creating' ? true : undefined,
    )
    await hub.cache({ userGroupIDs: ['redis'] })
    await hub.says('ReplicationGroup', 'redis', 'ACK.ResourceSynced', /waits for UserGroup redis/)
    expect(aws.calls.count({ action: 'CreateReplicationGroup' })).toBe(0)
    await aws.setTimes({ creatingMs: 0 })
    await hub.synced('ReplicationGroup', 'redis')
    expect(aws.calls.count({ action: 'CreateReplicationGroup' })).toBe(1)
  })

  test('references are names once what they refer to is there', async () => {
    await hub.make('UserGroup', 'redis', {
      userGroupID: 'their-group',
      engine: 'redis',
      userRefs: [{ from: { name: 'redis-default' } }],
    })
    await hub.cache({ userGroupRefs: [{ from: { name: 'redis' } }] })
    const said = await hub.says('UserGroup', 'redis', 'ACK.ReferencesResolved')
    expect(said).toBe(`spec.userRefs[0]: User ${NAMESPACE}/redis-default does not exist`)
    await hub.neutral()
    await hub.synced('UserGroup', 'redis')
    const cache = await hub.synced('ReplicationGroup', 'redis')
    expect(conditionOf(cache, 'ACK.ReferencesResolved')?.status).toBe('True')
    expect((await hub.truth.caches())[0]?.UserGroupIds).toEqual(['their-group'])
  })
})

describe('row 41: a Secret', () => {
  test('that is missing is recoverable, and heals', async () => {
    await hub.user('redis-writer')
    const said = await hub.says('User', 'redis-writer', 'ACK.Recoverable')
    expect(said).toBe(`spec.passwords[0]: kubernetes secret not found: ${NAMESPACE}/redis-writer-creds`)
    await hub.secret('redis-writer-creds')
    const user = await hub.synced('User', 'redis-writer')
    expect(conditionOf(user, 'ACK.Recoverable')).toBeUndefined()
  })

  test('that is not Opaque is recoverable, and heals', async () => {
    await hub.secret('redis-writer-creds', 'a'.repeat(20), 'example.com/other')
    await hub.user('redis-writer')
    const said = await hub.says('User', 'redis-writer', 'ACK.Recoverable')
    expect(said).toContain('only opaque secrets can be used')
    await hub.admin.of(secretType).delete('redis-writer-creds', { namespace: NAMESPACE })
    await hub.secret('redis-writer-creds')
    await hub.synced('User', 'redis-writer')
  })

  test.each([
    ['short', 'short'],
    ['fifteen characters', 'a'.repeat(15)],
    ['129 characters', 'a'.repeat(129)],
    ['a blank', 'correct horse battery staple'],
  ])('with a password that AWS would refuse (%s) is terminal before AWS is asked', async (_what, password) => {
    await hub.secret('redis-writer-creds', password)
    await hub.user('redis-writer')
    const said = await hub.says('User', 'redis-writer', 'ACK.Terminal')
    expect(said).toMatch(/^spec\.passwords\[0\]: .* is no password for ElastiCache: 16 to 128 printable characters/)
    expect(said).not.toContain(password === 'short' ? '"short"' : password)
    expect(aws.calls.count({ action: 'CreateUser' })).toBe(0)
  })

  test('with 16 characters is long enough', async () => {
    await hub.secret('redis-writer-creds', 'a'.repeat(16))
    await hub.user('redis-writer')
    await hub.synced('User', 'redis-writer')
    expect(aws.calls.count({ action: 'CreateUser' })).toBe(1)
  })

  test('of another namespace is not read', async () => {
    await hub.secret('redis-writer-creds', 'a'.repeat(20), 'Opaque', 'shop')
    await hub.user('redis-writer', { passwords: [{ name: 'redis-writer-creds', namespace: 'shop', key: 'password' }] })
    const said = await hub.says('User', 'redis-writer', 'ACK.Terminal')
    expect(said).toContain('spec.passwords[0].namespace')
    expect(await hub.instances()).toEqual([])
  })
})
