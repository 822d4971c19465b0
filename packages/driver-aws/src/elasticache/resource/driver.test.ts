/** Resources one by one, as ACK's users know them: in any order, with AWS's own words, and gone when asked. */
import {
  CreateSnapshotCommand,
  DeleteUserCommand,
  DescribeCacheParametersCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeReplicationGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import type { Json, Seen, Session, Want } from '@larder/kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../../../test/aws/endpoint.ts'
import { connect } from '../../testing/stage.ts'
import { elasticacheDriver } from '../driver.ts'

let aws: Aws
let session: Session
let truth: ElastiCacheClient
const never = new AbortController().signal
const QUICK = { creatingMs: 0, modifyingMs: 0, deletingMs: 0, snapshottingMs: 0 }

beforeAll(async () => {
  aws = await startAws(QUICK)
  truth = new ElastiCacheClient(aws.client(aws.truthUrl))
})
beforeEach(async () => {
  await aws.reset()
  await aws.setTimes(QUICK)
  session = connect(elasticacheDriver(), aws)
})
afterAll(() => aws.stop())

type Properties = Record<string, Json>

const resource = (type: string, name: string, parameters: Properties): Want => ({
  id: `${type}-${name}`.toLowerCase(),
  name,
  generation: 1,
  recipe: { resource: { type } },
  parameters,
  existing: 'Refuse',
  origin: { door: 'test' },
  changed: [],
})

const PASSWORD = 'correct-horse-battery-staple'
const user = (name: string, userName: string, more: Properties = { Passwords: [PASSWORD] }) =>
  resource('User', name, { UserName: userName, Engine: 'redis', AccessString: 'on ~* +@all', ...more })
const neutral = () => user('redis-default', 'default', { AccessString: 'off ~* -@all', NoPasswordRequired: true })
const userGroup = (UserIds: string[]) => resource('UserGroup', 'redis', { Engine: 'redis', UserIds })
const replicationGroup = (more: Properties = {}) =>
  resource('ReplicationGroup', 'redis', {
    ReplicationGroupDescription: 'A redis service instance',
    CacheNodeType: 'cache.t4g.micro',
    TransitEncryptionEnabled: true,
    AtRestEncryptionEnabled: true,
    ReplicasPerNodeGroup: 0,
    ...more,
  })

async function until(want: Want, phase: Seen['phase']): Promise<Seen> {
  let last: Seen | undefined
  for (let round = 0; round < 200; round++) {
    last = await session.observe(want, never)
    if (last.phase === phase) return last
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`never ${phase}: ${JSON.stringify(last)}`)
}

async function made(want: Want): Promise<Want> {
  const { state } = await session.create({ ...want, intent: 'create' }, never)
  const kept = { ...want, ...(state !== undefined && { state }) }
  expect(await until(kept, 'ready')).toMatchObject({ drift: [] })
  return kept
}

/** As the hub does it: what must wait for something else is asked again. */
async function removed(want: Want): Promise<string[]> {
  const reasons: string[] = []
  const going = { ...want, intent: 'delete' as const }
  for (let round = 0; round < 200; round++) {
    if ((await session.observe(going, never)).phase === 'absent') return reasons
    await session.delete(going, never).catch((error: Error) => reasons.push(error.message))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`never gone: ${reasons.at(-1)}`)
}

async function changed(want: Want, parameters: Properties): Promise<Want> {
  let kept: Want = { ...want, parameters, intent: 'update', generation: 2, changed: ['parameters'] }
  for (let round = 0; round < 200; round++) {
    const seen = await session.observe(kept, never)
    if (seen.phase === 'ready' && seen.drift.length === 0) return kept
    const { state } = seen.phase === 'ready' ? ((await session.update?.(kept, never)) ?? {}) : {}
    if (state !== undefined) kept = { ...kept, state }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('never settled')
}

const groupThere = async () =>
  (await truth.send(new DescribeUserGroupsCommand({ UserGroupId: 'redis' }))).UserGroups?.[0]
const cacheThere = async () =>
  (await truth.send(new DescribeReplicationGroupsCommand({ ReplicationGroupId: 'redis' }))).ReplicationGroups?.[0]

describe('the parts of a cache', () => {
  test('are made as they are described, and tell what AWS tells', async () => {
    await made(neutral())
    await made(userGroup(['redis-default']))
    const cache = await made(replicationGroup({ UserGroupIds: ['redis'], Tags: [{ Key: 'team', Value: 'shop' }] }))
    const { outputs, outside } = await session.observe(cache, never)
    const there = await cacheThere()
    expect(outside).toEqual({ id: there?.ARN, state: 'available' })
    expect(outputs).toEqual(JSON.parse(JSON.stringify(there)))
    expect(await session.bind(cache, { id: 'c', parameters: {}, origin: { door: 'test' } }, never)).toMatchObject({
      phase: 'ready',
    })
  })

  test('may be asked for before what they need: AWS says what is missing, and later takes it', async () => {
    const group = userGroup(['redis-default'])
    await expect(session.create({ ...group, intent: 'create' }, never)).rejects.toMatchObject({
      code: 'blocked',
      message: expect.stringMatching(/UserNotFound/),
    })
    await made(neutral())
    await made(group)
  })

  test('may be removed in any order: each waits for those that need it, with the reason', async () => {
    const [first, group] = [await made(neutral()), await made(userGroup(['redis-default']))]
    const cache = await made(replicationGroup({ UserGroupIds: ['redis'] }))
    await aws.setTimes({ deletingMs: 300 })
    const [reasons] = await Promise.all([removed(first), removed(group), removed(cache)])
    expect(reasons).toContain(
      "DefaultUserAssociatedToUserGroup: User is associated to user group(s) as a default user and can't be deleted.",
    )
    const { Users = [] } = await truth.send(new DescribeUsersCommand({}))
    expect(Users.filter(({ UserId }) => UserId !== 'default')).toEqual([])
  })
})

describe('a request that stays wrong', () => {
  test('has the code and the words of AWS', async () => {
    await made(user('writer', 'writer'))
    await expect(session.create({ ...userGroup(['writer']), intent: 'create' }, never)).rejects.toMatchObject({
      code: 'invalid',
      message: 'DefaultUserRequired: User group needs to contain a user with the user name default.',
    })
  })

  test.each([
    ['User', { UserName: 'x', Engine: 'redis' }, 'parameters.AccessString'],
    ['User', { UserName: 'x', Engine: 'redis', AccessString: 'on', Passwords: 'secret' }, 'parameters.Passwords'],
    ['UserGroup', { Engine: 'redis', Userz: [] }, 'parameters.Userz'],
    ['ReplicationGroup', { ReplicationGroupDescription: 'x', Port: 'http' }, 'parameters.Port'],
    ['CacheSubnetGroup', { CacheSubnetGroupDescription: 'x' }, 'parameters.SubnetIds'],
  ] as const)('%s %j is refused at its field, before AWS is asked', async (type, parameters, path) => {
    await expect(session.create(resource(type, 'x', parameters), never)).rejects.toMatchObject({
      code: 'invalid',
      path,
    })
    expect(aws.calls.count({})).toBe(0)
  })
})

describe('a change', () => {
  test('of members is made by what is added and removed', async () => {
    for (const each of [neutral(), user('reader', 'reader'), user('writer', 'writer')]) await made(each)
    const group = await made(userGroup(['redis-default', 'reader']))
    await changed(group, { Engine: 'redis', UserIds: ['redis-default', 'Writer'] })
    expect((await groupThere())?.UserIds?.toSorted()).toEqual(['redis-default', 'writer'])
  })

  test('of passwords is made though AWS never tells them: two while one is rotated, then one', async () => {
    const want = await made(user('writer', 'writer'))
    const fields = want.parameters as Properties
    const next = `${PASSWORD}-2`
    const both = await changed(want, { ...fields, Passwords: [PASSWORD, next] })
    expect((await aws.secrets()).passwords['writer']).toEqual([PASSWORD, next])
    const one = await changed(both, { ...fields, Passwords: [next] })
    expect((await aws.secrets()).passwords['writer']).toEqual([next])
    expect(JSON.stringify(one.state)).not.toContain(PASSWORD)
  })

  test('of a replication group is made in the steps that AWS wants', async () => {
    const want = await made(replicationGroup())
    const fields = want.parameters as Properties
    await changed(want, {
      ...fields,
      ReplicationGroupDescription: 'another',
      CacheNodeType: 'cache.t4g.small',
      ReplicasPerNodeGroup: 2,
    })
    const cache = await cacheThere()
    expect(cache).toMatchObject({ Description: 'another', CacheNodeType: 'cache.t4g.small' })
    expect(cache?.MemberClusters).toHaveLength(3)
  })

  test('of shards adds and removes some', async () => {
    const inShards = { CacheParameterGroupName: 'default.redis7.cluster.on', AutomaticFailoverEnabled: true }
    const want = await made(replicationGroup({ ...inShards, NumNodeGroups: 2, ReplicasPerNodeGroup: 1 }))
    const fields = want.parameters as Properties
    await changed(want, { ...fields, NumNodeGroups: 3 })
    expect((await cacheThere())?.NodeGroups).toHaveLength(3)
    await changed(want, { ...fields, NumNodeGroups: 1 })
    const cache = await cacheThere()
    expect(cache?.NodeGroups).toHaveLength(1)
    expect(cache?.MemberClusters).toHaveLength(2)
  })

  test.each(['IncreaseReplicaCount', 'DecreaseReplicaCount'])(
    'that AWS made at once is made, though it refuses %s when the SDK asks again',
    async (action) => {
      const [before, after] = action === 'IncreaseReplicaCount' ? [0, 2] : [2, 0]
      const want = await made(replicationGroup({ ReplicasPerNodeGroup: before }))
      aws.faults.reset({ action }, { times: 1, at: 'answer' })
      await changed(want, { ...(want.parameters as Properties), ReplicasPerNodeGroup: after })
      expect((await cacheThere())?.MemberClusters).toHaveLength(after + 1)
    },
  )

  test('of a subnet group reaches AWS, the description and the subnets at once', async () => {
    const want = await made(
      resource('CacheSubnetGroup', 'subnets', { CacheSubnetGroupDescription: 'one', SubnetIds: ['subnet-1'] }),
    )
    aws.calls.clear()
    await changed(want, { CacheSubnetGroupDescription: 'two', SubnetIds: ['subnet-1', 'subnet-2'] })
    const query = new DescribeCacheSubnetGroupsCommand({ CacheSubnetGroupName: 'subnets' })
    const { CacheSubnetGroups: [group] = [] } = await truth.send(query)
    expect(group?.CacheSubnetGroupDescription).toBe('two')
    expect(group?.Subnets?.map(({ SubnetIdentifier }) => SubnetIdentifier).toSorted()).toEqual(['subnet-1', 'subnet-2'])
    expect(aws.calls.count({ action: 'ModifyCacheSubnetGroup' })).toBe(1)
    await removed(want)
  })

  test('of what stays as it was made is refused by the property', async () => {
    const want = await made(replicationGroup({ Port: 6379 }))
    const later = { ...want, parameters: { ...(want.parameters as Properties), Port: 6380 } }
    expect((await session.plan?.(later, never))?.errors).toMatchObject([{ path: 'parameters.Port', reason: 'fixed' }])
    await expect(session.update?.(later, never)).rejects.toMatchObject({ code: 'invalid', path: 'parameters.Port' })
  })
})

test('a parameter group has its parameters, also when only the first of its two requests came through', async () => {
  const reset = aws.faults.reset({ action: 'ModifyCacheParameterGroup' })
  const want = resource('CacheParameterGroup', 'tuned', {
    CacheParameterGroupFamily: 'redis7',
    Description: 'tuned',
    ParameterNameValues: [{ ParameterName: 'maxmemory-policy', ParameterValue: 'allkeys-lru' }],
  })
  await expect(session.create({ ...want, intent: 'create' }, never)).rejects.toMatchObject({ code: 'unavailable' })
  reset.lift()
  session = connect(elasticacheDriver(), aws)
  const { state = '' } = await session.create({ ...want, intent: 'create' }, never)
  const kept = { ...want, state }
  await changed(kept, want.parameters as Properties)
  const { Parameters = [] } = await truth.send(
    new DescribeCacheParametersCommand({ CacheParameterGroupName: 'tuned', Source: 'user' }),
  )
  expect(Parameters).toMatchObject([{ ParameterName: 'maxmemory-policy', ParameterValue: 'allkeys-lru' }])
  await removed(kept)
})

test('a snapshot is taken of a replication group, and a copy of the snapshot', async () => {
  await made(replicationGroup())
  const from = { recipe: { resource: { type: 'Snapshot', sources: ['replicationgroup-redis', 'snapshot-nightly'] } } }
  const snapshot = await made({ ...resource('Snapshot', 'nightly', { ReplicationGroupId: 'redis' }), ...from })
  const copy = await made({ ...resource('Snapshot', 'kept', { SourceSnapshotName: 'nightly' }), ...from })
  await removed(snapshot)
  await removed(copy)
})

test('one that cannot be made says why', async () => {
  await aws.fail({ operation: 'CreateReplicationGroup', reason: 'Insufficient capacity' })
  const want = replicationGroup()
  const { state = '' } = await session.create({ ...want, intent: 'create' }, never)
  expect(await until({ ...want, state }, 'failed')).toMatchObject({
    reason: 'CreateFailed',
    message: expect.stringContaining('Insufficient capacity'),
    retry: 'no',
  })
  const bound = await session.bind({ ...want, state }, { id: 'c', parameters: {}, origin: { door: 'test' } }, never)
  expect(bound).toMatchObject({ phase: 'failed', message: expect.stringContaining('Insufficient capacity') })
})

test('what AWS quotes of a password is not handed on', async () => {
  const message = `Invalid password ${PASSWORD}: it must not contain the word horse`
  aws.faults.refuse({ action: 'CreateUser' }, { status: 400, code: 'InvalidParameterValue', message })
  const error: unknown = await session.create(user('writer', 'writer'), never).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    code: 'invalid',
    message: 'InvalidParameterValue: Invalid password [hidden]: it must not contain the word horse',
  })
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(PASSWORD)
})

const usersThere = async () => {
  const { Users = [] } = await truth.send(new DescribeUsersCommand({}))
  return Users.filter(({ UserId }) => UserId === 'far').map(({ AccessString }) => AccessString)
}

describe('one that somebody removes, and another instance makes by the same name', () => {
  const theirs = { ...user('far', 'app'), id: 'theirs' }

  test('is not changed and not removed by the first, which never saw it gone', async () => {
    const mine = await made(user('far', 'app'))
    await truth.send(new DeleteUserCommand({ UserId: 'far' }))
    await made(theirs)
    const before = await usersThere()
    const parameters = { ...(mine.parameters as Properties), AccessString: 'on ~mine* +@read' }
    const edited: Want = { ...mine, parameters, intent: 'update', changed: ['parameters'] }
    expect(await session.observe(edited, never)).toMatchObject({ phase: 'conflict' })
    await expect(session.update?.(edited, never)).rejects.toMatchObject({ code: 'blocked' })
    await session.delete({ ...mine, intent: 'delete' }, never)
    expect(await session.observe({ ...mine, intent: 'delete' }, never)).toMatchObject({ phase: 'conflict' })
    expect(before).toHaveLength(1)
    expect(await usersThere()).toEqual(before)
  })

  test('is not told of as its own by the first, which saw it gone, also after a restart', async () => {
    let mine = await made(user('far', 'app'))
    await truth.send(new DeleteUserCommand({ UserId: 'far' }))
    const { state } = await until(mine, 'absent')
    mine = { ...mine, ...(state !== undefined && { state }) }
    await made(theirs)
    expect(await session.observe(mine, never)).toMatchObject({ phase: 'conflict' })
    session = connect(elasticacheDriver(), aws)
    expect(await session.observe(mine, never)).toMatchObject({ phase: 'conflict' })
  })
})

const madeOf = (want: Want) => session.create({ ...want, intent: 'create' }, never)

describe('the data of another instance', () => {
  const refused = { code: 'invalid', message: expect.stringContaining('is that of another instance') as string }

  beforeEach(async () => {
    await made(replicationGroup())
    const sources = ['replicationgroup-redis']
    const nightly = resource('Snapshot', 'nightly', { ReplicationGroupId: 'redis' })
    await made({ ...nightly, recipe: { resource: { type: 'Snapshot', sources } } })
  })

  test.each<Properties>([
    { ReplicationGroupId: 'redis' },
    { ReplicationGroupId: 'Redis' },
    { CacheClusterId: 'redis-001' },
    { SourceSnapshotName: 'nightly' },
  ])('is in no snapshot: %j', async (properties) => {
    await expect(madeOf(resource('Snapshot', 'mine', properties))).rejects.toMatchObject(refused)
    const { Snapshots = [] } = await truth.send(new DescribeSnapshotsCommand({}))
    expect(Snapshots.map(({ SnapshotName }) => SnapshotName)).toEqual(['nightly'])
  })

  test('is in no cache', async () => {
    const mine = { ...replicationGroup({ SnapshotName: 'nightly' }), id: 'mine', name: 'mine' }
    await expect(madeOf(mine)).rejects.toMatchObject(refused)
  })

  test.each(['', 'no name', 'nightly,others'])('is not looked for by what is no name: %j', async (name) => {
    aws.calls.clear()
    await expect(madeOf(resource('Snapshot', 'mine', { SourceSnapshotName: name }))).rejects.toMatchObject({
      code: 'invalid',
      path: 'parameters.SourceSnapshotName',
    })
    expect(
      aws.calls.all({ action: 'DescribeSnapshots', where: (call) => call.parameter('SnapshotName') === name }),
    ).toEqual([])
  })

  test('that AWS has put into a snapshot by itself, without a tag, is in no other one', async () => {
    const command = new CreateSnapshotCommand({ SnapshotName: 'automatic', ReplicationGroupId: 'redis' })
    await truth.send(command)
    const mine = resource('Snapshot', 'mine', { SourceSnapshotName: 'automatic' })
    await expect(madeOf(mine)).rejects.toMatchObject(refused)
  })
})
