/** The operations that a driver of caches needs, through the SDK: what we added to moto is held here to what AWS documents. */
import {
  CopySnapshotCommand,
  CreateCacheClusterCommand,
  CreateCacheParameterGroupCommand,
  CreateCacheSubnetGroupCommand,
  CreateReplicationGroupCommand,
  CreateSnapshotCommand,
  CreateUserCommand,
  CreateUserGroupCommand,
  DecreaseReplicaCountCommand,
  DeleteCacheClusterCommand,
  DeleteCacheParameterGroupCommand,
  DeleteCacheSubnetGroupCommand,
  DeleteReplicationGroupCommand,
  DeleteSnapshotCommand,
  DeleteUserCommand,
  DeleteUserGroupCommand,
  DescribeCacheClustersCommand,
  DescribeCacheEngineVersionsCommand,
  DescribeCacheParameterGroupsCommand,
  DescribeCacheParametersCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeEventsCommand,
  DescribeReplicationGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
  IncreaseReplicaCountCommand,
  ListAllowedNodeTypeModificationsCommand,
  ListTagsForResourceCommand,
  AddTagsToResourceCommand,
  ModifyCacheClusterCommand,
  ModifyCacheParameterGroupCommand,
  ModifyCacheSubnetGroupCommand,
  ModifyReplicationGroupCommand,
  ModifyReplicationGroupShardConfigurationCommand,
  ModifyUserCommand,
  ModifyUserGroupCommand,
  RebootCacheClusterCommand,
  RemoveTagsFromResourceCommand,
  ResetCacheParameterGroupCommand,
  TestFailoverCommand,
  type CreateReplicationGroupCommandInput,
  type ReplicationGroup,
} from '@aws-sdk/client-elasticache'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../testing/processes.ts'
import { startAws, type Aws } from './endpoint.ts'

const AT_ONCE = { creatingMs: 0, modifyingMs: 0, deletingMs: 0, snapshottingMs: 0 }
const PASSWORD = 'a-password-of-sixteen-and-more'

let aws: Aws
let elasticache: ElastiCacheClient

beforeAll(async () => {
  aws = await startAws(AT_ONCE)
  elasticache = new ElastiCacheClient({ ...aws.client(), maxAttempts: 1 })
})
afterEach(async () => {
  await aws.setTimes(AT_ONCE)
  await aws.reset()
})
afterAll(async () => {
  elasticache.destroy()
  await aws.stop()
})

const createUser = (id: string, name: string, more: object = { Passwords: [PASSWORD] }) =>
  elasticache.send(
    new CreateUserCommand({ UserId: id, UserName: name, Engine: 'redis', AccessString: 'on ~* +@all', ...more }),
  )

async function createUserGroup(id: string, userIds: string[]): Promise<void> {
  await elasticache.send(new CreateUserGroupCommand({ UserGroupId: id, Engine: 'redis', UserIds: userIds }))
}

const createCache = (id: string, more: Partial<CreateReplicationGroupCommandInput> = {}) =>
  elasticache.send(
    new CreateReplicationGroupCommand({
      ReplicationGroupId: id,
      ReplicationGroupDescription: 'for a test',
      CacheNodeType: 'cache.t4g.micro',
      ...more,
    }),
  )

async function cache(id: string): Promise<ReplicationGroup> {
  const answer = await elasticache.send(new DescribeReplicationGroupsCommand({ ReplicationGroupId: id }))
  return answer.ReplicationGroups![0]!
}

const tokens = async () => (await aws.secrets()).authTokens['cache']

describe('users', () => {
  test('a user is created, modified with two passwords, and deleted', async () => {
    const created = await createUser('Writer', 'writer', { Passwords: [PASSWORD], AccessString: 'on ~app::* +@read' })
    expect(created).toMatchObject({ UserId: 'writer', Status: 'active', AccessString: 'on ~app::* -@all +@read' })

    const passwords = [PASSWORD, `${PASSWORD}-new`]
    await elasticache.send(
      new ModifyUserCommand({ UserId: 'writer', Passwords: passwords, AccessString: 'off ~* -@all' }),
    )
    const { Users } = await elasticache.send(new DescribeUsersCommand({ UserId: 'writer' }))
    expect(Users).toMatchObject([
      { Status: 'active', AccessString: 'off ~* -@all', Authentication: { Type: 'password', PasswordCount: 2 } },
    ])
    expect((await aws.secrets()).passwords['writer']).toEqual(passwords)

    await elasticache.send(new DeleteUserCommand({ UserId: 'writer' }))
    const gone = elasticache.send(new DescribeUsersCommand({ UserId: 'writer' }))
    await expect(gone).rejects.toMatchObject({ name: 'UserNotFoundFault' })
  })

  test('a list of more than a page has a marker', async () => {
    for (let i = 0; i < 5; i++) await createUser(`user-${i}`, `user-${i}`)
    const first = await elasticache.send(new DescribeUsersCommand({ MaxRecords: 4 }))
    const rest = await elasticache.send(new DescribeUsersCommand({ MaxRecords: 4, Marker: first.Marker }))
    // With the user that every account has.
    expect(first.Users).toHaveLength(4)
    expect(rest.Users).toHaveLength(2)
    expect(rest.Marker).toBeUndefined()
  })

  test.each([
    ['a second of the same id', { UserId: 'taken' }, 'UserAlreadyExistsFault'],
    ['no password and no word of that', { Passwords: [] }, 'InvalidParameterValueException'],
    ['a short password', { Passwords: ['short'] }, 'InvalidParameterValueException'],
    ['a password of 129 characters', { Passwords: ['x'.repeat(129)] }, 'InvalidParameterValueException'],
    ['three passwords', { Passwords: [1, 2, 3].map((n) => `${PASSWORD}${n}`) }, 'InvalidParameterValueException'],
    ['a password in the access string', { AccessString: 'on >secret ~* +@all' }, 'InvalidParameterValueException'],
    ['an id with an underscore', { UserId: 'my_user' }, 'InvalidParameterValueException'],
    [
      'IAM under another name',
      { Passwords: [], AuthenticationMode: { Type: 'iam' } },
      'InvalidParameterCombinationException',
    ],
  ])('refuses %s', async (_, wrong, name) => {
    await createUser('taken', 'taken')
    await expect(createUser('other', 'another', { Passwords: [PASSWORD], ...wrong })).rejects.toMatchObject({ name })
  })
})

describe('user groups', () => {
  test('a group is created, changed and deleted, and its users tell it', async () => {
    await createUser('app-default', 'default', { NoPasswordRequired: true, AccessString: 'off ~* -@all' })
    await createUser('reader', 'reader')
    await aws.setTimes({ creatingMs: Infinity })
    await createUserGroup('App', ['app-default'])
    const status = async () =>
      (await elasticache.send(new DescribeUserGroupsCommand({ UserGroupId: 'app' }))).UserGroups![0]!
    expect(await status()).toMatchObject({ UserGroupId: 'app', Status: 'creating' })
    await aws.setTimes({ creatingMs: 0, modifyingMs: Infinity })

    await elasticache.send(new ModifyUserGroupCommand({ UserGroupId: 'app', UserIdsToAdd: ['reader'] }))
    expect(await status()).toMatchObject({
      Status: 'modifying',
      UserIds: ['app-default'],
      PendingChanges: { UserIdsToAdd: ['reader'] },
    })
    const again = elasticache.send(new ModifyUserGroupCommand({ UserGroupId: 'app', UserIdsToRemove: ['reader'] }))
    await expect(again).rejects.toMatchObject({ name: 'InvalidUserGroupStateFault' })
    await aws.setTimes({ modifyingMs: 0 })
    expect(await status()).toMatchObject({ Status: 'active', UserIds: ['app-default', 'reader'] })
    const { Users } = await elasticache.send(new DescribeUsersCommand({ UserId: 'reader' }))
    expect(Users).toMatchObject([{ UserGroupIds: ['app'] }])

    await elasticache.send(new DeleteUserGroupCommand({ UserGroupId: 'app' }))
    await expect(status()).rejects.toMatchObject({ name: 'UserGroupNotFoundFault' })
  })

  test('refuses what AWS refuses: no user named default, two of one name, a user that is not there', async () => {
    await createUser('app-default', 'default')
    await createUser('one', 'same')
    await createUser('two', 'same')
    await expect(createUserGroup('app', ['one'])).rejects.toMatchObject({ name: 'DefaultUserRequired' })
    await expect(createUserGroup('app', ['default', 'app-default'])).rejects.toMatchObject({
      name: 'DuplicateUserNameFault',
    })
    await expect(createUserGroup('app', ['app-default', 'one', 'two'])).rejects.toMatchObject({
      name: 'DuplicateUserNameFault',
    })
    await expect(createUserGroup('app', ['nobody'])).rejects.toMatchObject({ name: 'UserNotFoundFault' })
  })

  test('the default user of a group is not deleted before the group; any other one leaves it', async () => {
    await createUser('app-default', 'default')
    await createUser('reader', 'reader')
    await createUserGroup('app', ['app-default', 'reader'])
    await expect(elasticache.send(new DeleteUserCommand({ UserId: 'app-default' }))).rejects.toMatchObject({
      name: 'DefaultUserAssociatedToUserGroupFault',
    })
    await elasticache.send(new DeleteUserCommand({ UserId: 'reader' }))
    const { UserGroups } = await elasticache.send(new DescribeUserGroupsCommand({}))
    expect(UserGroups).toMatchObject([{ UserIds: ['app-default'] }])
    await elasticache.send(new DeleteUserGroupCommand({ UserGroupId: 'app' }))
    await elasticache.send(new DescribeUserGroupsCommand({}))
    await elasticache.send(new DeleteUserCommand({ UserId: 'app-default' }))
  })
})

describe('replication groups', () => {
  test('creating takes its time: no addresses meanwhile, members ready one after the other', async () => {
    await aws.setTimes({ creatingMs: Infinity })
    const { ReplicationGroup: created } = await createCache('MyCache', { ReplicasPerNodeGroup: 2 })
    expect(created).toMatchObject({ ReplicationGroupId: 'mycache', Status: 'creating', ClusterEnabled: false })
    expect(created?.MemberClusters).toEqual(['mycache-001', 'mycache-002', 'mycache-003'])
    expect(created?.NodeGroups).toMatchObject([{ Status: 'creating' }])
    expect(created?.NodeGroups?.[0]?.PrimaryEndpoint).toBeUndefined()

    await aws.setTimes({ creatingMs: 2400 })
    await eventually('two of three nodes', async () => {
      const { CacheClusters } = await elasticache.send(new DescribeCacheClustersCommand({}))
      const seen = CacheClusters!.map((each) => each.CacheClusterStatus)
      return seen.filter((status) => status === 'available').length === 2 && seen.includes('creating')
        ? true
        : undefined
    })
    await aws.setTimes({ creatingMs: 0 })
    const ready = await cache('mycache')
    expect(ready.Status).toBe('available')
    expect(ready.NodeGroups).toMatchObject([
      {
        Status: 'available',
        PrimaryEndpoint: { Address: expect.stringMatching(/^mycache\..*\.usw2\.cache\.amazonaws\.com$/), Port: 6379 },
        ReaderEndpoint: { Address: expect.stringMatching(/^mycache-ro\./) },
        NodeGroupMembers: [{ CurrentRole: 'primary' }, { CurrentRole: 'replica' }, { CurrentRole: 'replica' }],
      },
    ])
  })

  test('in cluster mode there is one address to discover the shards by, and no primary', async () => {
    await createCache('cluster', {
      CacheParameterGroupName: 'default.redis7.cluster.on',
      NumNodeGroups: 2,
      ReplicasPerNodeGroup: 1,
      AutomaticFailoverEnabled: true,
      TransitEncryptionEnabled: true,
      Port: 7000,
    })
    const ready = await cache('cluster')
    expect(ready).toMatchObject({ ClusterEnabled: true, TransitEncryptionEnabled: true })
    expect(ready.ConfigurationEndpoint).toMatchObject({
      Address: expect.stringMatching(/^clustercfg\.cluster\./),
      Port: 7000,
    })
    expect(ready.NodeGroups?.map((shard) => shard.Slots)).toEqual(['0-8191', '8192-16383'])
    expect(ready.NodeGroups?.[0]?.PrimaryEndpoint).toBeUndefined()
    expect(ready.MemberClusters).toEqual([
      'cluster-0001-001',
      'cluster-0001-002',
      'cluster-0002-001',
      'cluster-0002-002',
    ])
  })

  test('users reach it through a group, over TLS; it must be gone before the group can go', async () => {
    await createUser('app-default', 'default')
    await createUserGroup('app', ['app-default'])
    await expect(createCache('plain', { UserGroupIds: ['app'] })).rejects.toMatchObject({
      name: 'InvalidParameterCombinationException',
      message: expect.stringContaining('requires encryption-in-transit'),
    })
    await expect(
      createCache('none', { UserGroupIds: ['no-such'], TransitEncryptionEnabled: true }),
    ).rejects.toMatchObject({
      name: 'UserGroupNotFoundFault',
    })
    await createCache('secure', { UserGroupIds: ['app'], TransitEncryptionEnabled: true })
    expect(await cache('secure')).toMatchObject({ UserGroupIds: ['app'], TransitEncryptionMode: 'required' })
    const { UserGroups } = await elasticache.send(new DescribeUserGroupsCommand({ UserGroupId: 'app' }))
    expect(UserGroups).toMatchObject([{ ReplicationGroups: ['secure'] }])
    const early = elasticache.send(new DeleteUserGroupCommand({ UserGroupId: 'app' }))
    await expect(early).rejects.toMatchObject({ name: 'InvalidUserGroupStateFault' })

    await elasticache.send(new ModifyReplicationGroupCommand({ ReplicationGroupId: 'secure', RemoveUserGroups: true }))
    expect((await cache('secure')).UserGroupIds ?? []).toEqual([])
    await elasticache.send(new DeleteUserGroupCommand({ UserGroupId: 'app' }))
  })

  test('it is modified step by step, and refuses others meanwhile', async () => {
    await createCache('cache', { ReplicasPerNodeGroup: 1 })
    await cache('cache')
    await aws.setTimes({ modifyingMs: Infinity })
    await elasticache.send(
      new ModifyReplicationGroupCommand({
        ReplicationGroupId: 'cache',
        ReplicationGroupDescription: 'another',
        AutomaticFailoverEnabled: true,
        SnapshotRetentionLimit: 3,
        CacheNodeType: 'cache.t4g.small',
        ApplyImmediately: true,
      }),
    )
    expect(await cache('cache')).toMatchObject({ Status: 'modifying', NodeGroups: [{ Status: 'modifying' }] })
    const early = elasticache.send(new DeleteReplicationGroupCommand({ ReplicationGroupId: 'cache' }))
    await expect(early).rejects.toMatchObject({ name: 'InvalidReplicationGroupStateFault' })
    await aws.setTimes({ modifyingMs: 0 })
    expect(await cache('cache')).toMatchObject({
      Status: 'available',
      Description: 'another',
      AutomaticFailover: 'enabled',
      SnapshotRetentionLimit: 3,
      CacheNodeType: 'cache.t4g.small',
    })
  })

  test('replicas, shards, the primary and node types change', async () => {
    await createCache('cache', { NumCacheClusters: 2, AutomaticFailoverEnabled: true })
    await cache('cache')
    const more = { ReplicationGroupId: 'cache', NewReplicaCount: 3, ApplyImmediately: true }
    await elasticache.send(new IncreaseReplicaCountCommand(more))
    expect((await cache('cache')).MemberClusters).toHaveLength(4)
    await elasticache.send(new TestFailoverCommand({ ReplicationGroupId: 'cache', NodeGroupId: '0001' }))
    const roles = (await cache('cache')).NodeGroups![0]!.NodeGroupMembers!.map((member) => member.CurrentRole)
    expect(roles).toEqual(['replica', 'primary', 'replica', 'replica'])
    await elasticache.send(new DecreaseReplicaCountCommand({ ...more, NewReplicaCount: 1 }))
    expect((await cache('cache')).MemberClusters).toEqual(['cache-001', 'cache-002'])
    const none = elasticache.send(new DecreaseReplicaCountCommand({ ...more, NewReplicaCount: 0 }))
    await expect(none).rejects.toMatchObject({ name: 'InvalidParameterCombinationException' })
    const allowed = await elasticache.send(new ListAllowedNodeTypeModificationsCommand({ ReplicationGroupId: 'cache' }))
    expect(allowed.ScaleUpModifications).toContain('cache.t4g.medium')

    await createCache('sharded', { ClusterMode: 'enabled', NumNodeGroups: 1, ReplicasPerNodeGroup: 1 })
    await cache('sharded')
    await elasticache.send(
      new ModifyReplicationGroupShardConfigurationCommand({
        ReplicationGroupId: 'sharded',
        NodeGroupCount: 3,
        ApplyImmediately: true,
      }),
    )
    expect((await cache('sharded')).NodeGroups).toHaveLength(3)
  })

  test('a token is rotated and then set: AWS holds both in between', async () => {
    const [first, second] = ['a-first-token-of-16', 'a-second-token-of-16']
    await createCache('cache', { TransitEncryptionEnabled: true, AuthToken: first })
    await cache('cache')
    const send = (strategy: 'ROTATE' | 'SET') =>
      elasticache.send(
        new ModifyReplicationGroupCommand({
          ReplicationGroupId: 'cache',
          AuthToken: second,
          AuthTokenUpdateStrategy: strategy,
        }),
      )
    await send('ROTATE')
    expect((await cache('cache')).Status).toBe('available')
    expect(await tokens()).toEqual([first, second])
    await send('SET')
    expect((await cache('cache')).Status).toBe('available')
    expect(await tokens()).toEqual([second])
    await expect(createCache('other', { AuthToken: first })).rejects.toMatchObject({
      name: 'InvalidParameterCombinationException',
    })
  })

  test('a creation that fails ends as create-failed, with its reason among the events', async () => {
    await aws.fail({
      operation: 'CreateReplicationGroup',
      target: 'unlucky',
      reason: 'Not enough capacity in the zone',
    })
    await createCache('lucky')
    await createCache('unlucky')
    expect(await cache('lucky')).toMatchObject({ Status: 'available' })
    expect(await cache('unlucky')).toMatchObject({ Status: 'create-failed' })
    const { Events } = await elasticache.send(
      new DescribeEventsCommand({ SourceIdentifier: 'unlucky', SourceType: 'replication-group' }),
    )
    expect(Events).toMatchObject([{ Message: 'Not enough capacity in the zone' }])
    await elasticache.send(new DeleteReplicationGroupCommand({ ReplicationGroupId: 'unlucky' }))
    await expect(cache('unlucky')).rejects.toMatchObject({ name: 'ReplicationGroupNotFoundFault' })
    await createCache('unlucky')
    expect(await cache('unlucky')).toMatchObject({ Status: 'available' })
  })

  test('a modification that fails leaves all as it was, with its reason among the events', async () => {
    await createCache('cache')
    await cache('cache')
    await aws.fail({ operation: 'ModifyReplicationGroup', target: 'cache', reason: 'no capacity for larger nodes' })
    const larger = {
      ReplicationGroupId: 'cache',
      ReplicationGroupDescription: 'new',
      CacheNodeType: 'cache.t4g.medium',
    }
    await elasticache.send(new ModifyReplicationGroupCommand(larger))
    const after = { Status: 'available', Description: 'for a test', CacheNodeType: 'cache.t4g.micro' }
    expect(await cache('cache')).toMatchObject(after)
    const { Events } = await elasticache.send(new DescribeEventsCommand({ SourceIdentifier: 'cache', MaxRecords: 1 }))
    expect(Events).toMatchObject([{ Message: 'no capacity for larger nodes' }])
  })

  test('deleting takes its time; then it is gone, and its name is free again', async () => {
    await createCache('cache')
    await cache('cache')
    await aws.setTimes({ deletingMs: Infinity })
    await elasticache.send(
      new DeleteReplicationGroupCommand({ ReplicationGroupId: 'cache', FinalSnapshotIdentifier: 'last' }),
    )
    expect(await cache('cache')).toMatchObject({ Status: 'deleting' })
    await expect(createCache('cache')).rejects.toMatchObject({ name: 'ReplicationGroupAlreadyExistsFault' })
    await aws.setTimes({ deletingMs: 0 })
    await expect(cache('cache')).rejects.toMatchObject({ name: 'ReplicationGroupNotFoundFault' })
    const { Snapshots } = await elasticache.send(new DescribeSnapshotsCommand({ SnapshotName: 'last' }))
    expect(Snapshots).toMatchObject([{ SnapshotStatus: 'available' }])
    await createCache('cache')
  })

  test.each<[string, Partial<CreateReplicationGroupCommandInput>, string]>([
    ['a node type that does not exist', { CacheNodeType: 'cache.t9.micro' }, 'InvalidParameterValueException'],
    ['an engine version that does not exist', { EngineVersion: '9.9' }, 'InvalidParameterValueException'],
    ['an id of two hyphens', { ReplicationGroupId: 'a--b' }, 'InvalidParameterValueException'],
    ['six replicas', { ReplicasPerNodeGroup: 6 }, 'InvalidParameterValueException'],
    ['two shards without cluster mode', { NumNodeGroups: 2 }, 'InvalidParameterCombinationException'],
    ['failover without a replica', { AutomaticFailoverEnabled: true }, 'InvalidParameterCombinationException'],
    ['a subnet group that is not there', { CacheSubnetGroupName: 'none' }, 'CacheSubnetGroupNotFoundFault'],
    ['a parameter group that is not there', { CacheParameterGroupName: 'none' }, 'CacheParameterGroupNotFoundFault'],
    ['a snapshot that is not there', { SnapshotName: 'none' }, 'SnapshotNotFoundFault'],
  ])('refuses %s', async (_, wrong, name) => {
    await expect(createCache('cache', wrong)).rejects.toMatchObject({ name })
  })
})

describe('groups of subnets and parameters', () => {
  test('a subnet group is changed, and stays as long as a cache uses it', async () => {
    const name = { CacheSubnetGroupName: 'Mine' }
    await elasticache.send(
      new CreateCacheSubnetGroupCommand({ ...name, CacheSubnetGroupDescription: 'one', SubnetIds: ['subnet-1'] }),
    )
    await elasticache.send(
      new ModifyCacheSubnetGroupCommand({
        ...name,
        CacheSubnetGroupDescription: 'two',
        SubnetIds: ['subnet-2', 'subnet-3'],
      }),
    )
    const { CacheSubnetGroups } = await elasticache.send(new DescribeCacheSubnetGroupsCommand(name))
    expect(CacheSubnetGroups).toMatchObject([
      {
        CacheSubnetGroupName: 'mine',
        CacheSubnetGroupDescription: 'two',
        Subnets: [
          { SubnetIdentifier: 'subnet-2', SubnetAvailabilityZone: { Name: 'us-west-2a' } },
          { SubnetIdentifier: 'subnet-3' },
        ],
      },
    ])
    await createCache('cache', name)
    await cache('cache')
    const early = elasticache.send(new DeleteCacheSubnetGroupCommand(name))
    await expect(early).rejects.toMatchObject({ name: 'CacheSubnetGroupInUse' })
    await elasticache.send(new DeleteReplicationGroupCommand({ ReplicationGroupId: 'cache' }))
    await elasticache.send(new DescribeReplicationGroupsCommand({}))
    await elasticache.send(new DeleteCacheSubnetGroupCommand(name))
    await expect(elasticache.send(new DescribeCacheSubnetGroupsCommand(name))).rejects.toMatchObject({
      name: 'CacheSubnetGroupNotFoundFault',
    })
  })

  test('a parameter group tells what it was given, and refuses what its family does not have', async () => {
    const name = { CacheParameterGroupName: 'mine' }
    const family = { CacheParameterGroupFamily: 'redis7', Description: 'mine' }
    await elasticache.send(new CreateCacheParameterGroupCommand({ ...name, ...family }))
    const set = (parameter: string, value: string) =>
      elasticache.send(
        new ModifyCacheParameterGroupCommand({
          ...name,
          ParameterNameValues: [{ ParameterName: parameter, ParameterValue: value }],
        }),
      )
    await set('maxmemory-policy', 'allkeys-lru')
    const { Parameters } = await elasticache.send(new DescribeCacheParametersCommand({ ...name, Source: 'user' }))
    expect(Parameters).toMatchObject([{ ParameterName: 'maxmemory-policy', ParameterValue: 'allkeys-lru' }])
    await expect(set('maxmemory-policy', 'no-such')).rejects.toMatchObject({ name: 'InvalidParameterValueException' })
    await expect(set('no-such', '1')).rejects.toMatchObject({ name: 'InvalidParameterValueException' })
    await expect(set('timeout', '19')).rejects.toMatchObject({ name: 'InvalidParameterValueException' })
    await set('timeout', '0')
    await set('timeout', '20')
    const all = { ...name, ResetAllParameters: true }
    await elasticache.send(new ResetCacheParameterGroupCommand(all))
    const { Parameters: left } = await elasticache.send(new DescribeCacheParametersCommand({ ...name, Source: 'user' }))
    expect(left).toEqual([])
    const { CacheParameterGroups } = await elasticache.send(new DescribeCacheParameterGroupsCommand(name))
    expect(CacheParameterGroups).toMatchObject([{ CacheParameterGroupFamily: 'redis7', Description: 'mine' }])
    const theirs = { ...all, CacheParameterGroupName: 'default.redis7' }
    await expect(elasticache.send(new ResetCacheParameterGroupCommand(theirs))).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    })
    await expect(elasticache.send(new CreateCacheParameterGroupCommand({ ...name, ...family }))).rejects.toMatchObject({
      name: 'CacheParameterGroupAlreadyExistsFault',
    })
    await elasticache.send(new DeleteCacheParameterGroupCommand(name))
  })
})

describe('cache clusters', () => {
  test('a single node tells its address when it is asked for nodes; memcached also without', async () => {
    await elasticache.send(
      new CreateCacheClusterCommand({ CacheClusterId: 'single', Engine: 'redis', CacheNodeType: 'cache.t4g.micro' }),
    )
    const memcached = { CacheClusterId: 'mem', Engine: 'memcached', NumCacheNodes: 2, CacheNodeType: 'cache.t4g.micro' }
    await elasticache.send(new CreateCacheClusterCommand(memcached))
    const describeOne = async (id: string, nodes: boolean) =>
      (await elasticache.send(new DescribeCacheClustersCommand({ CacheClusterId: id, ShowCacheNodeInfo: nodes })))
        .CacheClusters![0]!
    expect((await describeOne('single', false)).CacheNodes ?? []).toEqual([])
    expect((await describeOne('single', true)).CacheNodes).toMatchObject([
      { Endpoint: { Address: expect.stringMatching(/^single\./), Port: 6379 } },
    ])
    expect(await describeOne('mem', false)).toMatchObject({
      EngineVersion: '1.6.22',
      ConfigurationEndpoint: { Address: expect.stringContaining('.cfg.'), Port: 11211 },
    })
    expect((await describeOne('mem', true)).CacheNodes).toHaveLength(2)

    await elasticache.send(new ModifyCacheClusterCommand({ CacheClusterId: 'mem', NumCacheNodes: 3 }))
    expect((await describeOne('mem', true)).CacheNodes).toHaveLength(3)
    await aws.setTimes({ modifyingMs: Infinity })
    await elasticache.send(new RebootCacheClusterCommand({ CacheClusterId: 'mem', CacheNodeIdsToReboot: ['0001'] }))
    expect(await describeOne('mem', false)).toMatchObject({ CacheClusterStatus: 'rebooting cluster nodes' })
    await aws.setTimes({ modifyingMs: 0 })
    expect(await describeOne('mem', false)).toMatchObject({ CacheClusterStatus: 'available' })
    const { CacheEngineVersions } = await elasticache.send(
      new DescribeCacheEngineVersionsCommand({ Engine: 'memcached', DefaultOnly: true }),
    )
    expect(CacheEngineVersions).toMatchObject([{ EngineVersion: '1.6.22', CacheParameterGroupFamily: 'memcached1.6' }])
    await elasticache.send(new DeleteCacheClusterCommand({ CacheClusterId: 'mem' }))
    await expect(describeOne('mem', true)).rejects.toMatchObject({ name: 'CacheClusterNotFoundFault' })
  })
})

describe('snapshots', () => {
  test('one is made, copied and deleted; the cache is busy meanwhile', async () => {
    await createCache('cache')
    await cache('cache')
    await aws.setTimes({ snapshottingMs: Infinity })
    await elasticache.send(new CreateSnapshotCommand({ SnapshotName: 'monday', ReplicationGroupId: 'cache' }))
    expect(await cache('cache')).toMatchObject({ Status: 'snapshotting' })
    await aws.setTimes({ snapshottingMs: 0 })
    const names = async () =>
      (await elasticache.send(new DescribeSnapshotsCommand({}))).Snapshots!.map((each) => each.SnapshotName)
    expect(await names()).toEqual(['monday'])
    expect(await cache('cache')).toMatchObject({ Status: 'available' })
    await elasticache.send(new CopySnapshotCommand({ SourceSnapshotName: 'monday', TargetSnapshotName: 'kept' }))
    await elasticache.send(new DeleteSnapshotCommand({ SnapshotName: 'monday' }))
    expect(await names()).toEqual(['kept'])
    await aws.fail({ operation: 'CreateSnapshot', reason: 'no space' })
    await elasticache.send(new CreateSnapshotCommand({ SnapshotName: 'tuesday', ReplicationGroupId: 'cache' }))
    const { Snapshots } = await elasticache.send(new DescribeSnapshotsCommand({ SnapshotName: 'tuesday' }))
    expect(Snapshots).toMatchObject([{ SnapshotStatus: 'failed' }])
  })
})

describe('tags', () => {
  test('every kind has tags from its creation, and they change', async () => {
    const Tags = [{ Key: 'owner', Value: 'larder' }]
    const user = await createUser('app-default', 'default', { Passwords: [PASSWORD], Tags })
    const group = await elasticache.send(
      new CreateUserGroupCommand({ UserGroupId: 'app', Engine: 'redis', UserIds: ['app-default'], Tags }),
    )
    const parameters = await elasticache.send(
      new CreateCacheParameterGroupCommand({
        CacheParameterGroupName: 'mine',
        CacheParameterGroupFamily: 'redis7',
        Description: 'mine',
        Tags,
      }),
    )
    const { ReplicationGroup } = await createCache('cache', { Tags })
    const arns = [user.ARN, group.ARN, parameters.CacheParameterGroup?.ARN, ReplicationGroup?.ARN]
    for (const ResourceName of arns) {
      const { TagList } = await elasticache.send(new ListTagsForResourceCommand({ ResourceName }))
      expect(TagList).toEqual(Tags)
      const more = [{ Key: 'more', Value: 'yes' }]
      const added = await elasticache.send(new AddTagsToResourceCommand({ ResourceName, Tags: more }))
      expect(added.TagList).toEqual([...Tags, ...more])
      const left = await elasticache.send(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ['owner'] }))
      expect(left.TagList).toEqual(more)
    }
    const missing = new ListTagsForResourceCommand({ ResourceName: group.ARN!.replace('app', 'other') })
    await expect(elasticache.send(missing)).rejects.toMatchObject({ name: 'UserGroupNotFoundFault' })
  })
})
