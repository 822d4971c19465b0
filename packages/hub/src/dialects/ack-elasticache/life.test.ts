/** Edits, deletes in any order, policies of deletion and adoption, other regions and accounts, exported fields. */
import {
  CreateReplicationGroupCommand,
  CreateSnapshotCommand,
  CreateUserCommand,
  DeleteReplicationGroupCommand,
  DescribeCacheParametersCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeSnapshotsCommand,
  ModifyReplicationGroupCommand,
  RemoveTagsFromResourceCommand,
} from '@aws-sdk/client-elasticache'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { configMapType, namespaceType, secretType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Aws } from '../../../../../test/aws/endpoint.ts'
import { backendKind } from '../../model/backend.ts'
import { doorInstanceName } from '../../model/names.ts'
import { SYNCED, TERMINAL } from './conditions.ts'
import { ACK_DOOR } from './kinds/fields.ts'
import { fieldExportKind, type AckObject } from './kinds/kinds.ts'
import { ackHub, awsForTests, conditionOf, NAMESPACE, truthOf, typeNamed, type AckHub } from './testing/ack-hub.ts'

const QUICK = { creatingMs: 0, modifyingMs: 0, deletingMs: 50, snapshottingMs: 50 }

let aws: Aws
let hub: AckHub

beforeAll(async () => {
  aws = await awsForTests()
})
beforeEach(async () => {
  await aws.reset()
  await aws.setTimes(QUICK)
  hub = await ackHub(aws)
  await hub.start()
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

/** The reference package: who may use a cache, and the cache. */
async function package_(): Promise<void> {
  await hub.make('CacheSubnetGroup', 'ack-elasticache', {
    cacheSubnetGroupName: 'ack-elasticache',
    cacheSubnetGroupDescription: 'A subnet group for Elasticache',
    subnetIDs: ['subnet-1'],
  })
  await hub.secret('redis-writer-creds')
  await hub.neutral()
  await hub.user('redis-writer')
  await hub.userGroup(['redis-default', 'redis-writer'])
  await hub.cache({ cacheSubnetGroupName: 'ack-elasticache', userGroupIDs: ['redis'] })
  // One after the other, as they wait for each other, each with patience of its own.
  await hub.synced('User', 'redis-writer')
  await hub.synced('UserGroup', 'redis')
  await hub.synced('ReplicationGroup', 'redis')
}

const parameter = (parameterName: string, parameterValue: string) => ({ parameterName, parameterValue })

/** What the group `tuned` says itself, by name. */
async function ownParameters(): Promise<Record<string, string | undefined>> {
  const { Parameters = [] } = await hub.truth.client.send(
    new DescribeCacheParametersCommand({ CacheParameterGroupName: 'tuned', Source: 'user' }),
  )
  return Object.fromEntries(Parameters.map(({ ParameterName = '', ParameterValue }) => [ParameterName, ParameterValue]))
}

const PARTS = [
  ['ReplicationGroup', 'redis'],
  ['UserGroup', 'redis'],
  ['User', 'redis-default'],
  ['User', 'redis-writer'],
  ['CacheSubnetGroup', 'ack-elasticache'],
] as const

const left = async () => [
  await hub.truth.caches(),
  await hub.truth.groups(),
  await hub.truth.users(),
  (await hub.truth.client.send(new DescribeCacheSubnetGroupsCommand({}))).CacheSubnetGroups?.filter(
    ({ CacheSubnetGroupName }) => CacheSubnetGroupName !== 'default',
  ),
]
const NOTHING = [[], [], [], []]

describe('row 37: an edit', () => {
  test('of description, replicas and members reaches AWS, and what else there is stays', async () => {
    await package_()
    await hub.edit('ReplicationGroup', 'redis', { description: 'Another', replicasPerNodeGroup: 1 })
    await hub.until('description and replicas', async () => {
      const [cache] = await hub.truth.caches()
      return cache?.Description === 'Another' && cache.MemberClusters?.length === 2 ? true : undefined
    })
    await hub.secret('redis-reader-creds')
    await hub.user('redis-reader', { accessString: 'on ~* -@all +@read' })
    await hub.edit('UserGroup', 'redis', { userIDs: ['redis-default', 'redis-reader'] })
    await hub.until('the members', async () => {
      const [group] = await hub.truth.groups()
      return group?.UserIds?.slice().sort().join() === 'redis-default,redis-reader' ? true : undefined
    })
    await hub.edit('User', 'redis-reader', { accessString: 'on ~app* +@read' })
    await hub.until('the access string', async () => {
      const user = (await hub.truth.users()).find(({ UserId }) => UserId === 'redis-reader')
      return user?.AccessString?.includes('~app*') ? true : undefined
    })
    for (const [kind, name] of PARTS) await hub.synced(kind, name)
    expect(aws.calls.count({ action: 'CreateReplicationGroup' })).toBe(1)
  })

  test('of what AWS never changes is terminal, and heals when it is taken back', async () => {
    await hub.cache()
    await hub.synced('ReplicationGroup', 'redis')
    await hub.edit('ReplicationGroup', 'redis', { port: 7000 })
    const said = await hub.says('ReplicationGroup', 'redis', TERMINAL)
    expect(said).toBe('Immutable Spec fields have been modified: port')
    await hub.edit('ReplicationGroup', 'redis', { port: null })
    expect(conditionOf(await hub.synced('ReplicationGroup', 'redis'), TERMINAL)).toBeUndefined()
  })

  test('of a CacheSubnetGroup reaches AWS', async () => {
    const spec = { cacheSubnetGroupName: 'nets', cacheSubnetGroupDescription: 'Before', subnetIDs: ['subnet-1'] }
    await hub.make('CacheSubnetGroup', 'nets', spec)
    await hub.synced('CacheSubnetGroup', 'nets')
    await hub.edit('CacheSubnetGroup', 'nets', {
      cacheSubnetGroupDescription: 'After',
      subnetIDs: ['subnet-1', 'subnet-2'],
    })
    await hub.synced('CacheSubnetGroup', 'nets')
    const { CacheSubnetGroups: [group] = [] } = await hub.truth.client.send(
      new DescribeCacheSubnetGroupsCommand({ CacheSubnetGroupName: 'nets' }),
    )
    expect(group?.CacheSubnetGroupDescription).toBe('After')
    expect(group?.Subnets?.map(({ SubnetIdentifier }) => SubnetIdentifier).sort()).toEqual(['subnet-1', 'subnet-2'])
    expect(aws.calls.count({ action: 'CreateCacheSubnetGroup' })).toBe(1)
  })

  test('of a CacheParameterGroup reaches AWS, and what is no longer said is as it was', async () => {
    await hub.make('CacheParameterGroup', 'tuned', {
      cacheParameterGroupName: 'tuned',
      cacheParameterGroupFamily: 'redis6.x',
      description: 'Tuned',
      parameterNameValues: [parameter('maxmemory-policy', 'allkeys-lru'), parameter('timeout', '20')],
    })
    await hub.synced('CacheParameterGroup', 'tuned')
    expect(await ownParameters()).toEqual({ 'maxmemory-policy': 'allkeys-lru', timeout: '20' })
    await hub.edit('CacheParameterGroup', 'tuned', {
      parameterNameValues: [parameter('maxmemory-policy', 'allkeys-lfu')],
    })
    await hub.synced('CacheParameterGroup', 'tuned')
    expect(await ownParameters()).toEqual({ 'maxmemory-policy': 'allkeys-lfu' })
    await hub.edit('CacheParameterGroup', 'tuned', { parameterNameValues: [] })
    await hub.synced('CacheParameterGroup', 'tuned')
    expect(await ownParameters()).toEqual({})
  })

  test('of the shards reaches AWS, up and down', async () => {
    await hub.cache({
      engineVersion: '7.1',
      cacheParameterGroupName: 'default.redis7.cluster.on',
      numNodeGroups: 2,
      replicasPerNodeGroup: 1,
      automaticFailoverEnabled: true,
    })
    await hub.synced('ReplicationGroup', 'redis')
    for (const [numNodeGroups, ids] of [
      [3, ['0001', '0002', '0003']],
      [1, ['0001']],
    ] as const) {
      await hub.edit('ReplicationGroup', 'redis', { numNodeGroups })
      const { status } = await hub.synced('ReplicationGroup', 'redis')
      const [cache] = await hub.truth.caches()
      expect(cache?.NodeGroups?.map(({ NodeGroupId }) => NodeGroupId)).toEqual(ids)
      expect(status?.['nodeGroups']).toMatchObject(ids.map((nodeGroupID) => ({ nodeGroupID })))
    }
  })

  test('of a password in its Secret reaches AWS', async () => {
    await hub.secret('redis-writer-creds')
    await hub.user('redis-writer')
    await hub.synced('User', 'redis-writer')
    const other = 'another-horse-battery-staple'
    await hub.admin
      .of(secretType)
      .patch('redis-writer-creds', { stringData: { password: other } }, { namespace: NAMESPACE })
    await hub.until('the password', async () =>
      (await aws.secrets()).passwords['redis-writer']?.join() === other ? true : undefined,
    )
  })
})

test('a token for all, and passwords in an authentication mode, come from Secrets and change with them', async () => {
  await hub.secret('token', 'first-token-of-the-cache')
  await hub.secret('redis-writer-creds')
  await hub.cache({ authToken: { name: 'token', key: 'password' } })
  await hub.make('User', 'redis-writer', {
    userID: 'redis-writer',
    userName: 'writer',
    engine: 'redis',
    accessString: 'on ~* +@all',
    authenticationMode: { type_: 'password', passwords: [{ name: 'redis-writer-creds', key: 'password' }] },
  })
  await hub.synced('ReplicationGroup', 'redis')
  await hub.synced('User', 'redis-writer')
  expect(await aws.secrets()).toMatchObject({
    authTokens: { redis: ['first-token-of-the-cache'] },
    passwords: { 'redis-writer': ['correct-horse-battery-staple'] },
  })
  const second = 'second-token-of-the-cache'
  await hub.admin.of(secretType).patch('token', { stringData: { password: second } }, { namespace: NAMESPACE })
  await hub.until('the token', async () =>
    (await aws.secrets()).authTokens['redis']?.includes(second) ? true : undefined,
  )
  expect(JSON.stringify(hub.everything().filter(({ kind }) => kind !== 'Secret'))).not.toContain('token-of-the-cache')
})

describe('row 38: deletes', () => {
  test.each([
    ['in the order of the document', PARTS],
    ['in the other order', PARTS.toReversed()],
  ])('%s end, and leave nothing', async (_order, parts) => {
    await package_()
    for (const [kind, name] of parts) await hub.remove(kind, name)
    for (const [kind, name] of parts) await hub.gone(kind, name)
    expect(await left()).toEqual(NOTHING)
    expect(await hub.instances()).toEqual([])
  })

  test('of a cache says that it is going, and blocks until it is gone', async () => {
    await hub.cache()
    await hub.synced('ReplicationGroup', 'redis')
    await aws.setTimes({ deletingMs: Infinity })
    await hub.remove('ReplicationGroup', 'redis')
    const said = await hub.says('ReplicationGroup', 'redis', SYNCED, /deleted/)
    expect(said).toBe('replication group currently being deleted.')
    await hub.until('AWS to delete it', async () =>
      (await hub.truth.caches())[0]?.Status === 'deleting' ? true : undefined,
    )
    expect((await hub.get('ReplicationGroup', 'redis')).metadata.deletionTimestamp).toBeDefined()
    await aws.setTimes({ deletingMs: 0 })
    await hub.gone('ReplicationGroup', 'redis')
    expect(await hub.truth.caches()).toEqual([])
  })

  test('row 77: of the default user before its group is terminal in the words of AWS, and ends when the group goes', async () => {
    await hub.neutral()
    await hub.userGroup()
    await hub.synced('UserGroup', 'redis')
    await hub.remove('User', 'redis-default')
    const said = await hub.says('User', 'redis-default', TERMINAL)
    expect(said).toBe(
      "DefaultUserAssociatedToUserGroup: User is associated to user group(s) as a default user and can't be deleted.",
    )
    await hub.remove('UserGroup', 'redis')
    await hub.gone('User', 'redis-default')
    expect(await hub.truth.users()).toEqual([])
  })

  test('of what was never made ends at once', async () => {
    await hub.user('redis-writer')
    await hub.says('User', 'redis-writer', 'ACK.Recoverable')
    await hub.remove('User', 'redis-writer')
    await hub.gone('User', 'redis-writer')
  })
})

/** Before the hub begins again: what it makes before it sees them stays where it is. */
async function annotateNamespace(annotations: Record<string, string>): Promise<void> {
  await hub.kill()
  await hub.admin.of(namespaceType).patch(NAMESPACE, { metadata: { annotations } })
  await hub.start()
}

describe('row 39: annotations', () => {
  test('deletion-policy retain leaves the thing in AWS, of the object or of its namespace', async () => {
    await hub.neutral()
    await hub.synced('User', 'redis-default')
    await hub.annotate('User', 'redis-default', { 'services.k8s.aws/deletion-policy': 'retain' })
    await hub.remove('User', 'redis-default')
    await hub.gone('User', 'redis-default')
    const [kept] = await hub.truth.users()
    expect(kept?.UserId).toBe('redis-default')
    // Marked as that of the object which is gone: who knows that it is takes the mark away.
    const again = { ...FAR, userID: 'redis-default', userName: 'default', accessString: 'off ~* -@all' }
    const adopting = { annotations: { 'services.k8s.aws/adoption-policy': 'adopt' } }
    await hub.make('User', 'again', again, adopting)
    await hub.says('User', 'again', TERMINAL, /its tag larder\.dev\/id is .* remove the tag in AWS/)
    await hub.remove('User', 'again')
    await hub.gone('User', 'again')
    await hub.truth.client.send(
      new RemoveTagsFromResourceCommand({ ResourceName: kept?.ARN, TagKeys: ['larder.dev/id'] }),
    )
    await hub.make('User', 'again', again, adopting)
    await hub.synced('User', 'again')
    await annotateNamespace({ 'elasticache.services.k8s.aws/deletion-policy': 'retain' })
    await hub.userGroup()
    await hub.synced('UserGroup', 'redis')
    await hub.remove('UserGroup', 'redis')
    await hub.gone('UserGroup', 'redis')
    expect(await hub.truth.groups()).toHaveLength(1)
  })

  test('region chooses where it is made, once', async () => {
    await hub.make('User', 'far', FAR, { annotations: { 'services.k8s.aws/region': 'eu-central-1' } })
    const user = await hub.synced('User', 'far')
    expect(user.status?.['ackResourceMetadata']).toMatchObject({ region: 'eu-central-1' })
    expect(await hub.truth.users()).toEqual([])
    expect(await truthOf(aws, { region: 'eu-central-1' }).users()).toHaveLength(1)
    await hub.annotate('User', 'far', { 'services.k8s.aws/region': 'us-east-1' })
    const said = await hub.says('User', 'far', TERMINAL)
    expect(said).toContain('stays there')
  })

  test('default-region of the namespace is for what says none', async () => {
    await annotateNamespace({ 'services.k8s.aws/default-region': 'eu-central-1' })
    await hub.make('User', 'far', FAR)
    await hub.synced('User', 'far')
    expect(await truthOf(aws, { region: 'eu-central-1' }).users()).toHaveLength(1)
  })

  test('owner-account-id of the namespace is another account, by its role', async () => {
    const account = '222222222222'
    await annotateNamespace({ 'services.k8s.aws/owner-account-id': account })
    await hub.make('User', 'far', FAR)
    await hub.says('User', 'far', 'ACK.Recoverable', /of account 222222222222/)
    await hub.admin.of(namespaceType).create({ metadata: { name: 'ack-system' } })
    const roleARN = `arn:aws:iam::${account}:role/larder`
    await hub.admin.of(configMapType).create({
      metadata: { name: 'ack-role-account-map', namespace: 'ack-system' },
      data: { [account]: roleARN },
    })
    const user = await hub.synced('User', 'far')
    expect(user.status?.['ackResourceMetadata']).toMatchObject({ ownerAccountID: account })
    expect(await hub.truth.users()).toEqual([])
    const { Credentials } = await new STSClient(aws.client(aws.truthUrl)).send(
      new AssumeRoleCommand({ RoleArn: roleARN, RoleSessionName: 'truth' }),
    )
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '', SessionToken } = Credentials ?? {}
    const credentials = {
      accessKeyId,
      secretAccessKey,
      ...(SessionToken !== undefined && { sessionToken: SessionToken }),
    }
    const [there, ...others] = await truthOf(aws, { credentials }).users()
    expect(there).toMatchObject({ UserId: 'far', ARN: `arn:aws:elasticache:${aws.region}:${account}:user:far` })
    expect(others).toEqual([])
    const [backend] = (await hub.admin.of(backendKind).list()).items
    expect(backend?.spec).toMatchObject({ config: { accountID: account }, consumers: { namespaces: [NAMESPACE] } })
  })
})

const FAR = { userID: 'far', userName: 'far', engine: 'redis', accessString: 'on ~* +@all', noPasswordRequired: true }

const existing = () =>
  hub.truth.client.send(
    new CreateReplicationGroupCommand({
      ReplicationGroupId: 'redis',
      ReplicationGroupDescription: 'Made by hand',
      CacheNodeType: 'cache.t4g.micro',
      TransitEncryptionEnabled: true,
    }),
  )

describe('row 40: what exists in AWS already', () => {
  test('is refused as terminal, and left as it is also when the object goes', async () => {
    await existing()
    await hub.cache()
    const said = await hub.says('ReplicationGroup', 'redis', TERMINAL)
    expect(said).toMatch(/^Resource already exists: .*services\.k8s\.aws\/adoption-policy/)
    await hub.remove('ReplicationGroup', 'redis')
    await hub.gone('ReplicationGroup', 'redis')
    expect((await hub.truth.caches())[0]).toMatchObject({ Description: 'Made by hand' })
  })

  test.each(['adopt', 'adopt-or-create'])('is taken over with the annotation %s', async (policy) => {
    await existing()
    const [before] = await hub.truth.caches()
    await hub.make(
      'ReplicationGroup',
      'redis',
      { replicationGroupID: 'redis', description: 'Taken over' },
      {
        annotations: {
          'services.k8s.aws/adoption-policy': policy,
          'services.k8s.aws/adoption-fields': '{"replicationGroupID": "redis"}',
        },
      },
    )
    const { status } = await hub.synced('ReplicationGroup', 'redis')
    expect(status?.['ackResourceMetadata']).toMatchObject({ arn: before?.ARN })
    await hub.until('its description', async () =>
      (await hub.truth.caches())[0]?.Description === 'Taken over' ? true : undefined,
    )
    expect(aws.calls.count({ action: 'CreateReplicationGroup' })).toBe(0)
  })

  test.each([
    ['names', { snapshotName: 'old' }, { replicationGroupID: 'redis' }],
    ['references', { snapshotRef: { from: { name: 'old' } } }, { replicationGroupRef: { from: { name: 'redis' } } }],
  ])('a cache and the snapshot it began with are taken over where each %s the other', async (_how, began, taken) => {
    await existing()
    await expect.poll(async () => (await hub.truth.caches())[0]?.Status).toBe('available')
    await hub.truth.client.send(new CreateSnapshotCommand({ SnapshotName: 'old', ReplicationGroupId: 'redis' }))
    const adopting = { annotations: { 'services.k8s.aws/adoption-policy': 'adopt' } }
    const cache = { replicationGroupID: 'redis', description: 'Made by hand', ...began }
    // The hub sees both at once.
    await hub.kill()
    await hub.make('ReplicationGroup', 'redis', cache, adopting)
    await hub.make('Snapshot', 'old', { snapshotName: 'old', ...taken }, adopting)
    await hub.start()
    await hub.synced('ReplicationGroup', 'redis')
    await hub.synced('Snapshot', 'old')
  })

  test('by two objects is taken by the first alone', async () => {
    await hub.neutral()
    await hub.synced('User', 'redis-default')
    await hub.make('User', 'second', { ...FAR, userID: 'Redis-Default', userName: 'default' })
    await hub.says('User', 'second', TERMINAL, /^Resource already exists/)
    await hub.remove('User', 'second')
    await hub.gone('User', 'second')
    expect(await hub.truth.users()).toHaveLength(1)
  })
})

describe('what AWS changes without us', () => {
  beforeEach(async () => {
    await hub.backend('quick', {
      driver: 'elasticache',
      config: { region: aws.region, lookAgain: '200ms' },
      consumers: { selector: {} },
    })
  })

  test('row 43: an endpoint that moves is in the status', async () => {
    await hub.cache()
    await hub.synced('ReplicationGroup', 'redis')
    aws.faults.rewrite({ action: 'DescribeReplicationGroups' }, (body) =>
      body.replaceAll(/<Address>[^<]*<\/Address>/g, '<Address>moved.example.com</Address>'),
    )
    const moved = await hub.until('the new endpoint', async () => {
      const { status } = await hub.get('ReplicationGroup', 'redis')
      return JSON.stringify(status).includes('"primaryEndpoint":{"address":"moved.example.com"') ? true : undefined
    })
    expect(moved).toBe(true)
  })

  test('what somebody edits is put right, and what somebody removes is told and not made again', async () => {
    await hub.cache()
    await hub.synced('ReplicationGroup', 'redis')
    const { client } = hub.truth
    const edit = { ReplicationGroupId: 'redis', ReplicationGroupDescription: 'By hand', ApplyImmediately: true }
    await client.send(new ModifyReplicationGroupCommand(edit))
    // AWS shows the edit only when it has ended: until the hub has answered it, the description is that from before.
    await hub.until(
      'the change of the hub',
      () => aws.calls.count({ action: 'ModifyReplicationGroup' }) > 0 || undefined,
    )
    await hub.until('the description, and the cache to be available', async () => {
      const [cache] = await hub.truth.caches()
      return (cache?.Description === 'A redis service instance' && cache.Status === 'available') || undefined
    })
    await client.send(new DeleteReplicationGroupCommand({ ReplicationGroupId: 'redis' }))
    const said = await hub.says('ReplicationGroup', 'redis', TERMINAL)
    expect(said).toContain('no longer has the service')
    expect(aws.calls.count({ action: 'CreateReplicationGroup' })).toBe(1)
    await hub.remove('ReplicationGroup', 'redis')
    await hub.gone('ReplicationGroup', 'redis')
  })
})

test('a read-only object tells of what is there, and neither changes nor removes it', async () => {
  await hub.truth.client.send(
    new CreateUserCommand({
      UserId: FAR.userID,
      UserName: FAR.userName,
      Engine: FAR.engine,
      AccessString: 'on ~app* +@read',
      NoPasswordRequired: true,
    }),
  )
  await hub.make('User', 'far', FAR, { annotations: { 'services.k8s.aws/read-only': 'true' } })
  const { status } = await hub.synced('User', 'far')
  expect(status).toMatchObject({ status: 'active' })
  await hub.remove('User', 'far')
  await hub.gone('User', 'far')
  expect((await hub.truth.users())[0]?.AccessString).toContain('~app*')
})

test('a snapshot of a cache is made, copied, and removed', async () => {
  await hub.cache({ replicasPerNodeGroup: 1, automaticFailoverEnabled: true })
  await hub.make('Snapshot', 'today', { snapshotName: 'today', replicationGroupRef: { from: { name: 'redis' } } })
  await hub.make('Snapshot', 'copy', { snapshotName: 'copy', sourceSnapshotRef: { from: { name: 'today' } } })
  const today = await hub.synced('Snapshot', 'today')
  expect(today.status).toMatchObject({ snapshotStatus: 'available', snapshotSource: 'manual' })
  await hub.synced('Snapshot', 'copy')
  const names = async () => {
    const { Snapshots = [] } = await hub.truth.client.send(new DescribeSnapshotsCommand({}))
    return Snapshots.map(({ SnapshotName = '' }) => SnapshotName).toSorted((a, b) => a.localeCompare(b))
  }
  expect(await names()).toEqual(['copy', 'today'])
  for (const name of ['today', 'copy']) await hub.remove('Snapshot', name)
  for (const name of ['today', 'copy']) await hub.gone('Snapshot', name)
  expect(await names()).toEqual([])
})

describe('row 45: a FieldExport', () => {
  const exports = fieldExportKind as ResourceType<AckObject>
  const make = (name: string, path: string, to: Record<string, string>) =>
    hub.admin.of(exports).create({
      metadata: { name, namespace: NAMESPACE },
      spec: {
        from: { path, resource: { group: 'elasticache.services.k8s.aws', kind: 'ReplicationGroup', name: 'redis' } },
        to,
      },
    })
  const says = (name: string, type: string) =>
    hub.until(`${name} to say ${type}`, async () => conditionOf(await hub.admin.of(exports).get(name, NAMESPACE), type))
  const ADDRESS = '.status.nodeGroups[0].primaryEndpoint.address'

  test('copies a field into a ConfigMap and a Secret once both are there', async () => {
    await make('host', ADDRESS, { kind: 'configmap', name: 'app' })
    await make('port', '.status.nodeGroups[0].primaryEndpoint.port', { kind: 'secret', name: 'app', key: 'port' })
    expect((await says('host', 'ACK.Recoverable')).message).toContain('does not exist')
    await hub.cache()
    await hub.synced('ReplicationGroup', 'redis')
    await hub.until('what is missing', async () => {
      const said = (await says('host', 'ACK.Recoverable')).message ?? ''
      return said.includes('unable to get existing configmap') ? true : undefined
    })
    await hub.admin.of(configMapType).create({ metadata: { name: 'app', namespace: NAMESPACE }, data: { own: 'kept' } })
    await hub.admin.of(secretType).create({ metadata: { name: 'app', namespace: NAMESPACE } })
    const data = await hub.until('the copy', async () => {
      const { data = {} } = await hub.admin.of(configMapType).get('app', NAMESPACE)
      return data[`${NAMESPACE}.host`] === undefined ? undefined : data
    })
    const address = (await hub.truth.caches())[0]?.NodeGroups?.[0]?.PrimaryEndpoint?.Address
    expect(data).toEqual({ own: 'kept', [`${NAMESPACE}.host`]: address })
    await hub.until('the port', async () =>
      (await hub.secretValues('app', NAMESPACE))?.['port'] === '6379' ? true : undefined,
    )
    // What somebody spoils is put right; what is exported stays when the export goes.
    await hub.admin
      .of(configMapType)
      .patch('app', { data: { [`${NAMESPACE}.host`]: 'spoiled' } }, { namespace: NAMESPACE })
    await hub.until('the copy again', async () =>
      (await hub.admin.of(configMapType).get('app', NAMESPACE)).data?.[`${NAMESPACE}.host`] === address
        ? true
        : undefined,
    )
    await hub.admin.of(exports).delete('host', { namespace: NAMESPACE })
    expect((await hub.admin.of(configMapType).get('app', NAMESPACE)).data?.[`${NAMESPACE}.host`]).toBe(address)
  })

  test.each([
    ['a path that is none', '.status[', { kind: 'configmap', name: 'app' }, 'unable to parse path'],
    ['another namespace', ADDRESS, { kind: 'secret', name: 'app', namespace: 'shop' }, 'spec.to.namespace'],
  ])('of %s is terminal', async (_what, path, to, said) => {
    await make('wrong', path, to)
    expect((await says('wrong', TERMINAL)).message).toContain(said)
  })
})

/** The Instance of an object, and what its driver remembers. */
const isOfLast = (write: string, uid: string) => write.includes(doorInstanceName(ACK_DOOR, uid))

test('in sync writes nothing', async () => {
  await package_()
  for (const [kind, name] of PARTS) await hub.synced(kind, name)
  const writes = hub.cut.writes.length
  for (const [kind, name] of PARTS) {
    await hub.admin
      .of(typeNamed(kind))
      .patch(name, { metadata: { labels: { looked: 'at' } } }, { namespace: NAMESPACE })
  }
  // Passes over these have all come to their end when one that came behind them has.
  await hub.make('User', 'last', { ...FAR, userID: 'last' })
  await hub.synced('User', 'last')
  const { uid } = (await hub.get('User', 'last')).metadata
  const others = hub.cut.writes.slice(writes).filter((write) => !write.endsWith(' last') && !isOfLast(write, uid ?? ''))
  expect(others).toEqual([])
})
